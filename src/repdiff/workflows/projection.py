"""Embeddings -> 2-D coordinates, for display only."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.clustering.spectral import orthonormal_to
from repdiff.core.device import Device
from repdiff.core.geometry import centred, squared_norms
from repdiff.core.metrics import Metric
from repdiff.core.parallel import end_if_stopped, row_tiles, single_threaded_libraries
from repdiff.results.projection import Plane, Projection
from repdiff.workflows.device_projection import components_on

_SPARE, _ITERATIONS = 8, 60  # of subspace iteration
_LARGE, _ROWS_AT_A_TIME = 2**25, 4096  # numbers above which the rows are taken some at a time
_COPIES = 2  # of fewer numbers, that the solvers make
_FEW = 50  # rows or columns up to which all components are computed
_WIDTH, _MOST_BLOCKS, _TOLERANCE = 8, 12, 1e-4  # of Krylov iteration: residual over the largest eigenvalue


def project(
    x: npt.NDArray[Any],
    y: npt.NDArray[Any],
    *,
    metrics: tuple[Metric, Metric] = ("euclidean", "euclidean"),
    random_state: int | None = 0,
) -> Projection:
    """Principal components of both representations; see :func:`project_side`.

    Parameters
    ----------
    x, y : ndarray, (n, d_x) and (n, d_y)
        Finite, with some variance.
    metrics : (str, str)
        Where one is "precomputed", that side holds distances, (n, n).
    random_state : int or None
        Seed of the random solver, where that is used.
    """
    return side_by_side(
        project_side(x, metric=metrics[0], random_state=random_state),
        project_side(y, metric=metrics[1], random_state=random_state),
    )


def side_by_side(x: Plane, y: Plane) -> Projection:
    """The projection of a pair."""
    return Projection(x.coordinates, y.coordinates, x.explained, y.explained)


def project_side(
    values: npt.NDArray[Any],
    *,
    metric: Metric = "euclidean",
    random_state: int | None = 0,
    device: Device | None = None,
) -> Plane:
    """Principal components of a representation; of distances, those of classical scaling (Torgerson 1952).

    Parameters
    ----------
    values : ndarray, (n, d)
        Finite, with some variance.
    metric : str
        Where it is "precomputed", the values are distances, (n, n).
    random_state : int or None
        Seed of the random solver, where that is used.
    device : Device, optional
        Where to compute the components of embeddings, if it knows float64.
    """
    if device is not None and device.knows_float64 and metric != "precomputed":
        return components_on(values, device, random_state)
    return (_scaled_distances if metric == "precomputed" else _principal_components)(values, random_state)


def copied_bytes(values: npt.NDArray[Any], metric: Metric) -> int:
    """Bytes that :func:`project_side` takes, about."""
    in_place = metric != "precomputed" and values.size > _LARGE
    return 0 if in_place else _COPIES * values.nbytes


def _scaled_distances(distances: npt.NDArray[Any], random_state: int | None) -> Plane:
    from scipy.sparse.linalg import ArpackError, eigsh

    products = (distances / np.abs(distances).max()).astype(np.float64) ** 2
    np.fill_diagonal(products, 0)
    mean = products.mean(axis=0)
    products -= mean + mean[:, None] - mean.mean()
    products *= -0.5
    count = min(2, len(products) - 1)
    start = np.random.default_rng(random_state).normal(size=len(products))
    try:
        values, vectors = eigsh(products, k=count, which="LA", v0=start)
    except ArpackError:  # many items in one place leave few eigenvalues that are not zero, which it may not separate
        values, vectors = _largest_by_iteration(products, count, random_state)
    values, vectors = np.maximum(values[::-1], 0), vectors[:, ::-1]
    coordinates = np.zeros((len(products), 2), np.float32)
    coordinates[:, :count] = _signed(vectors) * np.sqrt(values)
    # Distances that do not fit any Euclidean space have negative eigenvalues; shares are of the total all the same.
    share_first, share_second = (*(values / max(np.trace(products), values.sum())).tolist(), 0.0)[:2]
    return Plane(coordinates, (share_first, share_second))


def _largest_by_iteration(
    products: npt.NDArray[np.float64], count: int, random_state: int | None
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The largest eigenvalues, ascending, and their vectors, by subspace iteration; for display it is exact enough."""
    n = len(products)
    basis = np.random.default_rng(random_state).normal(size=(n, min(n, count + _SPARE)))
    for _ in range(_ITERATIONS):
        basis, _ = np.linalg.qr(products @ basis)
    values, turns = np.linalg.eigh(basis.T @ products @ basis)
    return values[-count:], (basis @ turns)[:, -count:]


def _principal_components(values: npt.NDArray[Any], random_state: int | None) -> Plane:
    if values.size > _LARGE:
        return _components_of_covariance(values)
    points = centred(values)
    with single_threaded_libraries():  # the products are small, and threads would wait for each other
        axes = _exact_axes(points) if min(points.shape) <= _FEW else _krylov_axes(points, random_state)
        axes = _signed(axes)
        coordinates = np.zeros((len(values), 2), np.float32)
        coordinates[:, : axes.shape[1]] = points @ axes
    total = squared_norms(points).sum()
    share_first, share_second = np.minimum(squared_norms(coordinates.T) / total, 1).tolist()
    return Plane(coordinates, (share_first, share_second))


def _signed(axes: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Axes, (d, k), whose largest entry is positive: their sign is arbitrary, and should not depend on the solver."""
    return np.asarray(axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])]))


def _exact_axes(points: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The first two principal axes of few rows or columns, (d, at most 2)."""
    _, _, axes = np.linalg.svd(points.astype(np.float64), full_matrices=False)
    return np.asarray(axes[:2].T, dtype=np.float32)


def _krylov_axes(points: npt.NDArray[np.float32], random_state: int | None) -> npt.NDArray[np.float32]:
    """The first two principal axes, (d, 2), by block Krylov iteration (Musco & Musco 2015), which reads the rows least.

    Where more than two directions have about the same variance, axes in their span are found that have almost as much.
    """
    d = points.shape[1]
    most = min(_MOST_BLOCKS, d // _WIDTH)
    basis, image = (np.empty((d, _WIDTH * most), np.float32, order="F") for _ in range(2))
    block = np.random.default_rng(random_state).standard_normal((d, _WIDTH), dtype=np.float32)
    for number in range(most):
        end_if_stopped()
        new = slice(number * _WIDTH, (number + 1) * _WIDTH)
        basis[:, new] = orthonormal_to(basis[:, : new.start], block)
        block = image[:, new] = points.T @ (points @ basis[:, new])
        squares, turns = np.linalg.eigh((basis[:, : new.stop].T @ image[:, : new.stop]).astype(np.float64))
        turns = turns[:, :-3:-1].astype(np.float32)
        axes = basis[:, : new.stop] @ turns
        errors = np.linalg.norm(image[:, : new.stop] @ turns - axes * squares[:-3:-1].astype(np.float32), axis=0)
        if errors.max() <= _TOLERANCE * squares[-1]:
            break
    return np.asarray(axes)


def _components_of_covariance(values: npt.NDArray[Any]) -> Plane:
    """Principal components from the covariance, some rows at a time, so that no copy of many rows is made."""
    n, d = values.shape
    tiles = row_tiles(n, _ROWS_AT_A_TIME)
    largest, mean = 0.0, np.zeros(d)
    for rows in tiles:
        end_if_stopped()
        largest = max(largest, float(np.abs(values[rows]).max()))
        mean += values[rows].sum(axis=0, dtype=np.float64)
    factor = 2.0 ** -int(np.frexp(largest)[1])
    mean = mean / n * factor
    covariance = np.zeros((d, d))
    for rows in tiles:
        end_if_stopped()
        centred = (values[rows] * factor - mean).astype(np.float32)
        covariance += centred.T @ centred
    shares, axes = np.linalg.eigh(covariance)
    axes = _signed(axes[:, ::-1][:, :2])
    coordinates = np.zeros((n, 2), np.float32)
    for rows in tiles:
        coordinates[rows, : axes.shape[1]] = (values[rows] * factor - mean) @ axes
    share_first, share_second = (*(shares[::-1][:2] / shares.sum()).tolist(), 0.0)[:2]
    return Plane(coordinates, (share_first, share_second))
