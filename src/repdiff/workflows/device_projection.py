"""Principal components on a device, for engines that work there; :mod:`repdiff.workflows.projection` is the host's."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.core.device import Device
from repdiff.core.parallel import end_if_stopped, row_tiles
from repdiff.results.projection import Plane

_SPARE, _ITERATIONS = 8, 30  # of subspace iteration; for display it is exact enough
_ROWS_AT_A_TIME = 1 << 14


def components_on(values: npt.NDArray[Any], device: Device, random_state: int | None) -> Plane:
    """The first two principal components, by subspace iteration, for a device that knows float64.

    The device holds a copy of the rows, and their float32 copy, which engines that work there plan for.

    Parameters
    ----------
    values : ndarray, (n, d)
        Finite, with some variance.
    device : Device
        Where to compute.
    random_state : int or None
        Seed of the first basis.
    """
    n, d = values.shape
    count, width = min(2, n, d), min(d, 2 + _SPARE)
    points, variance = _centred(values, device)
    basis = device.put(np.random.default_rng(random_state).standard_normal((d, width), dtype=np.float32))
    with device.exact_products():
        for _ in range(_ITERATIONS):
            end_if_stopped()
            basis, _ = device.orthonormal(points.T @ (points @ basis))
        image = points @ basis
    wide = image.to(device.precise)
    values_found, turns = np.linalg.eigh(device.get(wide.T @ wide))
    turns = turns[:, ::-1][:, :count]
    axes = device.get(basis) @ turns
    turns = turns * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(count)])
    coordinates = np.zeros((n, 2), np.float32)
    coordinates[:, :count] = device.get(wide @ device.put(turns))
    shares = np.maximum(values_found[::-1][:count], 0) / variance
    share_first, share_second = (*shares.tolist(), 0.0)[:2]
    return Plane(coordinates, (share_first, share_second))


def _centred(values: npt.NDArray[Any], device: Device) -> tuple[Any, float]:
    """Rows less their mean, scaled by a power of two to about one, (n, d) float32, and the sum of their squares."""
    given = device.put(values)
    tiles = row_tiles(len(values), _ROWS_AT_A_TIME)
    factor = 2.0 ** -int(np.frexp(max(float(given.max()), -float(given.min())))[1])
    mean = sum((given[rows].to(device.precise) * factor).sum(0) for rows in tiles) / len(values)
    points, squares = device.empty(*values.shape), 0.0
    for rows in tiles:
        points[rows] = given[rows].to(device.precise) * factor - mean
        squares = squares + points[rows].square().sum(dtype=device.precise)
    return points, float(squares)
