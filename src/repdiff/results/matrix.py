"""Every pair of several representations: how much each knows that each other does not."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from repdiff.core.errors import InputError
from repdiff.inputs import Items
from repdiff.results.clusters import Direction
from repdiff.results.comparison import Comparison

if TYPE_CHECKING:
    from repdiff.inputs.images import Thumbnails

_MEASURES = ("strength", "share", "clusters")


@dataclass(frozen=True, repr=False)
class ComparisonMatrix:
    """Every pair of K representations of the same items.

    Attributes
    ----------
    names : tuple of str, K of them
        What the representations are called.
    comparisons : tuple of Comparison, K (K - 1) / 2 of them
        In the order of ``itertools.combinations(range(K), 2)``; the first of a pair is x.
    description : str or None
        The user's words on what is compared.
    thumbnails : Thumbnails or None
        Small pictures of the items; None until they are made for a run or a report.
    """

    names: tuple[str, ...]
    comparisons: tuple[Comparison, ...]
    description: str | None = None
    thumbnails: Thumbnails | None = None

    def __repr__(self) -> str:
        named = ", ".join(self.names) if len(self.names) <= 6 else f"{', '.join(self.names[:5])}, ..."
        counted = f"{len(self.comparisons)} pairs, {len(self.items.frame):,} items"
        return f"<ComparisonMatrix of {len(self.names)} representations ({named}): {counted}>"

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        import repdiff

        return repdiff.notebook_html(self)

    @property
    def items(self) -> Items:
        """The table of the items."""
        return self.comparisons[0].items

    def comparison(self, one: str, other: str) -> Comparison:
        """The comparison of two, whichever of them is its x.

        Raises
        ------
        InputError
            For a name that is none of them, or the same twice.
        """
        for comparison in self.comparisons:
            if set(comparison.names) == {one, other}:
                return comparison
        raise InputError(f"there is no comparison of {one!r} and {other!r}; there are {', '.join(self.names)}")

    def direction(self, knows: str, lacks: str) -> Direction:
        """What one groups and another scatters."""
        comparison = self.comparison(knows, lacks)
        return comparison.x_only if comparison.names[0] == knows else comparison.y_only

    def to_frame(self) -> pd.DataFrame:
        """One row per ordered pair.

        Returns
        -------
        DataFrame
            ``knows`` groups what ``lacks`` scatters: ``strength``, the mean affinity of the clusters, weighted by
            their sizes (1: the two agree); ``share`` of items in difference clusters; ``clusters``, how many differ.
        """
        rows = []
        for comparison in self.comparisons:
            x, y = comparison.names
            for knows, lacks, direction in ((x, y, comparison.x_only), (y, x, comparison.y_only)):
                n = len(direction.labels)
                strength = sum(cluster.mean_affinity * cluster.size / n for cluster in direction.clusters)
                share = 1 - float(direction.no_change.mean())
                clusters = len(direction.difference_clusters)
                facts = {"strength": strength, "share": share, "clusters": clusters}
                rows.append({"knows": knows, "lacks": lacks, **facts})
        return pd.DataFrame(rows)

    def table(self, measure: str = "strength") -> pd.DataFrame:
        """One measure of :meth:`to_frame` as a K x K table: the row knows what the column lacks.

        Parameters
        ----------
        measure : {"strength", "share", "clusters"}
            Which; the diagonal is missing.

        Raises
        ------
        InputError
            For another measure.
        """
        if measure not in _MEASURES:
            raise InputError(f"measure must be one of {', '.join(_MEASURES)}, but is {measure!r}")
        wide = self.to_frame().pivot(index="knows", columns="lacks", values=measure)
        return wide.reindex(index=list(self.names), columns=list(self.names))

    def save(self, path: str | Path, *, overwrite: bool = False) -> Path:
        """Write a directory of runs, whole or not at all; :func:`repdiff.load_matrix` reads it.

        Raises
        ------
        RunError
            Where the path is taken, or cannot be written.
        """
        import repdiff

        return repdiff.save(self, path, overwrite=overwrite)

    def report(self, path: str | Path) -> Path:
        """Write one self-contained HTML file that works offline; it shows all pairs, and leads to no other page."""
        import repdiff

        return repdiff.write_report(self, path)
