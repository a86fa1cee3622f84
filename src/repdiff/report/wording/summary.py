"""A comparison in a few lines of text."""

from __future__ import annotations

from repdiff.report.wording.answer import answer
from repdiff.report.wording.choice import why_so_many
from repdiff.report.wording.evidence import verdict
from repdiff.report.wording.findings import finding, holder_and_other
from repdiff.report.wording.formatting import plural
from repdiff.report.wording.groups import numbers
from repdiff.report.wording.replicates import replicate_lines
from repdiff.results.comparison import Comparison


def describe(comparison: Comparison) -> str:
    """What a comparison comes to, in words: the answer, what each groups, why so many clusters, whether to believe it.

    Parameters
    ----------
    comparison : Comparison
        What :func:`repdiff.compare` or :func:`repdiff.load` gives.

    Returns
    -------
    str
        Lines of text. A run is described in the words of the repdiff that reads it, whichever wrote it.
    """
    lines = answer_lines(comparison)
    lines += [finding(comparison, direction).text for direction in (comparison.x_only, comparison.y_only)]
    lines += alignment_lines(comparison) + chosen_lines(comparison) + verdict_lines(comparison)
    lines += replicate_lines(comparison)
    lines += annotation_lines(comparison)
    return "\n".join([*lines, *(f"note: {warning}" for warning in comparison.provenance.warnings)])


def answer_lines(comparison: Comparison) -> list[str]:
    """The answer; nothing where no evidence was taken."""
    told = answer(comparison)
    return [] if told is None else [told.text]


def alignment_lines(comparison: Comparison) -> list[str]:
    """How y was turned towards x and what that changed; nothing where it was not."""
    facts = comparison.provenance.parameters.get("alignment")
    if facts is None:
        return []
    fits = f"{facts['fit']:.3f} on the {facts['n_fit']:,} items it was fitted on"
    held_out = f"{facts['held_out']:.3f} on the {facts['n_held_out']:,} others"
    lines = [f"{comparison.names[1]} was aligned ({facts['method']}): {facts['measure']} {fits}, {held_out}"]
    for direction, effect in facts.get("effect", {}).items():
        before, after = effect["clusters_without"], effect["clusters_with"]
        lines.append(
            f"{direction}: difference clusters {before} without alignment and {after} with it; "
            f"adjusted Rand index {effect['adjusted_rand']:.2f}"
        )
    return lines


def chosen_lines(comparison: Comparison) -> list[str]:
    """For each direction whose number of clusters was chosen, a line with the number and why."""
    return [
        f"what {holder_and_other(comparison, name)[0]} groups, in {plural(number.n, 'cluster')}: {why_so_many(number)}"
        for name, number in comparison.chosen.items()
    ]


def verdict_lines(comparison: Comparison) -> list[str]:
    """What the evidence comes to; nothing where none was taken."""
    told = verdict(comparison)
    return [] if told is None else [told.plain]


def annotation_lines(comparison: Comparison) -> list[str]:
    """What people say of each cluster, in the order of the clusters' numbers; nothing where they have said nothing."""
    lines = []
    for direction in (comparison.x_only, comparison.y_only):
        holder = holder_and_other(comparison, direction.name)[0]
        for index, number in numbers(direction).items():
            note = comparison.annotations.of(direction.name, index)
            parts = [note.name, f"taken for {note.decision}" if note.decision else "", *note.tags]
            parts += ["set aside"] if note.set_aside else []
            said = "; ".join(filter(None, [*parts, " ".join(note.note.split())]))
            if said:
                lines.append(f"group {number} of {holder}: {said}")
    return lines
