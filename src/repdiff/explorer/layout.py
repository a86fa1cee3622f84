"""Kept embeddings -> UMAP of both sides; a program of its own, so that it can be stopped and keeps nobody waiting.

``python -m repdiff.explorer.layout FOLDER`` reads ``x.npy``, ``y.npy`` and ``settings.json`` there, tells on standard
output how far it is, and writes ``maps.npy``, (2, m, 2). It ends when its standard input is closed, and so with whoever
started it.

x's layout starts from its first two principal components, so that groups lie roughly as on the map that it replaces,
and y's from x's; it is then turned, mirrored and scaled onto that (Procrustes). Nothing pulls the two together while
they are made, as in ``AlignedUMAP``: what differs between the maps differs between the models.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.core.geometry import nearest_first, rotation_onto, squared_distances, squared_norms, unit_rows
from repdiff.core.parallel import row_tiles
from repdiff.core.starter import end_with_starter

Matrix = npt.NDArray[np.floating[Any]]
_AT_A_TIME = 512  # rows whose distances from all others are looked at together


def nearest(values: Matrix, metric: str, count: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """The nearest items of each with itself first, and their distances, (m, count) both; exact.

    Parameters
    ----------
    values : ndarray, (m, d)
        Embeddings.
    metric : {"euclidean", "cosine"}
        Of the distances.
    count : int
        At most m.
    """
    given = unit_rows(values) if metric == "cosine" else values - values.mean(axis=0, dtype=np.float64)
    norms, everything = squared_norms(given), np.arange(len(given))
    found = np.empty((len(given), count), np.int32)
    distances = np.empty((len(given), count), np.float32)
    for rows in row_tiles(len(given), _AT_A_TIME):
        squared = squared_distances(given[rows], given, norms[rows], norms)
        squared[np.arange(len(squared)), everything[rows]] = 0
        order = nearest_first(squared, everything[rows])[:, :count]
        near = np.take_along_axis(squared, order, axis=1)
        found[rows] = order
        distances[rows] = near / 2 if metric == "cosine" else np.sqrt(near)
    return found, distances


def turned_onto(target: Matrix, given: Matrix) -> npt.NDArray[np.float32]:
    """The given points, (m, 2), moved, turned, mirrored and scaled so that they come nearest to the target."""
    middle = target.mean(axis=0)
    moved = given - given.mean(axis=0)
    rotation, scale = rotation_onto(target - middle, moved)
    return np.asarray(scale * moved @ rotation + middle, np.float32)


class _Told:
    """What tqdm writes to: ``done total``, passed on as a line with the name of the step."""

    def __init__(self, step: str) -> None:
        self._step = step

    def write(self, text: str) -> None:
        parts = text.split()
        if len(parts) == 2:
            tell(self._step, int(parts[0]) / max(1, int(parts[1])))

    def flush(self) -> None:
        """Nothing is held back."""


def tell(step: str, share: float) -> None:
    """One line of progress."""
    print(json.dumps({"step": step, "share": round(share, 3)}), flush=True)


def layout(values: Matrix, metric: str, settings: dict[str, Any], step: str, start: Any) -> Matrix:
    """UMAP of one side, (m, 2)."""
    import umap

    count = min(int(settings["n_neighbors"]), len(values) - 1)
    tell(step, 0)
    index, distances = nearest(values, metric, count)
    model = umap.UMAP(
        n_neighbors=count, min_dist=float(settings["min_dist"]), random_state=int(settings["seed"]), metric=metric,
        init=start, precomputed_knn=(index, distances, None), force_approximation_algorithm=True,
        tqdm_kwds={"file": _Told(step), "disable": False, "bar_format": "{n} {total}", "mininterval": 0.2},
    )  # fmt: skip
    return np.asarray(model.fit_transform(np.asarray(values, np.float32)))


def main(folder: Path) -> None:
    """Both maps."""
    settings = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
    x, y = (np.load(folder / f"{side}.npy", allow_pickle=False) for side in "xy")
    tell("start", 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a seed leaves one thread, and that new items cannot be placed
        of_x = layout(x, settings["metric_x"], settings, "x", "pca")
        of_y = layout(y, settings["metric_y"], settings, "y", of_x)
    np.save(folder / "maps.npy", np.stack([of_x, turned_onto(of_x, of_y)]).astype(np.float32))


if __name__ == "__main__":
    end_with_starter(lambda: os._exit(1))
    main(Path(sys.argv[1]))
