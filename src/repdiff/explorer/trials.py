"""Other settings, tried on a sample: which of the present groups survive, and which are new."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from repdiff.core.errors import RepdiffError
from repdiff.results.clusters import DIRECTIONS, DirectionName
from repdiff.results.comparison import Comparison
from repdiff.settings import MethodSettings, check_setting
from repdiff.workflows.preview import Found, Sample, cluster_sample, draw_sample, fates

MOST_CLUSTERS = 50
_KEPT = 8  # results


@dataclass(frozen=True)
class Changes:
    """Settings in place of a run's own; None for the run's.

    Attributes
    ----------
    gamma, beta, threshold : float or None
        Slope of the rank difference, sharpness of the affinity, and the mean affinity below which nothing changes.
    n_clusters : int or None
        Clusters per direction.
    """

    gamma: float | None = None
    beta: float | None = None
    threshold: float | None = None
    n_clusters: int | None = None

    def __post_init__(self) -> None:
        """Check the values; raises RepdiffError in one line."""
        named = {"gamma": self.gamma, "beta": self.beta, "no_change_threshold": self.threshold}
        for name, value in {**named, "n_clusters": self.n_clusters}.items():
            if value is not None:
                check_setting(MethodSettings, name, value)
        if self.n_clusters is not None and self.n_clusters > MOST_CLUSTERS:
            raise RepdiffError(f"the explorer tries at most {MOST_CLUSTERS} groups in each direction")


class Trials:
    """Trials of one comparison; one at a time, the last few kept.

    Parameters
    ----------
    comparison : Comparison
        The comparison.
    folder : Path
        Its run.
    given : dict
        For "x" and "y", where the embeddings are, if the person said so.
    """

    def __init__(self, comparison: Comparison, folder: Path, given: dict[str, Path | None]) -> None:
        self._comparison, self._folder, self._given = comparison, folder, given
        self._lock = threading.Lock()
        self._kept: OrderedDict[Changes, dict[DirectionName, Found]] = OrderedDict()

    @cached_property
    def _sample(self) -> Sample:
        return draw_sample(self._comparison, self._given, run=self._folder)

    def tried(self, changes: Changes) -> dict[str, Any]:
        """What the changes would do, as far as a sample tells.

        Raises
        ------
        RepdiffError
            Where the embeddings are not at hand, in one line.
        """
        began = time.monotonic()
        with self._lock:
            found, usual = self._found(changes), self._found(Changes())
            sample = self._sample
        told: dict[str, Any] = {name: self._told(name, sample, found[name], usual[name]) for name in DIRECTIONS}
        return {
            "n": len(sample.rows),
            "of": len(self._comparison.items.frame),
            "seconds": round(time.monotonic() - began, 2),
            **told,
        }

    def _found(self, changes: Changes) -> dict[DirectionName, Found]:
        if changes not in self._kept:
            own = self._comparison.provenance.parameters
            gamma, beta, threshold = (
                own[name] if value is None else value
                for name, value in (
                    ("gamma", changes.gamma), ("beta", changes.beta), ("no_change_threshold", changes.threshold)
                )
            )  # fmt: skip
            counts: dict[DirectionName, int] = {
                one.name: changes.n_clusters or len(one.clusters)
                for one in (self._comparison.x_only, self._comparison.y_only)
            }
            seed = self._comparison.provenance.random_state or 0
            self._kept[changes] = cluster_sample(
                self._sample, counts, gamma=gamma, beta=beta, threshold=threshold, seed=seed
            )
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(changes)
        return self._kept[changes]

    def _told(self, name: DirectionName, sample: Sample, found: Found, usual: Found) -> dict[str, Any]:
        direction = self._comparison.x_only if name == "x_only" else self._comparison.y_only
        told, new = fates(direction, sample, found, usual)
        _, anyway = fates(direction, sample, usual, usual)
        return {
            "groups": [vars(one) for one in told],
            "new": new,
            "newAnyway": len(anyway),
            "found": [
                {"mean": float(mean), "rows": sample.rows[found.labels == index].tolist()}
                for index, mean in enumerate(found.means)
            ],
        }
