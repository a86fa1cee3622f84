"""The output of every method: groups of items, and the few of each to show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]
SMALLEST = 2  # a smaller collage has no pair
_MOST_MEASURED = 64  # members of a group whose pairs are measured


@dataclass(frozen=True)
class Group:
    """One group of items that a method says x knows and y does not.

    Attributes
    ----------
    items : ndarray of int64, (n_members,)
        Rows of its members, ascending.
    collage : ndarray of int64, (m,)
        Rows of the items to show, best first; m is at most the size asked for.
    """

    items: Rows
    collage: Rows


def groups_of_labels(labels: npt.NDArray[Any], typicality: npt.NDArray[Any], size: int) -> list[Group]:
    """Groups of a hard clustering, in order of their labels.

    Parameters
    ----------
    labels : ndarray of int, (n,)
        Group of each item from 0 on; negative for items of no group.
    typicality : ndarray of float, (n,)
        How typical each item is of its own group; a collage holds the most typical, equal ones in index order.
    size : int
        Items in a collage.
    """
    return list(_large_enough(labels, typicality, size))


def _large_enough(labels: npt.NDArray[Any], typicality: npt.NDArray[Any], size: int) -> Iterator[Group]:
    for label in range(int(labels.max(initial=-1)) + 1):
        items = np.flatnonzero(labels == label)
        if len(items) >= SMALLEST:
            yield Group(items, items[np.argsort(-typicality[items], kind="stable")][:size])


def groups_of_activations(
    activations: npt.NDArray[Any], size: int, *, chosen: npt.NDArray[np.intp] | None = None
) -> list[Group]:
    """Groups of a method that only gives each item's activation of each concept.

    The same rule for all such methods. A collage holds the items of largest activation of the concept, as papers on
    concepts show them; members are the items whose strongest concept it is. Only positive activations count.

    Parameters
    ----------
    activations : ndarray of float, (n, k)
        Larger is stronger; in a unit that all concepts share.
    size : int
        Items in a collage.
    chosen : ndarray of int, (m,), optional
        The concepts to make groups of, best first; all in their order by default. An item whose strongest concept is
        another one is in no group.
    """
    if not activations.size:
        return []
    strongest = np.where(activations.max(axis=1) > 0, activations.argmax(axis=1), -1)
    groups = []
    for concept in range(activations.shape[1]) if chosen is None else chosen:
        strength = activations[:, concept]
        collage = np.argsort(-strength, kind="stable")[:size]
        collage = collage[strength[collage] > 0]
        if len(collage) >= SMALLEST:
            groups.append(Group(np.flatnonzero(strongest == concept), collage))
    return groups


def evenly(items: Rows) -> Rows:
    """The items, or at most 64 of them, evenly spaced."""
    if len(items) <= _MOST_MEASURED:
        return items
    return items[np.linspace(0, len(items) - 1, _MOST_MEASURED).round().astype(np.int64)]
