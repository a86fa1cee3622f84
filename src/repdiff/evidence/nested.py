"""Mean affinity of neighbourhoods of every size, each of which holds the smaller ones, in one pass."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from repdiff.core.interrupts import deferred_interrupts
from repdiff.core.kernels import kernel


def nested_means(block: npt.NDArray[np.float32], order: npt.NDArray[np.int64], largest: int) -> npt.NDArray[np.float64]:
    """Mean affinity within the first 2, 3, ... ``largest`` items of each row, (r, largest - 1), self-pairs left out.

    Parameters
    ----------
    block : ndarray of float32, (u, u)
        Affinity, symmetric; its diagonal does not count.
    order : ndarray of int64, (r, at least ``largest``)
        Items of each row from near to far.
    largest : int
        Of the neighbourhoods; from 2 to u.
    """
    totals = np.empty((len(order), largest - 1))
    with deferred_interrupts():  # the first use compiles
        _add_up(np.ascontiguousarray(block), np.ascontiguousarray(order[:, :largest]), totals)
    sizes = np.arange(2, largest + 1)
    return np.asarray(totals / (sizes * (sizes - 1.0)))


def compile_first() -> None:
    """Compile on the calling thread, where Ctrl-C can end it: on a worker it would have to wait."""
    nested_means(np.zeros((2, 2), np.float32), np.array([[0, 1]], np.int64), 2)


@kernel(nogil=True, error_model="numpy")
def _add_up(block, order, totals):  # type: ignore[no-untyped-def]
    """Each item that joins adds twice its affinity to those before it: a sum of rows, one of which is added a step."""
    joined = np.empty(block.shape[1])
    for row in range(order.shape[0]):
        joined[:] = block[order[row, 0]]
        total = 0.0
        for place in range(1, order.shape[1]):
            item = order[row, place]
            total += 2 * joined[item]
            totals[row, place - 1] = total
            affinity = block[item]
            for j in range(affinity.shape[0]):
                joined[j] += affinity[j]
