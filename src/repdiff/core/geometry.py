"""Rows centred, their lengths, rotations, squared distances between them from products, and ranks from distances.

The compiled kernels (:mod:`repdiff.affinity.rank_kernels`, :mod:`repdiff.clustering.kmeans`) and the GPU compute their
own, in loops that use each distance while it is in a register; all other distances come from here.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from repdiff.core.parallel import row_tiles

_ROWS_AT_A_TIME = 64  # a block of float64 stays in the second-level cache

Real = TypeVar("Real", np.float32, np.float64)


def squared_norms(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Squared length of each row, (n,), summed in float64 whatever the type of the rows, (n, d)."""
    blocks = (values[rows].astype(np.float64, copy=False) for rows in row_tiles(len(values), _ROWS_AT_A_TIME))
    return np.concatenate([np.einsum("ij,ij->i", block, block) for block in blocks])


def lengths(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Length of each row, (n,), in float64; rows that are not float64 already are converted a block at a time."""
    if values.dtype == np.float64:
        return np.asarray(np.linalg.norm(values, axis=1))
    return np.asarray(np.sqrt(squared_norms(values)))


def unit_rows(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Rows scaled to length one, (n, d), in float64; a row of zeros, which has no direction, stays as it is."""
    found = lengths(values)
    return np.asarray(values / np.where(found > 0, found, 1)[:, None])


def largest_magnitude(values: npt.NDArray[Any]) -> float:
    """The largest absolute value; 0 without values."""
    return max(float(values.max(initial=0)), -float(values.min(initial=0)))


def centred(values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Rows minus their mean, scaled by a power of two to at most about one, in float32; a float64 block at a time."""
    factor = 2.0 ** -int(np.frexp(largest_magnitude(values))[1])
    mean = values.mean(axis=0, dtype=np.float64)
    out = np.empty(values.shape, np.float32)
    for rows in row_tiles(len(values), _ROWS_AT_A_TIME):
        out[rows] = (values[rows] - mean) * factor
    return out


def squared_distances(
    a: npt.NDArray[Real], b: npt.NDArray[Real], norms_a: npt.NDArray[Real], norms_b: npt.NDArray[Real]
) -> npt.NDArray[Real]:
    """Squared Euclidean distances between two sets of rows, (r, c), by |a|^2 + |b|^2 - 2ab; not below zero.

    Their error is a few roundings of |a|^2 + |b|^2, so centre the rows first; equal rows may not get exactly zero.

    Parameters
    ----------
    a, b : ndarray of float32 or float64, (r, d) and (c, d)
        The rows.
    norms_a, norms_b : ndarray of the same type, (r,) and (c,)
        Their squared lengths.
    """
    products = a @ b.T
    products *= -2
    products += norms_a[:, None]
    products += norms_b
    np.maximum(products, 0, out=products)
    return products


def nearest_first(
    distances: npt.NDArray[Any], own: npt.NDArray[np.int64], last: npt.NDArray[np.bool_] | None = None
) -> npt.NDArray[np.int64]:
    """Columns of each row from near to far, (r, c), the row's own column first; equal distances keep index order.

    Parameters
    ----------
    distances : ndarray, (r, c)
        Smaller is nearer.
    own : ndarray of int64, (r,)
        Column of each row's own item.
    last : ndarray of bool, (r, c), optional
        Columns to put after all others, such as those of other groups when only pairs within a group count.
    """
    keys = distances.astype(np.result_type(distances, np.float32) if last is None else np.float64)
    if last is not None:
        keys[last] += np.ptp(keys) + 1
    keys[np.arange(len(own)), own] = -np.inf
    return np.argsort(keys, axis=1, kind="stable")


def neighbor_places(distances: npt.NDArray[Any], own: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    """Place of each column in the list of :func:`nearest_first`, (r, c), counted from 1: the neighbour ranks."""
    places = np.empty(distances.shape, np.int32)
    counted = np.arange(1, distances.shape[1] + 1, dtype=np.int32)
    np.put_along_axis(places, nearest_first(distances, own), counted[None], axis=1)
    return places


def rotation_onto(target: npt.NDArray[Any], given: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], float]:
    """The orthogonal Q, (d, d), and the scale s that minimise ||target - s given Q||, for centred rows, (n, d) both.

    With given^T target = U S V^T, Q = U V^T and s = tr S / ||given||^2 (Procrustes; Schoenemann, Psychometrika 1966).
    """
    left, values, right = np.linalg.svd(given.T @ target)
    return left @ right, float(values.sum()) / (float(np.square(given).sum()) or 1.0)
