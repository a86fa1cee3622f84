"""What other seeds of the same two models say: whether a group would be there after training again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from repdiff.results.directions import DirectionName

ReplicateCode = Literal["found", "not_found", "no_test", "too_few", "untested", "nothing_to_test"]

REPLICATE_CODES: tuple[ReplicateCode, ...] = get_args(ReplicateCode)
FEWEST_FOR_TEST = 2  # replicates on each side: one says nothing of how far apart seeds lie


@dataclass(frozen=True)
class ClusterReplicates:
    """Whether a difference cluster is there in replicates, on items that had no part in making it.

    Attributes
    ----------
    n_unseen : float
        Members among the unseen items, on average over the rounds.
    log_ranks_x, log_ranks_y : tuple of float
        For each replicate, the mean log neighbour rank of one such member in the list of another. Empty where too few
        unseen items fall into the cluster; all that follows is None then.
    effect : float or None
        Mean of ``log_ranks`` over the replicates of the side that scatters the cluster, less that over those of the
        side that holds it: 0.69 says that members are twice as far down each other's lists.
    standard_error : float or None
        Of ``effect``, from the spread between replicates; None with one replicate on a side, as all that follows.
    p_value : float or None
        One-sided t test that the effect is no more than seeds make it.
    q_value : float or None
        False discovery rate over the difference clusters of both directions (Benjamini & Hochberg 1995).
    found : bool or None
        Whether it is there in the replicates: the rate is low enough, and the effect is log 1.25 at least.
    """

    n_unseen: float
    log_ranks_x: tuple[float, ...] = ()
    log_ranks_y: tuple[float, ...] = ()
    effect: float | None = None
    standard_error: float | None = None
    p_value: float | None = None
    q_value: float | None = None
    found: bool | None = None


@dataclass(frozen=True)
class DirectionReplicates:
    """What replicates say of one direction.

    Attributes
    ----------
    code : str
        ``found``: one of its groups, at least, is there in the replicates. ``not_found``: none is. ``no_test``: with
        one replicate on a side there are effects and no test. ``too_few``: too few unseen items fall into its groups.
        ``untested``: the clusterer could not label a sample of the items. ``nothing_to_test``: no difference cluster.
    n_tested, n_found : int
        Difference clusters with an effect, and those found.
    share_found : float
        Share of all items that are in clusters found.
    effect, standard_error, p_value : float or None
        As of a cluster, of all clusters with an effect together, weighted by their sizes.
    """

    code: ReplicateCode
    n_tested: int = 0
    n_found: int = 0
    share_found: float = 0.0
    effect: float | None = None
    standard_error: float | None = None
    p_value: float | None = None


@dataclass(frozen=True)
class Replicates:
    """What replicates say of a comparison.

    Attributes
    ----------
    n_x, n_y : int
        Replicates of x and of y.
    n_sampled, n_rounds : int
        Items of each round, half of them seen and half unseen; and how many rounds.
    directions : mapping of str to DirectionReplicates
        What they say of each direction.
    """

    n_x: int
    n_y: int
    n_sampled: int
    n_rounds: int
    directions: Mapping[DirectionName, DirectionReplicates]

    @property
    def is_tested(self) -> bool:
        """Whether there are two replicates on each side, at least, which a test needs."""
        return min(self.n_x, self.n_y) >= FEWEST_FOR_TEST

    @property
    def n_tested(self) -> int:
        """Difference clusters of both directions with an effect."""
        return sum(one.n_tested for one in self.directions.values())

    @property
    def n_found(self) -> int:
        """Those that are found in the replicates."""
        return sum(one.n_found for one in self.directions.values())
