"""What a comparison comes to, in all its figures: against matched noise, the neighbours, and who is right."""

from __future__ import annotations

from repdiff.report.tables import Table
from repdiff.report.wording import formatting as words
from repdiff.report.wording.codes import code_in_words
from repdiff.report.wording.findings import holder_and_other
from repdiff.results.clusters import DIRECTIONS
from repdiff.results.comparison import Comparison
from repdiff.results.evidence import ComparisonEvidence
from repdiff.results.findings import Correctness, Finding, Neighbours, NeighbourShares, PairedAccuracy

_MOST_LABELS = 40


def finding_tables(comparison: Comparison) -> tuple[Table, ...]:
    """The figures behind the answer; none without evidence and for runs of version 0.1."""
    evidence = comparison.evidence
    if evidence is None or not evidence.findings or evidence.neighbours is None:
        return ()
    tables = [_noise(comparison, evidence), _neighbours(comparison, evidence.neighbours)]
    for title, found in (
        ("Who is right, by the labels of the 10 nearest neighbours", evidence.correctness),
        ("Who is right, by the models' predictions", evidence.predictions),
    ):
        if found is not None:
            tables.append(_right(comparison, found, title))
    if evidence.regression is not None:
        tables.append(_regression(comparison, evidence))
    return tuple(tables)


def _noise(comparison: Comparison, evidence: ComparisonEvidence) -> Table:
    figures = (
        "finding", "excess", "standard error", "of that, outside of groups", "over a linear map and noise",
        "over a map and isotropic noise", "small clusters, over noise within groups", "tighter than noise",
        "share of items", "R² turned and scaled", "R² of a linear map", "overlap", "overlap simulated",
        "items × rounds",
    )  # fmt: skip
    heads = ("figure", *(f"only in {holder_and_other(comparison, name)[0]}" for name in DIRECTIONS))
    found = (_finding_cells(evidence.findings[name]) for name in DIRECTIONS)
    return Table("Against noise of the same amount", heads, tuple(zip(figures, *found, strict=True)))


def _finding_cells(found: Finding) -> tuple[str, ...]:
    return (
        code_in_words(found),
        *map(_signed, (found.excess, found.standard_error, found.excess_rest)),
        *map(_signed, (found.excess_predicted, found.excess_isotropic, found.excess_small)),
        f"{found.n_significant} of {found.n_tested}",
        words.percent(found.share_significant),
        *map(_signed, (found.r2, found.r2_predicted)),
        words.percent(found.overlap),
        words.percent(found.overlap_simulated),
        f"{words.number(found.n_sampled)} × {found.n_rounds}",
    )


def _signed(value: float | None) -> str:
    return words.UNKNOWN if value is None else f"{value:.2f}".replace("-", "\N{MINUS SIGN}")


def _neighbours(comparison: Comparison, found: Neighbours) -> Table:
    x, y = comparison.names
    shares = (
        (f"{x} and {y}, among all items", found.all),
        ("the same in a sample of the items", found.sampled),
        (f"noise of the same amount in place of {x}", found.noise_x),
        (f"noise of the same amount in place of {y}", found.noise_y),
    )
    rows = [(name, *_share_cells(one)) for name, one in shares if one is not None]
    rows.append(("by chance, among all items", words.UNKNOWN, f"{found.chance:.3f}", *[words.UNKNOWN] * 4))
    heads = ("neighbours", "items asked", "shared", "standard error", "kept", "reordered", "lost")
    return Table(f"The {found.k} nearest neighbours", heads, tuple(rows))


def _share_cells(one: NeighbourShares) -> tuple[str, ...]:
    figures = (words.number(one.n), f"{one.shared:.3f}", f"{one.standard_error:.3f}")
    return (*figures, *map(words.percent, (one.kept, one.reordered, one.lost)))


def _right(comparison: Comparison, found: Correctness, title: str) -> Table:
    x, y = comparison.names
    heads = ("label", "items", f"{x} right", f"{y} right", f"only {x}", f"only {y}", "p", "false discovery rate")
    changed = sorted(found.by_label.items(), key=lambda pair: (-abs(pair[1].only_x - pair[1].only_y), pair[0]))
    rows = (("all", found.overall), *changed[:_MOST_LABELS])
    return Table(title, heads, tuple((label, *_right_cells(one)) for label, one in rows))


def _right_cells(one: PairedAccuracy) -> tuple[str, ...]:
    counts = (words.number(one.only_x), words.number(one.only_y))
    return (
        words.number(one.n),
        f"{one.x:.1%}",
        f"{one.y:.1%}",
        *counts,
        words.rate(one.p_value),
        words.rate(one.q_value),
    )


def _regression(comparison: Comparison, evidence: ComparisonEvidence) -> Table:
    x, y = comparison.names
    one = evidence.regression
    assert one is not None
    heads = ("by the mean of the 10 nearest neighbours", "items", f"R² in {x}", f"R² in {y}", f"nearer in {x}",
             f"nearer in {y}", "p")  # fmt: skip
    counts = (words.number(one.only_x), words.number(one.only_y))
    row = (comparison.items.label or "label", words.number(one.n), f"{one.r2_x:.3f}", f"{one.r2_y:.3f}", *counts)
    return Table("How well neighbours predict the number", heads, ((*row, words.rate(one.p_value)),))
