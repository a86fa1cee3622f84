"""Embeddings for the benchmarks: synthetic ones with the structure of real ones, and a folder of real ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Pair = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]

KINDS = 60
SPECTRAL_DECAY = 0.6  # singular values of network embeddings fall off about like k ** -0.6
SHARED = 0.5  # share of the items that have the same kind on both sides
_ROWS_AT_A_TIME = 65_536


def synthetic_pair(n: int, d_x: int, d_y: int, *, seed: int = 0) -> Pair:
    """Two representations of n items that share a part of their structure, (n, d_x) and (n, d_y).

    Each is a mixture of Gaussians of unlike sizes and widths with a heavy-tailed spectrum. Half of the items are of the
    same kind on both sides; the kinds of the others, and half of what lies within a kind, belong to one side alone.
    """
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.full(KINDS, 2.0))
    kind_x = rng.choice(KINDS, n, p=shares)
    kind_y = np.where(rng.random(n) < SHARED, kind_x, rng.choice(KINDS, n, p=shares))
    within = rng.standard_normal((n, min(d_x, d_y)), dtype=np.float32)
    return _side(rng, kind_x, within, d_x), _side(rng, kind_y, within, d_y)


def _side(
    rng: np.random.Generator, kind: npt.NDArray[np.int64], within: npt.NDArray[np.float32], d: int
) -> npt.NDArray[np.float32]:
    spectrum = (np.arange(1, d + 1) ** -SPECTRAL_DECAY).astype(np.float32)
    centres = rng.standard_normal((KINDS, d), dtype=np.float32)
    widths = rng.uniform(0.5, 1.5, KINDS).astype(np.float32)
    values = rng.standard_normal((len(kind), d), dtype=np.float32)
    values[:, : within.shape[1]] += within
    values *= widths[kind][:, None]
    values += centres[kind]
    values *= spectrum
    mixing, _ = np.linalg.qr(rng.standard_normal((d, d)))
    return np.asarray(values @ mixing.astype(np.float32))


def write_synthetic_pair(folder: Path, n: int, d: int, *, seed: int = 0) -> None:
    """Write two representations like those of :func:`synthetic_pair` as x.npy and y.npy, some rows at a time."""
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.full(KINDS, 2.0))
    kind_x = rng.choice(KINDS, n, p=shares)
    kind_y = np.where(rng.random(n) < SHARED, kind_x, rng.choice(KINDS, n, p=shares))
    sides = [(kinds, _Mixture.drawn(rng, d)) for kinds in (kind_x, kind_y)]
    files = [np.lib.format.open_memmap(folder / f"{name}.npy", "w+", np.float32, (n, d)) for name in "xy"]
    for start in range(0, n, _ROWS_AT_A_TIME):
        rows = slice(start, min(n, start + _ROWS_AT_A_TIME))
        within = rng.standard_normal((rows.stop - start, d), dtype=np.float32)
        for (kinds, mixture), file in zip(sides, files, strict=True):
            file[rows] = mixture.values(rng, kinds[rows], within)
    for file in files:
        file.flush()


@dataclass(frozen=True)
class _Mixture:
    """Kinds of items in one representation: centres and widths, and what turns its axes."""

    centres: npt.NDArray[np.float32]
    widths: npt.NDArray[np.float32]
    mixing: npt.NDArray[np.float32]

    @classmethod
    def drawn(cls, rng: np.random.Generator, d: int) -> _Mixture:
        centres = rng.standard_normal((KINDS, d), dtype=np.float32)
        widths = rng.uniform(0.5, 1.5, KINDS).astype(np.float32)
        mixing, _ = np.linalg.qr(rng.standard_normal((d, d)))
        return cls(centres, widths, mixing.astype(np.float32))

    def values(
        self, rng: np.random.Generator, kind: npt.NDArray[np.int64], within: npt.NDArray[np.float32]
    ) -> npt.NDArray[np.float32]:
        d = self.centres.shape[1]
        own = rng.standard_normal((len(kind), d), dtype=np.float32) + within
        spectrum = (np.arange(1, d + 1) ** -SPECTRAL_DECAY).astype(np.float32)
        return np.asarray(((own * self.widths[kind][:, None] + self.centres[kind]) * spectrum) @ self.mixing)


def folder_pair(folder: Path) -> Pair:
    """The first two .npy files of a folder, in the order of their names, as float32."""
    paths = sorted(folder.glob("*.npy"))
    if len(paths) < 2:
        raise SystemExit(f"{folder} holds {len(paths)} .npy files; two embeddings of the same items are needed")
    x, y = (np.load(path, allow_pickle=False).astype(np.float32) for path in paths[:2])
    return x, y
