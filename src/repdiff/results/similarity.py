"""What comes out: one score, and the table of all."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from repdiff.core.ranges import Count

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Score:
    """How alike two representations are, as one number.

    Attributes
    ----------
    name : str
        As in code, such as ``"debiased_cka"``.
    title : str
        For a person, such as "linear CKA, debiased".
    value : float
        The score; never NaN.
    low, high : float
        The range it can take.
    same : float
        What identical representations have; those that have nothing in common are near ``chance``.
    chance : float
        What the same representations would have if items of x were paired with items of y at random: in closed form
        where there is one, else of one random pairing.
    n_items : int
        Items that were looked at: all, or the size of the random sample.
    meaning : str
        One sentence on what it measures.
    source : str
        Where it comes from.
    """

    name: str
    title: str
    value: float
    low: float
    high: float
    same: float
    chance: float
    n_items: Count
    meaning: str
    source: str


@dataclass(frozen=True)
class SimilarityTable:
    """Scores of one pair of representations.

    Attributes
    ----------
    names : (str, str)
        How to call x and y.
    n_items : int
        Items that both have.
    scores : tuple of Score
        In the order they were asked for.
    warnings : tuple of str
        What a reader must know, such as too few items for what was asked.
    """

    names: tuple[str, str]
    n_items: Count
    scores: tuple[Score, ...]
    warnings: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Score:
        """The score of that name."""
        for score in self.scores:
            if score.name == name:
                return score
        raise KeyError(name)

    def to_frame(self) -> pd.DataFrame:
        """One row per score, with the columns of :class:`Score`."""
        import pandas as pd

        return pd.DataFrame([asdict(score) for score in self.scores])
