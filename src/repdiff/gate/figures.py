"""The figures that rules speak of: what each is called, what it means, and where in a comparison it comes from.

In a gate x is the old model and y the new one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from repdiff.results.clusters import Direction
from repdiff.results.comparison import Comparison
from repdiff.results.directions import DirectionName
from repdiff.results.findings import FINDING_CODES, Correctness, PairedAccuracy
from repdiff.results.replicates import Replicates

Kind = Literal["share", "number", "count", "code"]
Known = tuple[float | tuple[str, ...], str]  # a figure, and a few words on it

FEWEST_OF_A_LABEL = 20  # items; of fewer, one item more or less is 5 % or more

_NO_EVIDENCE = "the run has no evidence; compare again without --no-evidence"
_NO_LABELS = "the run has no labels that are names; compare again with --label COLUMN"
_NO_PREDICTIONS = "the run has no predictions of both models; compare again with --label, --pred-x and --pred-y"
_NO_REPLICATES = "the run has no other seeds; compare again with --replicate-x and --replicate-y, two of each at least"
_NO_NUMBERS = "the run has no labels that are numbers; compare again with --label COLUMN"


@dataclass(frozen=True)
class Unknown:
    """Why a run does not tell a figure, and what to do."""

    why: str


Read = Callable[[Comparison, str | None], Known | Unknown]  # of a comparison, and of one label or None


@dataclass(frozen=True)
class Figure:
    """A figure that a rule may name.

    Attributes
    ----------
    name : str
        As rules spell it.
    kind : {"share", "number", "count", "code"}
        What it is compared with: per cent, a number, a whole number, or a word.
    meaning : str
        What it says, in a sentence.
    source : str
        Where it stands in a :class:`repdiff.Comparison`.
    read : callable
        Comparison, and the label that the rule names or None -> the figure with words on it, or why it is unknown.
    takes_label : bool
        Whether a rule may name one label.
    """

    name: str
    kind: Kind
    meaning: str
    source: str
    read: Read
    takes_label: bool = False


def _groups_with(name: DirectionName, attribute: str, value: str) -> Read:
    """Share of items in the groups of a direction of which the evidence says that."""

    def read(comparison: Comparison, label: str | None) -> Known | Unknown:
        if not _has_findings(comparison):
            return Unknown(_NO_EVIDENCE)
        return _share_in_groups(comparison, {name: value}, attribute)

    return read


def _has_findings(comparison: Comparison) -> bool:
    return comparison.evidence is not None and comparison.evidence.neighbours is not None


def _share_in_groups(comparison: Comparison, wanted: Mapping[DirectionName, str], attribute: str) -> Known:
    """Share of items in groups of either direction whose evidence has that value; an item in both counts once."""
    rows: set[int] = set()
    n_groups = 0
    for name, value in wanted.items():
        direction: Direction = getattr(comparison, name)
        for cluster in direction.difference_clusters:
            if cluster.evidence is not None and getattr(cluster.evidence, attribute) == value:
                rows.update(cluster.items.tolist())
                n_groups += 1
    n = len(comparison.items.frame)
    return len(rows) / n, f"{len(rows):,} of {n:,} items, in {n_groups} {'group' if n_groups == 1 else 'groups'}"


def _value_groups(wanted: Mapping[DirectionName, str]) -> Read:
    def read(comparison: Comparison, label: str | None) -> Known | Unknown:
        if not _has_findings(comparison):
            return Unknown(_NO_EVIDENCE)
        if comparison.evidence is None or comparison.evidence.correctness is None:
            return Unknown(_NO_LABELS)
        return _share_in_groups(comparison, wanted, "value")

    return read


def _neighbours(part: str) -> Read:
    def read(comparison: Comparison, label: str | None) -> Known | Unknown:
        if comparison.evidence is None or comparison.evidence.neighbours is None:
            return Unknown(_NO_EVIDENCE)
        found = comparison.evidence.neighbours
        words = f"{found.k * found.all.shared:.1f} of {found.k} neighbours shared; {found.all.n:,} items asked"
        return getattr(found.all, part), words

    return read


def _correctness(comparison: Comparison, source: str) -> Correctness | Unknown:
    if not _has_findings(comparison) or comparison.evidence is None:
        return Unknown(_NO_EVIDENCE)
    found: Correctness | None = getattr(comparison.evidence, source)
    if found is None:
        return Unknown(_NO_LABELS if source == "correctness" else _NO_PREDICTIONS)
    return found


def _accuracy(source: str, *, drop: bool) -> Read:
    """How much less often y is right than x on all items; or how often y is."""

    def read(comparison: Comparison, label: str | None) -> Known | Unknown:
        found = _correctness(comparison, source)
        if isinstance(found, Unknown):
            return found
        return (found.overall.x - found.overall.y if drop else found.overall.y), _both(found.overall)

    return read


def _label_drop(source: str) -> Read:
    """The same for the label that falls most, or for one."""

    def read(comparison: Comparison, label: str | None) -> Known | Unknown:
        found = _correctness(comparison, source)
        if isinstance(found, Unknown):
            return found
        if label is not None:
            if label not in found.by_label:
                some = ", ".join(map(repr, list(found.by_label)[:5]))
                return Unknown(f"the run has no label {label!r}; it has {some}{' ...' * (len(found.by_label) > 5)}")
            return _drop(found.by_label[label]), f"{label!r}: {_both(found.by_label[label])}"
        many = {name: one for name, one in found.by_label.items() if one.n >= FEWEST_OF_A_LABEL}
        if not many:
            return Unknown(
                f"no label has {FEWEST_OF_A_LABEL} items or more; name one: label 'NAME' accuracy drop > 5 %"
            )
        worst = max(many, key=lambda name: _drop(many[name]))
        return _drop(many[worst]), f"{worst!r}: {_both(many[worst])}"

    return read


def _drop(one: PairedAccuracy) -> float:
    return one.x - one.y


def _both(one: PairedAccuracy) -> str:
    """``99.4 -> 84.1 % of 1,797 items; 280 only the old one gets right, 6 only the new one (p < 0.001)``."""
    p = "p < 0.001" if one.p_value < 0.001 else f"p = {one.p_value:.2g}"
    return (
        f"{one.x * 100:.1f} -> {one.y * 100:.1f} % of {one.n:,} items; {one.only_x:,} only the old one gets right, "
        f"{one.only_y:,} only the new one ({p})"
    )


def _r2_drop(comparison: Comparison, label: str | None) -> Known | Unknown:
    if not _has_findings(comparison) or comparison.evidence is None:
        return Unknown(_NO_EVIDENCE)
    found = comparison.evidence.regression
    if found is None:
        return Unknown(_NO_NUMBERS)
    return found.r2_x - found.r2_y, f"R2 {found.r2_x:.3f} -> {found.r2_y:.3f} of {found.n:,} items"


def _significant(comparison: Comparison, label: str | None) -> Known | Unknown:
    if not _has_findings(comparison) or comparison.evidence is None:
        return Unknown(_NO_EVIDENCE)
    return float(comparison.evidence.n_significant), f"of {comparison.evidence.n_tested} groups"


def _in_replicates(comparison: Comparison) -> Replicates | Unknown:
    """What other seeds say, where that is tested."""
    if not _has_findings(comparison) or comparison.evidence is None:
        return Unknown(_NO_EVIDENCE)
    found = comparison.evidence.replicates
    return Unknown(_NO_REPLICATES) if found is None or not found.is_tested else found


def _found_again(comparison: Comparison, label: str | None) -> Known | Unknown:
    found = _in_replicates(comparison)
    return found if isinstance(found, Unknown) else (float(found.n_found), f"of {found.n_tested} groups")


def _lost_again(comparison: Comparison, label: str | None) -> Known | Unknown:
    """Share of items in groups of the old model that are lost, in other seeds as well."""
    found = _in_replicates(comparison)
    if isinstance(found, Unknown):
        return found
    rows, n = 0, len(comparison.items.frame)
    for cluster in comparison.x_only.difference_clusters:
        evidence = cluster.evidence
        if evidence is not None and evidence.fate == "lost" and evidence.found_in_replicates:
            rows += cluster.size
    return rows / n, f"{rows:,} of {n:,} items; {found.n_x} other seeds of the old model, {found.n_y} of the new one"


def _finding(names: tuple[DirectionName, ...]) -> Read:
    def read(comparison: Comparison, label: str | None) -> Known | Unknown:
        if not _has_findings(comparison) or comparison.evidence is None:
            return Unknown(_NO_EVIDENCE)
        found = comparison.evidence.findings
        return tuple(found[name].code for name in names), ", ".join(f"{name}: {found[name].code}" for name in names)

    return read


_CODES = ", ".join(FINDING_CODES)
_NEIGHBOURS = "`evidence.neighbours.all`"

FIGURES: Mapping[str, Figure] = {
    figure.name: figure
    for figure in (
        Figure("accuracy drop", "share",
               "How much less often the labels of an item's 10 nearest neighbours are right in the new model.",
               "`evidence.correctness.overall`", _accuracy("correctness", drop=True)),
        Figure("accuracy", "share",
               "How often the labels of an item's 10 nearest neighbours are right in the new model.",
               "`evidence.correctness.overall`", _accuracy("correctness", drop=False)),
        Figure("label accuracy drop", "share",
               f"The same fall for the label that falls most, of those with {FEWEST_OF_A_LABEL} items or more; "
               "`label 'NAME' accuracy drop` for one label.",
               "`evidence.correctness.by_label`", _label_drop("correctness"), takes_label=True),
        Figure("prediction accuracy drop", "share", "How much less often the new model predicts the label.",
               "`evidence.predictions.overall`", _accuracy("predictions", drop=True)),
        Figure("prediction accuracy", "share", "How often the new model predicts the label.",
               "`evidence.predictions.overall`", _accuracy("predictions", drop=False)),
        Figure("label prediction accuracy drop", "share",
               "The same for the label that falls most; `label 'NAME' prediction accuracy drop` for one.",
               "`evidence.predictions.by_label`", _label_drop("predictions"), takes_label=True),
        Figure("r2 drop", "number",
               "Where labels are numbers: how much less of their variance the nearest neighbours explain.",
               "`evidence.regression`", _r2_drop),
        Figure("lost", "share", "Items in groups of the old model of which the new one has kept next to nothing.",
               "`x_only.clusters`: `evidence.fate`", _groups_with("x_only", "fate", "lost")),
        Figure("loosened", "share", "Items in groups of the old model that are looser in the new one.",
               "`x_only.clusters`: `evidence.fate`", _groups_with("x_only", "fate", "loosened")),
        Figure("reordered", "share", "Items in groups that the new model keeps and puts in another order.",
               "`x_only.clusters`: `evidence.fate`", _groups_with("x_only", "fate", "reordered")),
        Figure("worse groups", "share",
               "Items in groups where the new model is less often right: rightly held together by the old one only, or "
               "wrongly by the new one only.",
               "`clusters`: `evidence.value`", _value_groups({"x_only": "gain", "y_only": "loss"})),
        Figure("better groups", "share", "Items in groups where the new model is more often right.",
               "`clusters`: `evidence.value`", _value_groups({"x_only": "loss", "y_only": "gain"})),
        Figure("neighbours shared", "share", "Of an item's 10 nearest neighbours, those that both models agree on.",
               _NEIGHBOURS, _neighbours("shared")),
        Figure("neighbours kept", "share", "Items whose neighbourhood is kept.", _NEIGHBOURS, _neighbours("kept")),
        Figure("neighbours reordered", "share", "Items whose neighbourhood is in another order.",
               _NEIGHBOURS, _neighbours("reordered")),
        Figure("neighbours lost", "share", "Items whose neighbourhood is lost.", _NEIGHBOURS, _neighbours("lost")),
        Figure("significant groups", "count", "Groups, of both directions, that are tighter than matched noise.",
               "`evidence.n_significant`", _significant),
        Figure("lost after training again", "share",
               "Items in groups of the old model that are lost, and are so in other seeds of both models as well.",
               "`x_only.clusters`: `evidence.found_in_replicates`", _lost_again),
        Figure("groups after training again", "count",
               "Groups, of both directions, that are there in other seeds of both models.",
               "`evidence.replicates`", _found_again),
        Figure("finding", "code", f"What either direction comes to: {_CODES}.", "`evidence.findings`",
               _finding(("x_only", "y_only"))),
        Figure("x_only finding", "code", "The same of what only the old model groups.", "`evidence.findings`",
               _finding(("x_only",))),
        Figure("y_only finding", "code", "The same of what only the new model groups.", "`evidence.findings`",
               _finding(("y_only",))),
    )
}  # fmt: skip
