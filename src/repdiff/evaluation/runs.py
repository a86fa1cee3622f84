"""A run -> the embeddings it was made from -> an evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from repdiff.core.errors import RunError
from repdiff.evaluation.methods import choose_methods
from repdiff.evaluation.methods.rdc import RDC
from repdiff.evaluation.scoring import Evaluation, evaluate_pair
from repdiff.inputs.pair import EmbeddingPair
from repdiff.results.clusters import DIRECTIONS
from repdiff.results.comparison import Comparison
from repdiff.settings import EvaluateRunCall, takes
from repdiff.similarities.alignment import align_pair
from repdiff.store.run import read_run
from repdiff.workflows.recall import recall_pair

_OWN = ("gamma", "beta", "no_change_threshold", "representatives")


@takes(EvaluateRunCall)
def evaluate_run(call: EvaluateRunCall) -> Evaluation:
    """How well the method of a run and others do on the run's embeddings.

    The run's metric, alignment, gamma, beta, no-change threshold, number of clusters, and number and kind of
    representatives are kept; if it shows one item per cluster, collages hold two, so that they have a pair.

    Parameters
    ----------
    run : path
        Directory of the run.

    Raises
    ------
    RunError
        If the embeddings are missing or their values or ids have changed since the run, or if the run is guided or used
        a clusterer other than the spectral one.
    RepdiffError
        As in :func:`repdiff.evaluate`.
    """
    comparison = read_run(call.run).comparison
    made = comparison.provenance
    _check_repeatable(made.parameters, Path(call.run))
    chosen = choose_methods(call.methods, own=RDC(**{name: made.parameters[name] for name in _OWN}))
    seed = made.random_state if call.random_state is None else call.random_state
    return evaluate_pair(
        _pair(comparison, Path(call.run), {"x": call.x, "y": call.y}),
        chosen,
        n_groups=_numbers(comparison),
        size=max(2, made.parameters["n_representatives"]),
        held_out=call.held_out,
        max_items=call.max_items,
        random_state=seed or 0,
        progress=call.progress,
    )


def _check_repeatable(parameters: Mapping[str, Any], run: Path) -> None:
    if parameters.get("within") is not None:
        raise RunError(
            f"{run}: only pairs that agree in {parameters['within']!r} counted in it, which other methods cannot do; "
            "compare again without within=, or --within"
        )
    if parameters["clusterer"] != "spectral":
        raise RunError(
            f"{run}: its clusters come from {parameters['clusterer']}, which a run does not store; "
            "compare again without clusterer="
        )


def _numbers(comparison: Comparison) -> tuple[int, int]:
    """The number of clusters in each direction: the requested one, or the one the run chose."""
    asked = comparison.provenance.parameters["n_clusters"]
    of_x, of_y = (comparison.chosen[name].n if asked == "auto" else asked for name in DIRECTIONS)
    return of_x, of_y


def _pair(comparison: Comparison, run: Path, given: Mapping[str, str | Path | None]) -> EmbeddingPair:
    """The pair that the run compared, aligned as it was."""
    made = comparison.provenance
    pair = recall_pair(comparison, given, run=run)
    return align_pair(pair, made.parameters.get("align", "none"), random_state=made.random_state)
