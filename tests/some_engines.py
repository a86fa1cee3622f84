"""The engines that the laws are tested on, and how near each says it is."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec

from half_engine import HalfEngine

from repdiff.affinity.engine import Engine
from repdiff.affinity.exact import Exact
from repdiff.affinity.torch import Torch


@dataclass(frozen=True)
class Stated:
    """An engine and its stated errors.

    Attributes
    ----------
    log_error : float
        Largest error of log A for the pairs that it looks at: rounding, or twice half a step of the storage (of the
        directed values, and of their mean).
    share : float
        The least share of pairs with that error.
    typical : float
        Median error of log A of the others.
    sums : float
        Largest relative error of products and degrees, by their length.
    """

    id: str
    engine: Engine
    log_error: float
    share: float = 1.0
    typical: float = 0.0
    sums: float = 1e-4

    @property
    def estimates(self) -> bool:
        """Whether it does not look at all pairs."""
        return self.share < 1


STATED = [
    Stated("exact at 32 bits", Exact(bits=32), 1e-5),
    Stated("exact at 16 bits", Exact(bits=16), 2**-12, sums=2**-12),
    Stated("exact at 8 bits", Exact(bits=8), 2**-4, sums=2**-4),
    *([Stated("torch", Torch(device="cpu"), 1e-5)] if find_spec("torch") else []),
    Stated("half", HalfEngine(), 1e-5, share=0.48, typical=0.02, sums=0.25),
]
