"""EmbeddingPair -> Affinity, an n x n operator.

An engine decides which pairs of items are looked at and what their ranks are, and nothing else.
"""

from __future__ import annotations

from repdiff.affinity.base import Affinities, Affinity, DenseAffinity, as_affinity

__all__ = ["Affinities", "Affinity", "DenseAffinity", "as_affinity"]
