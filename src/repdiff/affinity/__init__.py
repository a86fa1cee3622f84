"""Representations -> Affinity, an n x n operator.

An engine decides which pairs of items are looked at and what their ranks are, and nothing else.
"""

from __future__ import annotations

from repdiff.affinity.base import Affinities, Affinity, DenseAffinity, GroupMeans, as_affinity
from repdiff.affinity.engine import Engine, Plan, Shared
from repdiff.affinity.representation import Representation

__all__ = [
    "Affinities",
    "Affinity",
    "DenseAffinity",
    "Engine",
    "GroupMeans",
    "Plan",
    "Representation",
    "Shared",
    "as_affinity",
]
