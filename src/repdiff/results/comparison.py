"""What comes out of a comparison: both directions, the items, and how it came about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from repdiff.inputs import Items
from repdiff.results.annotations import Annotations
from repdiff.results.assignment import Assignment
from repdiff.results.choice import ChosenNumber
from repdiff.results.clusters import Direction, DirectionName
from repdiff.results.evidence import ComparisonEvidence
from repdiff.results.neighbors import NeighborLists
from repdiff.results.projection import Projection
from repdiff.results.provenance import Provenance
from repdiff.results.reference import Reference
from repdiff.results.similarity import SimilarityTable

if TYPE_CHECKING:
    from repdiff.inputs.images import Thumbnails
    from repdiff.results.spectrum import Recut


@dataclass(frozen=True, repr=False)
class Comparison:
    """What each of two representations groups and the other scatters.

    Attributes
    ----------
    names : (str, str)
        How to call x and y.
    items : Items
        The table of the items.
    x_only, y_only : Direction
        Close in x and far in y, and the reverse.
    projection : Projection
        Coordinates for display.
    accuracy_x, accuracy_y : float or None
        Share of all items that each model predicts rightly; None where unknown.
    provenance : Provenance
        How it came about.
    description : str or None
        The user's words on what is compared.
    thumbnails : Thumbnails or None
        Small pictures of the items; None until they are made for a run or a report.
    evidence : ComparisonEvidence or None
        How the evidence of the clusters was taken, and what it comes to; None where none was.
    similarity : SimilarityTable or None
        A few scores of how alike the two are as a whole; None where no evidence was taken.
    chosen : mapping of str to ChosenNumber
        Where ``n_clusters`` was "auto": for "x_only" and "y_only" the number of clusters, and why.
    annotations : Annotations
        What people say of it: names, tags, notes and decisions about clusters, and named selections of items.
    neighbors : NeighborLists or None
        The nearest neighbours of the items on both sides, with their places on the other.
    reference : Reference or None
        The items among which new ones are ranked by :meth:`assign`; None where that is not possible.
    """

    names: tuple[str, str]
    items: Items
    x_only: Direction
    y_only: Direction
    projection: Projection
    accuracy_x: float | None
    accuracy_y: float | None
    provenance: Provenance
    description: str | None = None
    thumbnails: Thumbnails | None = None
    evidence: ComparisonEvidence | None = None
    similarity: SimilarityTable | None = None
    chosen: Mapping[DirectionName, ChosenNumber] = field(default_factory=dict)
    annotations: Annotations = field(default_factory=Annotations)
    neighbors: NeighborLists | None = None
    reference: Reference | None = None

    def __repr__(self) -> str:
        x, y = self.names
        n_x, n_y = len(self.x_only.difference_clusters), len(self.y_only.difference_clusters)
        found = f"{n_x} groups only in {x}, {n_y} only in {y}"
        return f"<Comparison of {x} (x) and {y} (y): {len(self.items.frame):,} items, {found}>"

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        import repdiff

        return repdiff.notebook_html(self)

    @property
    def answer(self) -> str:
        """What it comes to in a few sentences: what happened, three figures, what to do; empty without evidence."""
        import repdiff

        told = repdiff.answer(self)
        return "" if told is None else told.text

    def to_frame(self) -> pd.DataFrame:
        """One row per item: id, labels and no-change flags of both directions, then the items' own columns."""
        own = self.items.frame
        results = pd.DataFrame(
            {
                "id": own["id"],
                "x_only": self.x_only.labels,
                "y_only": self.y_only.labels,
                "x_only_no_change": self.x_only.no_change,
                "y_only_no_change": self.y_only.no_change,
            }
        )
        return pd.concat([results, own.drop(columns="id")], axis=1)

    def recut(self, n_clusters: int, **options: int) -> Recut:
        """Both directions cut into another number of clusters, from the kept eigenvectors, in a moment.

        Labels are those of the spectral step on the same eigenvectors. Mean affinities are estimated, since the
        affinity itself is not kept; see :class:`Recut`.

        Parameters
        ----------
        n_clusters : int
            From 1 to the number of eigenvectors kept.
        restarts : int, optional
            Seedings of k-means, of which the best is kept; 10 by default, as in :func:`repdiff.compare`. 2 take a fifth
            of the time, for a cut that may be slightly worse.

        Raises
        ------
        RepdiffError
            Where no eigenvectors were kept, or fewer than that.
        """
        import repdiff

        return repdiff.recut(self, n_clusters, **options)

    def assign(self, x_new: Any, y_new: Any, **options: Any) -> Assignment:
        """Which clusters new items belong to, without comparing again; options as of :func:`repdiff.assign`."""
        import repdiff

        return repdiff.assign(self, x_new, y_new, **options)

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write a run directory, whole or not at all; :func:`repdiff.load` reads it.

        Raises
        ------
        RunError
            Where the path is taken, or cannot be written.
        """
        import repdiff

        return repdiff.save(self, path, overwrite=overwrite)

    def report(self, path: str | Path) -> Path:
        """Write one self-contained HTML file that works offline."""
        import repdiff

        return repdiff.write_report(self, path)


@dataclass(frozen=True)
class Warned:
    """A warning of several comparisons, and the names of those that it is about; none where it is about all."""

    text: str
    about: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        return f"{', '.join(map(' and '.join, self.about))}: {self.text}" if self.about else self.text


def warnings_of(comparisons: Sequence[Comparison]) -> tuple[Warned, ...]:
    """What a reader of several comparisons must know, every warning once."""
    about: dict[str, list[tuple[str, str]]] = {}
    for comparison in comparisons:
        for text in dict.fromkeys(comparison.provenance.warnings):
            about.setdefault(text, []).append(comparison.names)
    return tuple(Warned(text, () if len(names) == len(comparisons) else tuple(names)) for text, names in about.items())
