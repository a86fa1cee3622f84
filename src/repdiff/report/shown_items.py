"""Which items the page carries, and which of them it draws: all, or a stated sample where they are many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from repdiff.report.subject import Subject

MOST_DRAWN = 20_000  # points that a browser still hovers over without a pause
MOST_LISTED = 100_000  # items whose ids and labels, some 30 bytes each, leave the file a few megabytes
MOST_IN_FRAMES = 400_000  # items times frames: each takes 13 bytes of labels and coordinates


@dataclass(frozen=True)
class ShownItems:
    """Items on the page.

    Attributes
    ----------
    rows : ndarray of int64, (m,)
        Rows of the items that the page lists with ids and labels, ascending. Everything on the page refers to an item
        by its place in here.
    drawn : ndarray of int64, (d,)
        Places in ``rows`` of the items that the maps draw, ascending.
    n : int
        Items of the run.
    seed : int
        Of the sample, where there is one.
    """

    rows: npt.NDArray[np.int64]
    drawn: npt.NDArray[np.int64]
    n: int
    seed: int

    @property
    def holds_all(self) -> bool:
        """Whether every item is on the page."""
        return len(self.rows) == self.n

    @property
    def draws_all(self) -> bool:
        """Whether every item is on the maps."""
        return len(self.drawn) == self.n

    def places(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Places of some rows, all of which must be on the page."""
        return np.searchsorted(self.rows, rows)


def choose_shown_items(subject: Subject, *, most_drawn: int = MOST_DRAWN, most_listed: int = MOST_LISTED) -> ShownItems:
    """The items of a page: representatives always, those with a picture next, then a seeded sample.

    Parameters
    ----------
    subject : Subject
        What to report on.
    most_drawn, most_listed : int
        About how many items the maps draw and the page carries; representatives may exceed it, and many frames lower
        both.
    """
    n = len(subject.first.items.frame)
    seed = subject.first.provenance.random_state or 0
    most = n if len(subject.frames) == 1 else MOST_IN_FRAMES // len(subject.frames)
    drawn = _sample(subject, min(most_drawn, most, n), seed)
    rows = np.arange(n) if n <= min(most_listed, most) else drawn
    return ShownItems(rows, np.searchsorted(rows, drawn), n, seed)


def _sample(subject: Subject, count: int, seed: int) -> npt.NDArray[np.int64]:
    n = len(subject.first.items.frame)
    if count >= n:
        return np.arange(n)
    representatives = [cluster.representatives for direction in subject.directions for cluster in direction.clusters]
    # A random order, in which items with a picture come forward, and representatives to the very front.
    urgency = np.random.default_rng(seed).random(n)
    urgency[subject.thumbnails.rows] -= 1
    shown = np.unique(np.concatenate(representatives))
    urgency[shown] -= 2
    return np.sort(np.argsort(urgency, kind="stable")[: max(count, len(shown))])
