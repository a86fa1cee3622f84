"""The paper's claims about a network during training, each tested on a series."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import spearmanr

from repdiff import Comparison, Timeline, neighbor_ranks

UNSATURATED = 0.97  # accuracy of the checkpoint over all items
FEWEST_OUTSIDE = 20  # fewest items outside the no-change group for which their accuracy is meaningful
PAPERS_ACCURACY = (0.71, 0.96)  # at the checkpoint of which the paper makes its claim (d), C5 of 50


@dataclass(frozen=True)
class ClaimResult:
    """A claim, and the result.

    Attributes
    ----------
    claim : str
        The claim.
    bar : str
        The condition under which it holds.
    found : str
        The figures.
    holds : bool
        Whether they meet the bar.
    figure : str
        The figure that shows it.
    value : float or None
        The figure that is compared with the bar; None where there is no checkpoint to take it from.
    """

    claim: str
    bar: str
    found: str
    holds: bool
    figure: str
    value: float | None = None


def examine(
    timeline: Timeline,
    epochs: Sequence[int],
    features: Sequence[npt.NDArray[np.float32]],
    *,
    confusable: Collection[str],
) -> list[ClaimResult]:
    """Test every claim.

    Parameters
    ----------
    timeline : Timeline
        Checkpoints against the last; the last of them is the reference itself.
    epochs : sequence of int, T of them
        Epoch of each checkpoint, ascending.
    features : sequence of ndarray (n, d), T of them
        The compared features.
    confusable : collection of str
        Labels that are easily confused; without any, that claim is left out.
    """
    findings = [
        lowest_becomes_no_change(timeline, epochs),
        no_change_grows(timeline, epochs),
        *(no_change_is_more_accurate(timeline, epochs, side=side) for side in ("checkpoint", "reference")),
        pairs_are_closer_in_the_reference(timeline, epochs, features),
        reference_equals_itself(timeline),
    ]
    if confusable:
        findings.insert(4, differences_are_confusable(timeline, epochs, confusable=confusable))
    return findings


def judged_at(timeline: Timeline) -> list[int]:
    """Checkpoints at which (c) and (d) say something: some items are no change, and the accuracy is not saturated."""
    return [
        place
        for place, comparison in enumerate(timeline.comparisons)
        if 0 < comparison.x_only.no_change.mean() < 1 and (comparison.accuracy_y or 0.0) < UNSATURATED
    ]


def most_like_c5(timeline: Timeline) -> int | None:
    """The checkpoint most like the paper's C5: the first with a no-change group and an accuracy of 0.71 to 0.96.

    Where none has such an accuracy, the one of :func:`judged_at` that comes nearest; None where there is none.
    """
    low, high = PAPERS_ACCURACY

    def distance(place: int) -> float:
        accuracy = timeline.comparisons[place].accuracy_y or 0.0
        return max(low - accuracy, accuracy - high, 0.0)

    return min(judged_at(timeline), key=lambda place: (distance(place), place), default=None)


def lowest_becomes_no_change(timeline: Timeline, epochs: Sequence[int]) -> ClaimResult:
    """(a): the epoch from which the lowest cluster stays below the threshold."""
    below = np.array([comparison.x_only.clusters[0].is_no_change for comparison in timeline.comparisons])
    first = len(below) - int(np.argmax(~below[::-1])) if (~below).any() else 0
    quarter = epochs[-1] / 4
    if first == len(below):
        found = "at no checkpoint"
    else:
        mean = timeline.comparisons[first].x_only.clusters[0].mean_affinity
        found = f"from epoch {epochs[first]} on (mean affinity {mean:.2f} there)"
    return ClaimResult(
        "(a) The mean affinity of the lowest cluster falls below the no-change threshold, and stays there",
        f"from a checkpoint in the first quarter of training on (epoch {quarter:g} at the latest)",
        found,
        first < len(below) and epochs[first] <= quarter,
        "Figure 1, left",
        float(epochs[first]) if first < len(below) else None,
    )


def no_change_grows(timeline: Timeline, epochs: Sequence[int]) -> ClaimResult:
    """(b): how steadily the number of items of no change rises."""
    sizes = [int(comparison.x_only.no_change.sum()) for comparison in timeline.comparisons]
    lowest = [comparison.x_only.clusters[0].size for comparison in timeline.comparisons]
    rho, rho_lowest = (float(spearmanr(epochs, counts).statistic) for counts in (sizes, lowest))
    return ClaimResult(
        "(b) The no-change group grows with training",
        "Spearman correlation of its size with the checkpoint at least 0.9",
        f"{rho:.2f} for all items of no change; {rho_lowest:.2f} for the lowest cluster alone",
        rho >= 0.9,
        "Figure 1, middle",
        rho,
    )


def no_change_is_more_accurate(timeline: Timeline, epochs: Sequence[int], *, side: str) -> ClaimResult:
    """(c): accuracy inside the no-change group against accuracy outside it, of the checkpoint or of the reference."""
    looked_at, failed = [], []
    for place in judged_at(timeline):
        epoch, comparison = epochs[place], timeline.comparisons[place]
        inside = comparison.x_only.no_change
        if (~inside).sum() >= FEWEST_OUTSIDE:
            right = _right(comparison, side)
            within, without = float(np.nanmean(right[inside])), float(np.nanmean(right[~inside]))
            looked_at.append(within - without)
            if within <= without:
                failed.append(f"epoch {epoch} ({within:.3f} inside, {without:.3f} outside, {(~inside).sum()} items)")
    found = f"at {len(looked_at) - len(failed)} of {len(looked_at)}"
    if looked_at:
        found += f"; inside minus outside {np.mean(looked_at):+.3f} on average"
    if failed:
        found += f"; not at {', '.join(failed)}"
    return ClaimResult(
        f"(c) The {side} is more accurate in the no-change group than outside it",
        f"at every checkpoint with such a group, at least {FEWEST_OUTSIDE} items outside it, and an accuracy below "
        f"{UNSATURATED}",
        found,
        bool(looked_at) and not failed,
        "Figure 1, right; Figure 2",
        1 - len(failed) / len(looked_at) if looked_at else None,
    )


def differences_are_confusable(
    timeline: Timeline, epochs: Sequence[int], *, confusable: Collection[str]
) -> ClaimResult:
    """(d): how many items of difference clusters are of the confusable classes, at the checkpoint most like C5."""
    of_them = _labels(timeline).isin(list(confusable)).to_numpy()
    shares, sizes = {}, {}
    for place in judged_at(timeline):
        changed = ~timeline.comparisons[place].x_only.no_change
        shares[place], sizes[place] = float(of_them[changed].mean()), int(changed.sum())
    chosen = most_like_c5(timeline)
    if chosen is None:
        found, value = "no checkpoint has a no-change group before its accuracy is saturated", None
    else:
        value, accuracy = shares[chosen], timeline.comparisons[chosen].accuracy_y or 0.0
        each = ", ".join(f"{shares[place]:.2f} of {sizes[place]} at epoch {epochs[place]}" for place in shares)
        found = f"{value:.2f} at epoch {epochs[chosen]} (accuracy {accuracy:.2f}); "
        found += f"of all items {of_them.mean():.2f}; {each}"
    return ClaimResult(
        f"(d) Items in difference clusters are of the confusable classes ({', '.join(confusable)})",
        "at least 0.9 of them at the checkpoint most like the paper's C5: the first with a no-change group and an "
        f"accuracy of {PAPERS_ACCURACY[0]} to {PAPERS_ACCURACY[1]}",
        found,
        value is not None and value >= 0.9,
        "Figure 2",
        value,
    )


def pairs_are_closer_in_the_reference(
    timeline: Timeline, epochs: Sequence[int], features: Sequence[npt.NDArray[np.float32]]
) -> ClaimResult:
    """(e): the share of ordered pairs inside difference clusters whose rank is lower in the reference."""
    ranks_x = neighbor_ranks(features[-1])
    inside, in_collages = Counter[bool](), Counter[bool]()
    shares = {}
    for epoch, comparison, values in zip(epochs, timeline.comparisons, features, strict=True):
        ranks_y = neighbor_ranks(values)
        differences = comparison.x_only.difference_clusters
        here = _closer(ranks_x, ranks_y, [cluster.items for cluster in differences])
        inside.update(here)
        in_collages.update(_closer(ranks_x, ranks_y, [cluster.representatives for cluster in differences]))
        if here:
            shares[epoch] = here[True] / here.total()
    share, of_collages = (counts[True] / max(counts.total(), 1) for counts in (inside, in_collages))
    ends = sorted(shares.items(), key=lambda entry: entry[1])[:: max(len(shares) - 1, 1)]
    return ClaimResult(
        "(e) Within difference clusters items are closer in the reference than in the checkpoint",
        "at least 0.9 of pairs by neighbour rank",
        f"{share:.2f} of all pairs ({', '.join(f'{value:.2f} at epoch {epoch}' for epoch, value in ends)}); "
        f"{of_collages:.2f} of pairs in collages",
        share >= 0.9,
        "Figure 2, maps",
        share,
    )


def reference_equals_itself(timeline: Timeline) -> ClaimResult:
    """The reference against itself: nothing differs."""
    last = timeline.comparisons[-1]
    means = {cluster.mean_affinity for direction in (last.x_only, last.y_only) for cluster in direction.clusters}
    count = len(last.x_only.difference_clusters) + len(last.y_only.difference_clusters)
    return ClaimResult(
        "The reference against itself: nothing differs",
        "every affinity 1, no cluster but no change",
        f"mean affinities {{{', '.join(f'{mean:g}' for mean in sorted(means))}}}, {count} difference clusters",
        means == {1.0} and count == 0 and bool((last.x_only.affinity_map.means == 1).all()),
        "Figure 1, last point",
        max(means),
    )


def as_table(findings: Iterable[ClaimResult]) -> pd.DataFrame:
    """One row per claim."""
    rows = [
        {
            "claim": finding.claim,
            "bar": finding.bar,
            "found": finding.found,
            "holds": "yes" if finding.holds else "no",
            "seen in": finding.figure,
            "value": finding.value,
        }
        for finding in findings
    ]
    return pd.DataFrame(rows)


def as_markdown(table: pd.DataFrame) -> str:
    """The table in Markdown."""
    lines = [" | ".join(table.columns), " | ".join("---" for _ in table.columns)]
    lines += [" | ".join(str(value).replace("|", "\\|") for value in row) for row in table.itertuples(index=False)]
    return "".join(f"| {line} |\n" for line in lines)


def over_seeds(tables: Mapping[int, pd.DataFrame]) -> pd.DataFrame:
    """One row per claim: in how many seeds it holds, and the spread of its figure.

    Parameters
    ----------
    tables : mapping of int to DataFrame
        For each seed, what :func:`as_table` gives.
    """
    first = next(iter(tables.values()))
    rows = []
    for place, row in first.iterrows():
        found = [table.loc[place] for table in tables.values()]
        values = pd.to_numeric(pd.Series([one["value"] for one in found]), errors="coerce")
        rows.append(
            {
                "claim": row["claim"],
                "bar": row["bar"],
                "holds": f"in {sum(one['holds'] == 'yes' for one in found)} of {len(found)} seeds",
                "figure": _spread(values.dropna()),
                "by seed": ", ".join("-" if pd.isna(value) else f"{value:.3g}" for value in values),
            }
        )
    return pd.DataFrame(rows)


def _spread(values: pd.Series) -> str:
    """Mean, and the smallest and the largest: ``0.96 (0.94 to 0.98)``."""
    if values.empty:
        return "-"
    return f"{values.mean():.3g} ({values.min():.3g} to {values.max():.3g})"


def _right(comparison: Comparison, side: str) -> npt.NDArray[np.float64]:
    """1 where a prediction is right, 0 where it is wrong."""
    items = comparison.items
    said = items.prediction_y if side == "checkpoint" else items.prediction_x
    return (items.frame[said].astype(str) == items.frame[items.label].astype(str)).to_numpy(np.float64)


def _labels(timeline: Timeline) -> pd.Series:
    return timeline.items.frame[timeline.items.label].astype(str)


def _closer(
    ranks_x: npt.NDArray[np.int32], ranks_y: npt.NDArray[np.int32], groups: Iterable[npt.NDArray[np.int64]]
) -> Counter[bool]:
    """How many ordered pairs of different members of a group are closer in x, and how many are not."""
    counts = Counter[bool]()
    for members in groups:
        block = np.ix_(members, members)
        closer = int((ranks_x[block] < ranks_y[block]).sum())
        counts.update({True: closer, False: len(members) * (len(members) - 1) - closer})
    return +counts
