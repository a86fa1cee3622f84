"""A comparison -> the embeddings it was made from, checked to be the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from repdiff.core.errors import RunError
from repdiff.core.metrics import metrics_of
from repdiff.core.regular import is_near
from repdiff.inputs.embeddings import Embeddings, as_embeddings
from repdiff.inputs.matching import AUTO
from repdiff.inputs.pair import EmbeddingPair, make_pair
from repdiff.inputs.sources import is_path, is_there
from repdiff.results.comparison import Comparison


def recall_pair(comparison: Comparison, given: Mapping[str, Any], *, run: Path | None = None) -> EmbeddingPair:
    """The pair that was compared, with its rows matched in the same way, before any alignment.

    Parameters
    ----------
    comparison : Comparison
        What it became.
    given : mapping of str to array_like, table, path or None
        For "x" and "y" the embeddings, or where they are now; None where they are where the manifest says.
    run : path, optional
        Directory that the comparison was loaded from.

    Raises
    ------
    RunError
        Where the embeddings are not found, or their values or ids are not those that were compared.
    """
    made = comparison.provenance
    called = "the comparison" if run is None else str(run)
    matched_by = made.inputs["matched_by"]
    data = {name: place_of(made.inputs[name], name, given.get(name), run, called) for name in ("x", "y")}
    sides = {name: _side(one, made.inputs[name], name, called) for name, one in data.items()}
    # Only files and tables have ids and a list of skipped items beside them.
    pair = make_pair(
        *(data.values() if matched_by == "id" else (side.values for side in sides.values())),
        names=comparison.names,
        metric=metrics_of(made.parameters["metric"]),
        match=made.inputs.get("match", AUTO),
    )
    if pair.matched_by != matched_by:
        raise RunError(
            f"{called}: rows of x and y were matched by their ids, which "
            f"{' and '.join(side.source for side in sides.values())} no longer hold; "
            "give files with the ids with x= and y=, or --x and --y"
        )
    return replace(pair, sources=(sides["x"].source, sides["y"].source))


def place_of(facts: Mapping[str, Any], name: str, given: Any, run: Path | None, called: str) -> Any:
    """The embeddings of one side, or their file; raises RunError where they are not where the manifest says."""
    if given is not None:
        return Path(given) if is_path(given) else given
    source = Path(facts["source"])
    near = run is None or is_near(source, run)
    if near and is_there(source):
        return source
    inside = None if run is None else run / "embeddings" / source.name  # what was encoded for the run moves with it
    if inside is not None and inside.is_file() and not inside.is_symlink() and not inside.parent.is_symlink():
        return inside
    why = (
        "is not a file here; give its new place with"
        if near
        else "lies neither beside the run nor in the working folder, so it is not opened; if it is yours, name it with"
    )
    raise RunError(f"{called}: was made from {name} = {facts['source']}, which {why} {name}=, or --{name}")


def _side(data: Any, facts: Mapping[str, Any], name: str, called: str) -> Embeddings:
    """One side, checked to hold the values that were compared."""
    side = as_embeddings(data, source=name)
    if side.sha256() != facts["sha256"]:
        raise RunError(
            f"{side.source}: the values differ from those that {called} was made from; give the original file "
            f"with {name}=, or --{name}, or compare again"
        )
    return side
