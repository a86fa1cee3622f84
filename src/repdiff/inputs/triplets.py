"""Judgements "a is closer to b than to c" -> an embedding that agrees with them.

Soft ordinal embedding (Terada & von Luxburg, ICML 2014): points for which the sum of

    max(0, 1 + |a - b| - |a - c|) ** 2

over all judgements is least. Where they agree with each other it is 0, and every judgement holds by a margin of 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from repdiff.core.errors import InputError
from repdiff.core.files import reader_of, reading
from repdiff.core.parallel import single_threaded_libraries
from repdiff.inputs.ids import Ids, as_text
from repdiff.inputs.tables import TABLE_READERS, as_table, with_clean_columns
from repdiff.settings import TripletsCall, takes

COLUMNS = ("anchor", "near", "far")
_MOST_STEPS = 2000
_SMOOTHING = 1e-12  # under the root of a squared distance, where its slope would be infinite

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TripletEmbedding:
    """Points that agree with judgements.

    Attributes
    ----------
    values : ndarray of float64, (n, n_dims)
        One row per item that was judged, centred.
    ids : ndarray of str objects, (n,)
        The items, sorted.
    n_judgements : int
        Judgements that were used.
    violated : float
        Share of them that the points contradict.
    """

    values: FloatArray
    ids: Ids
    n_judgements: int
    violated: float

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """What :func:`repdiff.compare` takes, and ``numpy.savez`` writes."""
        return {"embeddings": self.values, "ids": self.ids.astype(str)}


@takes(TripletsCall)
def embed_triplets(call: TripletsCall) -> TripletEmbedding:
    """Points in which a is closer to b than to c wherever it was judged so.

    Parameters
    ----------
    judgements : table, path, or array_like of ids (m, 3)
        Columns ``anchor``, ``near`` and ``far``: the anchor is closer to near than to far. Files may be .csv, .parquet,
        .feather or .arrow.

    Returns
    -------
    TripletEmbedding

    Raises
    ------
    InputError
        Where the table cannot be read, lacks a column or a value, or an item is compared with itself.
    """
    n_dims = call.n_dims
    table, source = _read(call.judgements)
    ids, triplets = _as_numbers(table, source)
    if not 1 <= n_dims < len(ids):
        raise InputError(f"n_dims must be from 1 to {len(ids) - 1}, less than the {len(ids)} items, but is {n_dims}")
    rng = np.random.default_rng(call.random_state)
    best, least = np.zeros((len(ids), n_dims)), np.inf
    with single_threaded_libraries():
        for start in range(call.n_restarts):
            points, loss = _descend(triplets, rng.standard_normal((len(ids), n_dims)))
            if loss < least:
                best, least = points, loss
            call.progress("embedding judgements", start + 1, call.n_restarts)
            if least == 0:
                break
    call.progress("embedding judgements", call.n_restarts, call.n_restarts)
    near, far = _lengths(best, triplets)[2:]
    return TripletEmbedding(best - best.mean(axis=0), ids, len(triplets), float(np.mean(near >= far)))


def _read(judgements: Any) -> tuple[pd.DataFrame, str]:
    if isinstance(judgements, str | Path):
        path = Path(judgements)
        reader = reader_of(path, TABLE_READERS, what="judgements")
        with reading(path):
            table, source = reader(path), str(path)
    else:
        found = as_table(judgements)
        source = "judgements"
        if found is None:
            array = np.asarray(judgements, dtype=object)
            if array.ndim != 2 or array.shape[1] != len(COLUMNS):
                raise InputError(f"judgements: have shape {array.shape}, but are rows of three: anchor, near, far")
            found = pd.DataFrame(array, columns=list(COLUMNS))
        table = found
    table = with_clean_columns(table, source)
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        raise InputError(f"{source}: no column {missing[0]!r}; name the three columns {', '.join(COLUMNS)}")
    return table, source


def _as_numbers(table: pd.DataFrame, source: str) -> tuple[Ids, npt.NDArray[np.int64]]:
    """The items that were judged, sorted, and each judgement as three of their places."""
    judged = table[list(COLUMNS)]
    gaps = judged.isna().to_numpy()
    if gaps.any():
        row, column = (int(place[0]) for place in np.nonzero(gaps))
        raise InputError(f"{source}: row {row} has no {COLUMNS[column]}; remove the row, or fill it in")
    text = np.array([[as_text(value) for value in judged[name]] for name in COLUMNS], dtype=object).T
    ids, places = np.unique(text, return_inverse=True)
    triplets = places.reshape(text.shape)
    same = (triplets[:, [0, 0, 1]] == triplets[:, [1, 2, 2]]).any(axis=1)
    if not len(triplets):
        raise InputError(f"{source}: has no judgement in it")
    if same.any():
        raise InputError(f"{source}: row {int(same.argmax())} names one item twice; a judgement is about three items")
    return ids.astype(object), triplets


def _descend(triplets: npt.NDArray[np.int64], start: FloatArray) -> tuple[FloatArray, float]:
    from scipy.optimize import minimize

    def loss_and_slope(flat: FloatArray) -> tuple[float, FloatArray]:
        loss, slope = _loss(flat.reshape(start.shape), triplets)
        return loss, slope.ravel()

    found = minimize(loss_and_slope, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": _MOST_STEPS})
    return found.x.reshape(start.shape), float(found.fun)


def _loss(points: FloatArray, triplets: npt.NDArray[np.int64]) -> tuple[float, FloatArray]:
    """The loss and its gradient, (n, n_dims)."""
    to_near, to_far, near, far = _lengths(points, triplets)
    short = np.maximum(0, 1 + near - far)
    pull, push = (2 * short / near)[:, None] * to_near, (2 * short / far)[:, None] * to_far
    slope = np.empty_like(points)
    anchors, nears, fars = triplets.T
    for axis in range(points.shape[1]):
        slope[:, axis] = (
            np.bincount(anchors, pull[:, axis] - push[:, axis], len(points))
            - np.bincount(nears, pull[:, axis], len(points))
            + np.bincount(fars, push[:, axis], len(points))
        )
    return float(short @ short), slope


def _lengths(
    points: FloatArray, triplets: npt.NDArray[np.int64]
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Vectors from near to anchor and from far to anchor, and their lengths."""
    to_near, to_far = (points[triplets[:, 0]] - points[triplets[:, other]] for other in (1, 2))
    near, far = (np.sqrt(np.einsum("ij,ij->i", gap, gap) + _SMOOTHING) for gap in (to_near, to_far))
    return to_near, to_far, near, far
