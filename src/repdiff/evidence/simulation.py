"""A representation as it would be if it were the other one and noise, with as many neighbours in common as there are.

With P the prediction of x from y and R what it leaves, item i of the simulated x is

    x'_i = P_i + s |R_i| u_i

u_i is a random direction: isotropic, or of the covariance of R ("shaped"). Each item keeps the length of its own
residual, so that a region that is noisier than others stays so. s, one number for all items, is set such that x' shares
as many nearest neighbours with y as x does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from repdiff.affinity.few import ranks_of_few
from repdiff.core.once import once
from repdiff.core.parallel import end_if_stopped
from repdiff.evidence.prediction import Prediction

Ranks = npt.NDArray[np.int32]

NEIGHBOURHOODS = (5, 10, 20, 50)
_MOST_TRIALS = 12
_FIRST_STEP, _GROWTH, _FARTHEST = 0.4, 1.7, 6.0  # in log s
_TOLERANCE, _LEAST_TOLERANCE = 0.01, 0.003  # of the overlap that is to be reached, and at least


class SharedNeighbours:
    """Counts how many nearest neighbours other ranks share with those given.

    Parameters
    ----------
    ranks : ndarray of int32, (m, m)
        Of the side that stays as it is.
    """

    def __init__(self, ranks: Ranks) -> None:
        self._m = len(ranks)
        self._sizes = [k for k in NEIGHBOURHOODS if k < self._m] or [self._m - 1]
        self._places = np.flatnonzero((ranks.ravel() <= max(self._sizes) + 1) & (ranks.ravel() > 1))
        self._ranks = ranks.ravel()[self._places]

    def overlap(self, ranks: Ranks) -> float:
        """Mean share over items and sizes of neighbourhood, in [0, 1]."""
        larger = np.maximum(ranks.ravel()[self._places], self._ranks)
        return float(np.mean([(larger <= k + 1).sum() / (k * self._m) for k in self._sizes]))


@dataclass(frozen=True)
class Noise:
    """Simulated noise of one kind, but for its amount.

    Attributes
    ----------
    prediction : Prediction
        Of the side that is simulated, from the other.
    shaped : bool
        Whether its directions follow the covariance of the residuals.
    """

    prediction: Prediction
    shaped: bool

    def directions(self, rng: np.random.Generator) -> npt.NDArray[np.float32]:
        """Noise as long as each item's residual, (m, p)."""
        noise = rng.standard_normal(self.prediction.values.shape, dtype=np.float32)
        if self.shaped:
            noise = noise @ self._root
        lengths = np.linalg.norm(noise, axis=1)
        return np.asarray(noise * (self._lengths / np.maximum(lengths, np.finfo(np.float32).tiny))[:, None])

    def ranks(self, amount: float, directions: npt.NDArray[np.float32]) -> Ranks:
        """Neighbour ranks, (m, m), of the simulated side."""
        return ranks_of_few(self._values + np.float32(amount) * directions)

    @once
    def _values(self) -> npt.NDArray[np.float32]:
        return np.asarray(self.prediction.values, dtype=np.float32)

    @once
    def _lengths(self) -> npt.NDArray[np.float32]:
        return np.asarray(np.linalg.norm(self.prediction.residuals, axis=1), dtype=np.float32)

    @once
    def _root(self) -> npt.NDArray[np.float32]:
        residuals = self.prediction.residuals
        squares, vectors = np.linalg.eigh(residuals.T @ residuals)
        return np.asarray(np.sqrt(np.maximum(squares, 0))[:, None] * vectors.T, dtype=np.float32)


def matching_amount(noise: Noise, shared: SharedNeighbours, target: float, rng: np.random.Generator) -> float:
    """The amount of noise that leaves as many shared neighbours as there are: the root of a falling function of log s.

    The same directions are taken for each trial, so that it is one function. Where even hardly any noise leaves fewer
    neighbours, or any amount leaves more, it is the amount that comes nearest.
    """
    directions = noise.directions(rng)
    tolerance = max(_TOLERANCE * target, _LEAST_TOLERANCE)
    tried: list[tuple[float, float]] = []

    def gap(log_amount: float) -> float:
        end_if_stopped()
        found = shared.overlap(noise.ranks(float(np.exp(log_amount)), directions)) - target
        tried.append((log_amount, found))
        return found

    low, gap_low = 0.0, gap(0.0)  # low and high are the ends of the latest step, not ordered
    step = _FIRST_STEP if gap_low > 0 else -_FIRST_STEP
    high, gap_high = low, gap_low
    while gap_low * gap_high > 0 and abs(gap_high) > tolerance and len(tried) < _MOST_TRIALS and abs(high) < _FARTHEST:
        low, gap_low = high, gap_high
        high += step
        gap_high = gap(high)
        step *= _GROWTH
    while gap_low * gap_high < 0 and min(abs(gap_low), abs(gap_high)) > tolerance and len(tried) < _MOST_TRIALS:
        middle = low + (high - low) * float(np.clip(gap_low / (gap_low - gap_high), 0.1, 0.9))
        gap_middle = gap(middle)
        if gap_low * gap_middle <= 0:
            high, gap_high = middle, gap_middle
        else:
            low, gap_low = middle, gap_middle
    return float(np.exp(min(tried, key=lambda trial: abs(trial[1]))[0]))
