"""Another seed of x or y -> its values in the order of the pair, read and checked by the rules of x and y."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from repdiff.core.errors import InputError
from repdiff.inputs.agreement import agree_with
from repdiff.inputs.checks import as_compared, check_values, notes_on_rows
from repdiff.inputs.embeddings import as_embeddings
from repdiff.inputs.matching import AUTO, ORDER, match_sides
from repdiff.inputs.pair import EmbeddingPair

SideName = Literal["x", "y"]


@dataclass(frozen=True)
class Replicate:
    """Another seed of one side.

    Attributes
    ----------
    values : ndarray of float32 or float64, (n, d), C-contiguous
        Row i is item i of the pair; distances, (n, n), where the metric of the side is "precomputed".
    source : str
        Where it came from.
    facts : mapping
        Source, shape, type, hash and how its rows were matched, for the manifest.
    warnings : tuple of str
        What a reader of the result must know.
    """

    values: npt.NDArray[Any]
    source: str
    facts: Mapping[str, Any]
    warnings: tuple[str, ...]


def list_replicates(given: Any, side: SideName) -> list[Any]:
    """The replicates of a side, as they were given.

    Raises
    ------
    InputError
        Where they are no list.
    """
    if given is None:
        return []
    if not isinstance(given, list | tuple):
        raise InputError(
            f"replicates_{side} must be a list with one representation for each other seed, but is of type "
            f"{type(given).__name__}; write [{side}_of_another_seed]"
        )
    return list(given)


def read_replicate(data: Any, pair: EmbeddingPair, side: SideName, place: int) -> Replicate:
    """A replicate, in the order of the pair.

    Parameters
    ----------
    data : array_like (n, d), table, or path
        As x and y are given.
    pair : EmbeddingPair
        The pair, not aligned.
    side : {"x", "y"}
        Of which it is another seed.
    place : int
        Its place in the list, for errors about what is no file.

    Raises
    ------
    InputError
        Where it could not be that side of the pair.
    """
    metric = pair.metrics["xy".index(side)]
    id_column = None if pair.match in (AUTO, ORDER) else pair.match
    read = as_embeddings(data, source=f"replicates_{side}[{place}]", id_column=id_column)
    sha256, shape = read.sha256(), list(read.values.shape)
    read, told = agree_with(pair.rows, read, data=data, sha256=sha256, encodings=pair.encodings)
    check_values(read, metric)
    told += (*read.warnings, *notes_on_rows(read, metric))
    _, matched, how, notes = match_sides(pair.rows, read, match=pair.match, is_matrix=metric == "precomputed")
    matched = as_compared(matched, metric)
    facts = {"source": read.source, "shape": shape, "dtype": str(read.values.dtype), "sha256": sha256, "matched": how}
    notes += _note_on_width(shape, pair, side, read.source)
    return Replicate(np.ascontiguousarray(matched.values), read.source, facts, (*told, *notes))


def check_is_another(replicate: Replicate, known: Mapping[str, str]) -> None:
    """Refuse a replicate with the values of something read before.

    Parameters
    ----------
    replicate : Replicate
        The replicate.
    known : mapping of str to str
        Hash -> what has these values.

    Raises
    ------
    InputError
        Since a copy says nothing of other seeds.
    """
    twin = known.get(replicate.facts["sha256"])
    if twin is not None:
        raise InputError(
            f"{replicate.source}: holds the same values as {twin}; a replicate is the same model trained again, from "
            "another seed"
        )


def _note_on_width(shape: list[int], pair: EmbeddingPair, side: SideName, source: str) -> tuple[str, ...]:
    """A note where a replicate has another number of columns than its side."""
    width = pair.x.shape[1] if side == "x" else pair.y.shape[1]
    if shape[1:] == [width]:
        return ()
    return (f"{source}: has {shape[1]:,} columns, but {side} has {width:,}; is it the same model?",)
