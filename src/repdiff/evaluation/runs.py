"""A run -> the embeddings it was made from -> an evaluation."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from repdiff.core.errors import RunError
from repdiff.core.metrics import metrics_of
from repdiff.evaluation.methods import choose_methods
from repdiff.evaluation.methods.rdc import RDC
from repdiff.evaluation.scoring import Evaluation, evaluate_pair
from repdiff.inputs.embeddings import Embeddings, read_embeddings
from repdiff.inputs.matching import AUTO
from repdiff.inputs.pair import EmbeddingPair, make_pair
from repdiff.inputs.sources import is_there
from repdiff.results.clusters import DIRECTIONS
from repdiff.results.comparison import Comparison
from repdiff.settings import EvaluateRunCall, takes
from repdiff.similarities.alignment import align_pair
from repdiff.store.run import read_run

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
    """The pair that the run compared, with its rows matched in the same way."""
    made = comparison.provenance
    matched_by = made.inputs["matched_by"]
    paths = {name: _place(made.inputs[name], name, given[name], run) for name in ("x", "y")}
    sides = [_side(path, made.inputs[name], name, run) for name, path in paths.items()]
    # Only files have ids and a list of skipped items beside them.
    pair = make_pair(
        *(paths.values() if matched_by == "id" else (side.values for side in sides)),
        names=comparison.names,
        metric=metrics_of(made.parameters["metric"]),
        match=made.inputs.get("match", AUTO),
    )
    if pair.matched_by != matched_by:
        raise RunError(
            f"{run}: rows of x and y were matched by their ids, which {' and '.join(map(str, paths.values()))} no "
            "longer hold; give files with the ids with x= and y=, or --x and --y"
        )
    return align_pair(pair, made.parameters.get("align", "none"), random_state=made.random_state)


def _place(facts: Mapping[str, Any], name: str, given: str | Path | None, run: Path) -> Path:
    """The file of one side."""
    if given is not None:
        return Path(given)
    source, near = Path(facts["source"]), _is_near(Path(facts["source"]), run)
    if near and is_there(source):
        return source
    inside = run / "embeddings" / source.name  # embeddings that repdiff encoded for the run move with it
    if inside.is_file() and not inside.is_symlink() and not inside.parent.is_symlink():
        return inside
    why = (
        "is not a file here; give its new place with"
        if near
        else "lies neither beside the run nor in the working folder, so it is not opened; if it is yours, name it with"
    )
    raise RunError(f"{run}: was made from {name} = {facts['source']}, which {why} {name}=, or --{name}")


def _is_near(source: Path, run: Path) -> bool:
    """Whether a path leads to a place inside the working folder or the folder of the run, links followed.

    The run may be a stranger's, and name any file or device of this machine.
    """
    place = Path(os.path.realpath(source))
    return any(place.is_relative_to(near) for near in (Path.cwd().resolve(), run.resolve().parent))


def _side(source: Path, facts: Mapping[str, Any], name: str, run: Path) -> Embeddings:
    """The embeddings of one side, checked to be the values that the run was made from."""
    side = read_embeddings(source)
    if side.sha256() != facts["sha256"]:
        raise RunError(
            f"{source}: the values differ from those that {run} was made from; give the original file "
            f"with {name}=, or --{name}, or compare again"
        )
    return side
