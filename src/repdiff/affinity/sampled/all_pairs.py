"""No more items than candidates: all pairs are computed, by an engine that does nothing else.

:meth:`repdiff.affinity.sampled.engine.Sampled.plan` decides it, for the engines that are made of it too.
"""

from __future__ import annotations

from typing import Any

from repdiff.affinity.base import Affinities
from repdiff.affinity.engine import Engine, Plan
from repdiff.affinity.representation import Representation


def is_of_all_pairs(plan: Plan) -> bool:
    """Whether a plan is that of an engine of all pairs, which decides how wide a stored entry is."""
    return "bits" in plan.details


def compute_all_pairs(engine: Engine, x: Representation, y: Representation, *, name: str, **asked: Any) -> Affinities:
    """Both affinities from an engine of all pairs, under the name of the engine that was asked for.

    Parameters
    ----------
    engine : Engine
        Of all pairs.
    x, y : Representation
        What to compare.
    name : str
        Of the engine that was asked for, for the manifest.
    **asked
        The other arguments of :meth:`repdiff.affinity.engine.Engine.compute`.
    """
    found = engine.compute(x, y, **asked)
    return Affinities(found.x_only, found.y_only, {**found.engine, "name": name, "share_of_pairs": 1.0})
