"""Whether found groups are the known ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from sklearn.metrics import adjusted_mutual_info_score

from repdiff.evaluation.groups import Group

Mask = npt.NDArray[np.bool_]


def recovery(groups: Sequence[Group], known: Sequence[Mask]) -> dict[str, float]:
    """How well groups recover known ones.

    Precision: of the items in any found group, the share that belong to a known one. Recall: of the items of known
    groups, the share in a found group that matches theirs, which is one with more than half of its members from it;
    several may match one, so that a group found in two parts is found. AMI: adjusted mutual information of all
    items' labels, those of no known group being one class, and those of no found group another. On target: of the items
    shown first, in the collages of as many groups as there are known ones, the share that belong to a known one.
    """
    n = len(known[0])
    found = [_mask(group, n) for group in groups]
    told, truth = (np.any(masks, axis=0) if len(masks) else np.zeros(n, dtype=bool) for masks in (found, known))
    right = np.zeros(n, dtype=bool)
    for mask in known:
        for one in found:
            if (one & mask).sum() > one.sum() / 2:
                right |= one & mask
    first = [group.collage for group in groups[: len(known)]]
    return {
        "precision": _share(truth[told]),
        "recall": _share(right[truth]),
        "ami": float(adjusted_mutual_info_score(_labels(known, n), _labels(found, n))),
        "on_target": _share(truth[np.concatenate(first)]) if first else 0.0,
    }


def _share(mask: Mask) -> float:
    return float(mask.mean()) if len(mask) else 0.0


def _mask(group: Group, n: int) -> Mask:
    mask = np.zeros(n, dtype=bool)
    mask[group.items] = True
    return mask


def _labels(masks: Sequence[Mask], n: int) -> npt.NDArray[np.int64]:
    labels = np.full(n, -1)
    for label, mask in enumerate(masks):
        labels[mask] = label
    return labels
