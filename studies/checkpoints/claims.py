"""The paper's claims about a network during training, each tested on a series."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import spearmanr

from repdiff import Comparison, Timeline, neighbor_ranks

UNSATURATED = 0.99  # accuracy of the checkpoint over all items
FEWEST_OUTSIDE = 20  # fewest items outside the no-change group for which their accuracy is meaningful


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
    """

    claim: str
    bar: str
    found: str
    holds: bool
    figure: str


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
    )


def no_change_is_more_accurate(timeline: Timeline, epochs: Sequence[int], *, side: str) -> ClaimResult:
    """(c): accuracy inside the no-change group against accuracy outside it, of the checkpoint or of the reference."""
    looked_at, failed = [], []
    for epoch, comparison in zip(epochs, timeline.comparisons, strict=True):
        inside = comparison.x_only.no_change
        if inside.any() and (~inside).sum() >= FEWEST_OUTSIDE and (comparison.accuracy_y or 1) < UNSATURATED:
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
    )


def differences_are_confusable(
    timeline: Timeline, epochs: Sequence[int], *, confusable: Collection[str]
) -> ClaimResult:
    """(d): how many items of difference clusters are of the confusable classes in the middle of training."""
    of_them = _labels(timeline).isin(list(confusable)).to_numpy()
    counts = {}
    for epoch, comparison in zip(epochs, timeline.comparisons, strict=True):
        changed = ~comparison.x_only.no_change
        # Before there is a no-change group every item is in a difference cluster, and the share is that of all items.
        if changed.any() and not changed.all():
            counts[epoch] = (int((of_them & changed).sum()), int(changed.sum()))
    middle = [count for epoch, count in counts.items() if epochs[-1] / 3 <= epoch <= 2 * epochs[-1] / 3]
    share = sum(hits for hits, _ in middle) / max(sum(size for _, size in middle), 1)
    each = ", ".join(f"{hits} of {size} at epoch {epoch}" for epoch, (hits, size) in counts.items())
    return ClaimResult(
        f"(d) Items in difference clusters are of the confusable classes ({', '.join(confusable)})",
        "at least 0.9 of them in the middle third of training",
        f"{share:.2f} (of all items {of_them.mean():.2f}); {each}",
        share >= 0.9,
        "Figure 2",
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
        }
        for finding in findings
    ]
    return pd.DataFrame(rows)


def as_markdown(table: pd.DataFrame) -> str:
    """The table in Markdown."""
    lines = [" | ".join(table.columns), " | ".join("---" for _ in table.columns)]
    lines += [" | ".join(str(value).replace("|", "\\|") for value in row) for row in table.itertuples(index=False)]
    return "".join(f"| {line} |\n" for line in lines)


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
