"""Embeddings -> what their ranks need, on a device: the steps of :class:`repdiff.affinity.ranks.RankedEmbedding`.

Rows that equal earlier ones are found by a hash of their bits, in whole numbers: it does not depend on the order of a
sum, and so is the same for equal rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.affinity.ranks import EXACT_IN_FLOAT32, first_equal_row, unit_rows
from repdiff.core.device import Device
from repdiff.core.metrics import Metric
from repdiff.core.parallel import row_tiles

_NUMBERS_AT_A_TIME = 1 << 23
_MIXER = 0x2545F4914F6CDD1D  # odd, and its bits are as good as random
_HALF = 32


@dataclass(frozen=True)
class ReadyRows:
    """What ranks need, on the device; attributes as in :class:`repdiff.affinity.ranks.RankedEmbedding`."""

    values: Any
    exact: bool
    coordinates: Any
    squared_norms: Any
    originals: Any
    copies: Any


def ready_rows(values: npt.NDArray[Any], metric: Metric, device: Device) -> ReadyRows:
    """The rows prepared for ranks, on a device that knows float64.

    Parameters
    ----------
    values : ndarray of float32 or float64, (n, d)
        Finite.
    metric : {"euclidean", "cosine"}
        Distance between rows.
    device : Device
        The device.

    Raises
    ------
    RepdiffError
        For a row of zeros under the cosine metric.
    """
    n, d = values.shape
    tiles = row_tiles(n, max(1, _NUMBERS_AT_A_TIME // max(1, d)))
    given = device.put(values)
    if metric == "cosine":
        given = _unit_rows(given, values, tiles, device)
    largest = max(float(given.max()), -float(given.min()), 0.0)
    exact = 4 * largest**2 * d < EXACT_IN_FLOAT32 and all(
        bool((given[rows] == given[rows].round()).all()) for rows in tiles
    )
    coordinates = given.to(device.torch.float32) if exact else _centred(given, largest, tiles, device)
    norms = device.torch.empty(n, dtype=device.torch.float32, device=device.name)
    for rows in tiles:
        norms[rows] = coordinates[rows].to(device.precise).square().sum(1).to(norms.dtype)
    originals = _first_equal(given, tiles, device)
    copies = (originals != device.torch.arange(n, device=device.name)).nonzero()[:, 0]
    return ReadyRows(given, exact, coordinates, norms, originals, copies)


def _unit_rows(given: Any, values: npt.NDArray[Any], tiles: list[slice], device: Device) -> Any:
    """Rows scaled to length one, in float64."""
    out = device.torch.empty(given.shape, dtype=device.precise, device=device.name)
    for rows in tiles:
        wide = given[rows].to(device.precise)
        lengths = wide.square().sum(1, keepdim=True).sqrt()
        if not bool((lengths > 0).all()):
            unit_rows(values)  # raises an error that names the row
        out[rows] = wide / lengths
    return out


def _centred(given: Any, largest: float, tiles: list[slice], device: Device) -> Any:
    """Rows minus their mean, scaled by a power of two to at most about one, in float32."""
    factor = 2.0 ** -int(np.frexp(largest)[1])
    mean = sum(given[rows].sum(0, dtype=device.precise) for rows in tiles) / len(given)
    out = device.empty(*given.shape)
    for rows in tiles:
        out[rows] = ((given[rows].to(device.precise) - mean) * factor).to(out.dtype)
    return out


def _first_equal(given: Any, tiles: list[slice], device: Device) -> Any:
    """For each row the first row that equals it, or itself, (n,) int64."""
    torch = device.torch
    hashes = _hashes(given, tiles, device)
    ascending, order = hashes.sort(stable=True)
    begins = torch.ones(len(given), dtype=torch.bool, device=device.name)
    begins[1:] = ascending[1:] != ascending[:-1]
    originals = torch.empty_like(order)
    originals[order] = order[begins][begins.cumsum(0) - 1]
    copies = (originals != torch.arange(len(given), device=device.name)).nonzero()[:, 0]
    step = tiles[0].stop if tiles else 1
    for some in row_tiles(len(copies), step):
        if not bool((given[copies[some]] == given[originals[copies[some]]]).all()):
            return device.put(first_equal_row(device.get(given)).astype(np.int64))  # unlike rows of one hash
    return originals


def _hashes(given: Any, tiles: list[slice], device: Device) -> Any:
    """A whole number for each row, (n,) int64, the same for equal rows."""
    torch = device.torch
    weights = np.random.default_rng(0).integers(-(2**62), 2**62, given.shape[1]) * 2 + 1
    on_device, out = device.put(weights), torch.empty(len(given), dtype=torch.int64, device=device.name)
    whole = torch.int32 if given.dtype == torch.float32 else torch.int64
    for rows in tiles:
        # Adding zero turns -0.0 into 0.0. Numbers of few digits differ in their upper bits only, which are mixed in.
        mixed = (given[rows] + 0.0).view(whole).to(torch.int64) * _MIXER
        out[rows] = ((mixed ^ (mixed >> _HALF)) * on_device).sum(1)
    return out
