"""A run -> the embeddings it was made from -> an evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from repdiff.errors import RunError
from repdiff.evaluation.methods import Method, choose_methods
from repdiff.evaluation.methods.rdc import RDC
from repdiff.evaluation.scoring import MAX_ITEMS, Evaluation, evaluate
from repdiff.io.embeddings import Embeddings, read_embeddings
from repdiff.metrics import metrics_of
from repdiff.progress import Progress, silent
from repdiff.run import read_run


def evaluate_run(
    run: str | Path,
    *,
    x: str | Path | None = None,
    y: str | Path | None = None,
    methods: Sequence[str | Method] | None = None,
    held_out: bool = True,
    max_items: int = MAX_ITEMS,
    random_state: int | None = None,
    progress: Progress = silent,
) -> Evaluation:
    """How the method of a run and others fare on what the run was made from.

    The run's metric, gamma, beta, number of clusters, and number and kind of representatives are kept.

    Parameters
    ----------
    run : path
        Directory of the run.
    x, y : path, optional
        Where the embeddings are now; where the run found them by default. They must hold the same values.
    methods, held_out, max_items, progress
        As in :func:`repdiff.evaluate`.
    random_state : int, optional
        Seed; that of the run by default.

    Raises
    ------
    RunError
        Where the embeddings are gone, or hold other values than the run was made from, and for a guided run.
    RepdiffError
        As in :func:`repdiff.evaluate`.
    """
    comparison = read_run(run).comparison
    made = comparison.provenance
    if made.parameters.get("within") is not None:
        raise RunError(
            f"{run}: only pairs that agree in {made.parameters['within']!r} counted in it, which other methods cannot "
            "do; compare again without within=, or --within"
        )
    sides = [_side(made.inputs[name], name, given, Path(run)) for name, given in (("x", x), ("y", y))]
    kept = {name: made.parameters[name] for name in ("gamma", "beta", "representatives") if name in made.parameters}
    own = RDC(**kept)
    chosen = [own if method.name == own.name else method for method in choose_methods(methods)]
    seed = made.random_state if random_state is None else random_state
    return evaluate(
        *map(_plain, sides),
        names=comparison.names,
        metric=metrics_of(made.parameters["metric"]),
        methods=chosen,
        n_groups=made.parameters["n_clusters"],
        size=max(2, made.parameters["n_representatives"]),
        held_out=held_out,
        max_items=max_items,
        random_state=seed or 0,
        progress=progress,
    )


def _side(facts: Mapping[str, Any], name: str, given: str | Path | None, run: Path) -> Embeddings:
    """The embeddings of one side, the same values as the run was made from."""
    source = Path(given) if given is not None else Path(facts["source"])
    inside = run / "embeddings" / source.name  # what repdiff encoded for the run moves with it
    if given is None and not source.exists() and inside.exists():
        source = inside
    if given is None and not source.exists():
        raise RunError(
            f"{run}: was made from {name} = {facts['source']}, which is no file here; "
            f"say where it is with {name}=, or --{name}"
        )
    side = read_embeddings(source)
    if side.sha256() != facts["sha256"]:
        raise RunError(
            f"{source}: does not hold the values that {run} was made from; give the file that it was made from with "
            f"{name}=, or --{name}, or compare again"
        )
    return side


def _plain(side: Embeddings) -> dict[str, Any]:
    return {"embeddings": side.values} | ({} if side.ids is None else {"ids": side.ids})
