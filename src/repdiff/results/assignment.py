"""Which clusters new items belong to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd


@dataclass(frozen=True)
class AssignedDirection:
    """The clusters of new items in one direction.

    Attributes
    ----------
    labels : ndarray of int32, (n,)
        The cluster of each, as in ``Direction.labels``: where the comparison would have put it.
    affinity : ndarray of float32, (n,)
        Mean affinity of each to the members of that cluster; 1 is no change.
    no_change : ndarray of bool, (n,)
        Whether it belongs to no difference cluster: its cluster is no change, or its own mean affinity to the cluster
        is below the no-change threshold.
    """

    labels: npt.NDArray[np.int32]
    affinity: npt.NDArray[np.float32]
    no_change: npt.NDArray[np.bool_]

    @property
    def groups(self) -> npt.NDArray[np.int32]:
        """The difference cluster of each item, (n,); -1 for none."""
        return np.where(self.no_change, -1, self.labels).astype(np.int32)


@dataclass(frozen=True)
class Assignment:
    """The clusters of new items, in both directions.

    Attributes
    ----------
    ids : ndarray of str objects, (n,)
        Ids of the new items; their row numbers, from 0, where they have none.
    x_only, y_only : AssignedDirection
        Close in x and far in y, and the reverse.
    """

    ids: npt.NDArray[np.object_]
    x_only: AssignedDirection
    y_only: AssignedDirection

    def to_frame(self) -> pd.DataFrame:
        """One row per new item: id, and for both directions the cluster, whether it is none, and the mean affinity."""
        return pd.DataFrame(
            {
                "id": self.ids,
                "x_only": self.x_only.labels,
                "y_only": self.y_only.labels,
                "x_only_no_change": self.x_only.no_change,
                "y_only_no_change": self.y_only.no_change,
                "x_only_affinity": self.x_only.affinity,
                "y_only_affinity": self.y_only.affinity,
            }
        )
