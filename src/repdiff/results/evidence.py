"""What the evidence says, in codes and figures: of each cluster, and of the whole comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from repdiff.core.ranges import AffinityValue, Count, NotNegative, Share
from repdiff.results.directions import DirectionName
from repdiff.results.findings import ClusterFinding, Correctness, Finding, Neighbours, Regression
from repdiff.results.replicates import ClusterReplicates, Replicates

FDR = 0.05
DISSOLVED = 0.5  # Hennig 2007: a cluster of lower Jaccard agreement has dissolved

Untested = Literal["sample_too_small", "clusterer_failed"]
Reason = Literal[
    "no_more_than_noise", "too_few_items", "few_unseen", "few_sampled", "dissolves", "depends_on_settings",
    "sample_too_small", "clusterer_failed", "does_not_stand_out", "not_in_other_seeds",
]  # fmt: skip
Where = Literal["nothing_to_test", "untested", "in_no_group", "everywhere", "in_groups"]


@dataclass(frozen=True)
class Enrichment:
    """A value that a cluster has more of than a group of its size picked at random.

    Attributes
    ----------
    column : str
        Column of the items.
    value : str
        The value; "high" or "low" for a column of numbers.
    count : int
        Members with that value; members whose number is known, for a column of numbers.
    share : float
        Of the members whose value is known, in [0, 1]. For a column of numbers: the chance that a member's number is
        higher (or lower) than that of another item, ties counting half.
    expected : float
        The same for all items; 0.5 for a column of numbers.
    lift : float
        ``share / expected``.
    p_value : float
        Exact: hypergeometric, one-sided; for a column of numbers the two-sided rank-sum test.
    q_value : float
        False discovery rate over all tests of the comparison (Benjamini & Hochberg).
    of_numbers : bool
        Whether the column is one of numbers.
    """

    column: str
    value: str
    count: Count
    share: Share
    expected: Share
    lift: NotNegative
    p_value: Share
    q_value: Share
    of_numbers: bool = False


@dataclass(frozen=True)
class Outcome:
    """How often each model is right on a cluster, and whether they differ.

    Attributes
    ----------
    interval_x, interval_y : (float, float), or None
        95 % confidence interval of the share of members that each model predicts rightly (Wilson); None where no
        outcome is known.
    n_known : int
        Members of which it is known for both models.
    only_x_right, only_y_right : int
        Of these, members that one model alone predicts rightly.
    p_value : float or None
        Two-sided, exact: that both are right equally often on the same items (McNemar).
    q_value : float or None
        False discovery rate over all clusters of the comparison.
    disagreements : tuple of int
        Rows of the members for which the models predict different labels.
    """

    interval_x: tuple[Share, Share] | None
    interval_y: tuple[Share, Share] | None
    n_known: Count
    only_x_right: Count
    only_y_right: Count
    p_value: Share | None
    q_value: Share | None
    disagreements: tuple[Count, ...]


@dataclass(frozen=True)
class Variation:
    """One setting that differs from those of the comparison.

    Attributes
    ----------
    parameter : {"gamma", "beta", "n_clusters"}
        Which.
    value : float
        Its other value.
    jaccard : float
        Agreement of the cluster with the cluster most like it under that setting, in [0, 1].
    """

    parameter: str
    value: float
    jaccard: Share


@dataclass(frozen=True)
class ClusterEvidence(ClusterFinding):
    """What a cluster consists of, what became of it on the other side, and whether to believe it.

    Attributes
    ----------
    standard_error to neighbours_right
        As of :class:`ClusterFinding`: against matched noise, cohesion, fate and value.
    enriched : tuple of Enrichment
        Labels and metadata values that it has more of than chance, the surest first.
    words : tuple of str
        Words that its texts have more than those of the other clusters, the most telling first; empty without texts.
    outcome : Outcome or None
        How the models fare on it; None without predictions.
    unseen_affinity : float or None
        Mean affinity among items that were kept from the clustering and fell into the cluster, self-pairs left out.
        None, as all that follows, for a no-change cluster and where there are too few items to say; here and in
        ``stability``, too few in half of the samples or more.
    null_affinity : float or None
        The same for neighbourhoods of as many unseen items, picked at random: the median.
    p_value : float or None
        Chance that such a neighbourhood has so high an affinity (:mod:`repdiff.evidence.significance`). It tells
        whether the cluster differs more than other places of the same pair, not whether it is more than noise.
    q_value : float or None
        False discovery rate over the difference clusters of both directions (Benjamini & Hochberg).
    stability : float or None
        Mean Jaccard agreement with the cluster that it is matched with among a sample of the items, in [0, 1] (Hennig
        2007); below 0.5 it dissolves.
    robustness : float or None
        Mean Jaccard agreement with the cluster most like it under other settings, in [0, 1].
    variations : tuple of Variation
        The agreement under each of those settings.
    holds : bool or None
        Whether it is real (tighter than matched noise, or one side is right more often on it, by labels; where that
        was tested, there in other seeds) and found again (stable and robust). None where nothing is claimed (no
        change) or can be said.
    reasons : tuple of str
        Why it does not hold, in codes whose figures are above; empty where it does.

        - "no_more_than_noise": ``excess`` is not significant, and ``value`` is neither gain nor loss;
        - "not_in_other_seeds": it was looked for in replicates, and is not there;
        - "too_few_items": there are too few items to compare with noise;
        - "few_unseen": too few unseen items fall into it to say;
        - "few_sampled": too few of its items are in a sample to see whether it is found again;
        - "dissolves": ``stability`` is below :data:`DISSOLVED`;
        - "depends_on_settings": ``robustness`` is;
        - "sample_too_small", "clusterer_failed": nothing was tested, see :class:`ComparisonEvidence`;
        - "does_not_stand_out": in runs of version 0.1, which compared with no noise: ``unseen_affinity`` is not
          significantly above ``null_affinity``.
    replicates : ClusterReplicates or None
        Whether it is there in other seeds of both models; None without replicates, and for a no-change cluster.
    """

    enriched: tuple[Enrichment, ...] = ()
    words: tuple[str, ...] = ()
    outcome: Outcome | None = None
    unseen_affinity: AffinityValue | None = None
    null_affinity: AffinityValue | None = None
    p_value: Share | None = None
    q_value: Share | None = None
    stability: Share | None = None
    robustness: Share | None = None
    variations: tuple[Variation, ...] = ()
    holds: bool | None = None
    reasons: tuple[Reason, ...] = ()
    replicates: ClusterReplicates | None = None

    @property
    def found_in_replicates(self) -> bool | None:
        """Whether it is there in other seeds of both models; None where that was not tested."""
        return None if self.replicates is None else self.replicates.found

    @property
    def is_found_again(self) -> bool:
        """Whether it is there when items are left out, and when settings change."""
        return all(share is not None and share >= DISSOLVED for share in (self.stability, self.robustness))

    def stands_out(self, level: float = FDR) -> bool:
        """Whether it has more of the difference than other places of the same pair, at this false discovery rate."""
        return self.q_value is not None and self.q_value <= level


@dataclass(frozen=True)
class ComparisonEvidence:
    """What a comparison comes to, and how its evidence was taken.

    Attributes
    ----------
    fdr : float
        False discovery rate at which clusters are called significant, and values enriched.
    n_resamples : int
        How often some of the items were clustered again; 0 where there were too few.
    n_seen : int
        How many items each time, and how many others were looked at.
    n_tested, n_significant, n_found_again, n_holding, n_standing_out : int
        Difference clusters of both directions: all of them; those tighter than matched noise; those stable and robust;
        those that are both; and those that differ more than other places of the same pair.
    where : str
        Where the difference is, whether or not it is more than noise:

        - "in_groups": ``n_standing_out`` clusters have more of it than neighbourhoods picked at random;
        - "in_no_group": none has;
        - "everywhere": none has, since neighbourhoods picked at random differ as well;
        - "nothing_to_test": there is no difference cluster;
        - "untested": it cannot be told.
    null_affinity : float or None
        Median over the difference clusters of the mean affinity of neighbourhoods picked at random.
    untested : {"sample_too_small", "clusterer_failed"} or None
        Why nothing was tested: a sample of the items is too small for so many clusters, or the clusterer could not
        label one.
    findings : mapping of str to Finding
        Whether each direction shows more than noise would; empty in runs of version 0.1.
    neighbours : Neighbours or None
        How much of the neighbourhoods changed; None in runs of version 0.1, as all that follows.
    correctness : Correctness or None
        Which side is right, by the labels of the nearest neighbours; None without labels that are names.
    predictions : Correctness or None
        Which side is right, by the models' predictions; None without those of both.
    regression : Regression or None
        The same for labels that are numbers.
    replicates : Replicates or None
        What other seeds of both models say; None where none were given.
    """

    fdr: Share
    n_resamples: Count
    n_seen: Count
    n_tested: Count
    n_significant: Count
    n_found_again: Count
    n_holding: Count
    n_standing_out: Count
    where: Where
    null_affinity: AffinityValue | None = None
    untested: Untested | None = None
    findings: Mapping[DirectionName, Finding] = field(default_factory=dict)
    neighbours: Neighbours | None = None
    correctness: Correctness | None = None
    predictions: Correctness | None = None
    regression: Regression | None = None
    replicates: Replicates | None = None
