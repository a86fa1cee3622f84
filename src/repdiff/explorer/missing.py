"""What a run does not keep, because an earlier version wrote it or it was asked to keep less."""

from __future__ import annotations

from repdiff.explorer.explored import Explored


def missing(explored: Explored) -> list[str]:
    """One sentence for each part that the explorer would show and this run does not have; none for a whole run."""
    comparison = explored.comparison
    parts = []
    if comparison.neighbors is None:
        parts.append(
            "neighbours: no strips of neighbours, no kept neighbours, and nothing on how far items that you draw round "
            "hang together"
        )
    if comparison.x_only.spectrum is None or comparison.y_only.spectrum is None:
        parts.append("eigenvectors: the number of groups cannot be tried")
    parameters = comparison.provenance.parameters
    cannot = "precomputed" in parameters["metric"] or "within" in parameters or "align" in parameters
    reference = comparison.reference
    if not cannot and (reference is None or reference.x is None):
        parts.append(
            "sample of the embeddings: settings are tried on the files that it was made from, and how near two groups "
            "are is told by neighbours only"
        )
    return [f"This run keeps no {part}." for part in parts]
