"""A top-k sparse autoencoder, small and in NumPy.

An item a is encoded as z = TopK(W_enc (a - b) + c), where all but the k largest entries are zero and none is negative,
and decoded as W_dec z + b (Gao et al., section 2). Encoder and decoder start as transposes of each other, and the
decoder's columns are kept at length one. Adapted to few items: dozens of latents, four of them active; and an unused
latent restarts at an item, where the paper uses an auxiliary loss.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from repdiff.core.geometry import unit_rows
from repdiff.evaluation.groups import Group, groups_of_activations
from repdiff.evaluation.methods.base import FloatArray


@dataclass(frozen=True)
class SparseAutoencoder:
    """The latents of a top-k sparse autoencoder of x with the most activation.

    An item whose strongest latent is another one is in no group.
    """

    latents_per_group: int = 4
    active: int = 4
    n_steps: int = 600
    batch: int = 256
    rate: float = 3e-3
    name: str = "sae"
    title: str = "top-k sparse autoencoder"
    source: str = "Gao et al., Scaling and evaluating sparse autoencoders, 2024"

    def groups(self, x: FloatArray, y: FloatArray, n_groups: int, size: int, random_state: int) -> list[Group]:
        """The latents of x with the largest sum of squared activations."""
        centred = x - x.mean(axis=0)
        scaled = centred / (np.sqrt(np.mean(centred**2)) or 1.0)
        latents = _train(scaled, self, n_groups * self.latents_per_group, np.random.default_rng(random_state))
        most = np.argsort(-(latents**2).sum(axis=0), kind="stable")[:n_groups]
        return groups_of_activations(latents, size, chosen=most)


@dataclass
class _Parameter:
    """A weight, and the moments that Adam keeps of its gradient (Kingma & Ba 2015)."""

    value: FloatArray
    mean: FloatArray = field(init=False)
    square: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        self.mean, self.square = np.zeros_like(self.value), np.zeros_like(self.value)

    def step(self, gradient: FloatArray, rate: float, time: int) -> None:
        """One step of Adam."""
        self.mean = 0.9 * self.mean + 0.1 * gradient
        self.square = 0.999 * self.square + 0.001 * gradient**2
        mean, square = self.mean / (1 - 0.9**time), self.square / (1 - 0.999**time)
        self.value = self.value - rate * mean / (np.sqrt(square) + 1e-8)


def _train(x: FloatArray, how: SparseAutoencoder, n_latents: int, rng: np.random.Generator) -> FloatArray:
    """Activations of all items, (n, n_latents), after training."""
    start = unit_rows(rng.standard_normal((n_latents, x.shape[1])))
    encoder, decoder = _Parameter(start), _Parameter(start.copy())
    bias, offset = _Parameter(np.zeros(n_latents)), _Parameter(np.zeros(x.shape[1]))
    unused = np.zeros(n_latents, dtype=int)
    for time in range(1, how.n_steps + 1):
        batch = x[rng.integers(0, len(x), min(how.batch, len(x)))]
        inner = batch - offset.value
        z = _top(inner @ encoder.value.T + bias.value, how.active)
        error = z @ decoder.value + offset.value - batch
        slope = 2 * error / error.size
        back = np.where(z > 0, slope @ decoder.value.T, 0)
        decoder.step(z.T @ slope, how.rate, time)
        offset.step(slope.sum(axis=0) - (back @ encoder.value).sum(axis=0), how.rate, time)
        encoder.step(back.T @ inner, how.rate, time)
        bias.step(back.sum(axis=0), how.rate, time)
        decoder.value = unit_rows(decoder.value)
        unused = np.where((z > 0).any(axis=0), 0, unused + 1)
        _begin_anew(encoder, decoder, unused, inner, rng)
    return _top((x - offset.value) @ encoder.value.T + bias.value, how.active)


_PATIENCE = 50  # steps without use after which a latent is dead


def _begin_anew(
    encoder: _Parameter, decoder: _Parameter, unused: npt.NDArray[np.int_], inner: FloatArray, rng: np.random.Generator
) -> None:
    dead = np.flatnonzero(unused > _PATIENCE)
    if len(dead):
        fresh = unit_rows(inner[rng.integers(0, len(inner), len(dead))])
        encoder.value[dead], decoder.value[dead], unused[dead] = fresh, fresh, 0


def _top(before: FloatArray, k: int) -> FloatArray:
    """The k largest entries of each row that are positive, zero elsewhere."""
    k = min(k, before.shape[1])
    limit = np.partition(before, -k, axis=1)[:, -k, None]
    return np.asarray(np.where((before >= limit) & (before > 0), before, 0))
