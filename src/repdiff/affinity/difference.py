"""Ranks -> difference -> affinity: elementwise, one formula for every engine.

With neighbour ranks N_X and N_Y, counted from 1 (RDC, equations 1 to 3)::

    G = tanh(gamma * (N_X - N_Y) / min(N_X, N_Y))        negative: closer in x than in y
    A = (exp(-beta * G) + exp(-beta * G)^T) / 2          affinity of x_only
    A = (exp(+beta * G) + exp(+beta * G)^T) / 2          affinity of y_only

The formula is written once, in :func:`difference_formula` and :func:`affinity_formula`, which take ``tanh``,
``minimum`` and ``exp`` from: NumPy for the public functions, the compiled scalars below for the exact engine, torch for
its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from repdiff.core.errors import RepdiffError
from repdiff.core.kernels import kernel
from repdiff.settings import MethodSettings, check_setting


def difference_formula(tanh: Callable[..., Any], minimum: Callable[..., Any]) -> Callable[..., Any]:
    """The rank difference G, from the functions of an array library or a compiler."""

    def difference(rank_x: Any, rank_y: Any, gamma: Any) -> Any:
        return tanh(gamma * (rank_x - rank_y) / minimum(rank_x, rank_y))

    return difference


def affinity_formula(exp: Callable[..., Any]) -> Callable[..., Any]:
    """The directed affinity exp(-beta G), from the functions of an array library or a compiler."""

    def affinity(difference: Any, beta: Any) -> Any:
        return exp(-beta * difference)

    return affinity


def rank_difference(
    ranks_x: npt.ArrayLike, ranks_y: npt.ArrayLike, *, gamma: float = MethodSettings.gamma
) -> npt.NDArray[np.float32]:
    """Signed, bounded difference of neighbour ranks; negative where a pair is closer in x than in y.

    Parameters
    ----------
    ranks_x, ranks_y : array_like of int, the same shape, usually (n, n)
        Neighbour ranks counted from 1, as :func:`repdiff.neighbor_ranks` returns them.
    gamma : float
        Slope; positive.

    Returns
    -------
    ndarray of float32, in [-1, 1]
        G of RDC, equation 2. Not symmetric.

    Raises
    ------
    RepdiffError
        If the shapes differ, a rank is below 1 or gamma is not positive.
    """
    x, y = np.asarray(ranks_x), np.asarray(ranks_y)
    if x.shape != y.shape:
        raise RepdiffError(f"ranks_x has shape {x.shape} and ranks_y {y.shape}; both must rank the same pairs")
    if x.size and min(x.min(), y.min()) < 1:
        raise RepdiffError(
            "neighbour ranks are counted from 1, but a rank below 1 was given; add 1 to ranks counted from 0"
        )
    check_setting(MethodSettings, "gamma", gamma)
    formula = difference_formula(np.tanh, np.minimum)
    # float64 inside, since squares of large ratios would lose digits; the bounded result needs no more than float32.
    return np.asarray(formula(x.astype(np.float64), y.astype(np.float64), gamma), dtype=np.float32)


def difference_affinity(difference: npt.ArrayLike, *, beta: float = MethodSettings.beta) -> npt.NDArray[np.float32]:
    """Symmetric affinity of a square difference matrix: high where pairs are closer in x than in y.

    Parameters
    ----------
    difference : array_like, (n, n)
        G, as :func:`rank_difference` returns it. Pass ``-G`` for the other direction.
    beta : float
        Sharpness; positive.

    Returns
    -------
    ndarray of float32, (n, n)
        A of RDC, equation 3, in [exp(-beta), exp(beta)]; 1 means "no change".

    Raises
    ------
    RepdiffError
        If the matrix is not square or beta is not positive.
    """
    G = np.asarray(difference)
    if G.ndim != 2 or G.shape[0] != G.shape[1]:
        raise RepdiffError(f"the difference must be a square matrix, but its shape is {G.shape}")
    check_setting(MethodSettings, "beta", beta)
    directed = affinity_formula(np.exp)(G, beta)
    return np.asarray((directed + directed.T) / 2, dtype=np.float32)


def directed_values(
    affinity: npt.NDArray[np.float32], opposite: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The two directed affinities of pairs, the weaker and the stronger, from their affinities in both directions.

    With e and f the directed values of a pair, a = (e + f) / 2 is its affinity in one direction and
    b = (1/e + 1/f) / 2 in the other, so that e f = a / b, and e, f = a -+ sqrt(a^2 - a / b). a and b do not tell which
    value is seen from which item.

    Parameters
    ----------
    affinity, opposite : ndarray of float32, the same shape
        a and b, positive.

    Returns
    -------
    weaker, stronger : ndarray of float64
        In the direction of ``affinity``.
    """
    a = affinity.astype(np.float64)
    product = a / opposite
    stronger = a + np.sqrt(np.maximum(a * a - product, 0))
    # a - root, written so that it loses no digits where the two directed values are far apart.
    weaker = product / stronger
    return weaker, np.maximum(weaker, stronger)  # of equal values rounding may make the weaker the larger one


# The compiled functions. A loop over them becomes SIMD code: no branch, no call, no check for a zero divisor.
# Their error is below 1e-6 relative, measured against float64 in the tests.
_FAST = {"fastmath": {"contract", "nsz", "nnan", "ninf"}, "error_model": "numpy"}
_LOG2_E = np.float32(1.44269504)
_LN2_HIGH, _LN2_LOW = np.float32(0.693359375), np.float32(-2.12194440e-4)
_ROUND_TO_INTEGER = np.float32(12582912.0)  # 1.5 * 2**23: adding it leaves round(v) in the low bits of the mantissa
_EXP_TAYLOR = tuple(np.float32(c) for c in (1 / 5040, 1 / 720, 1 / 120, 1 / 24, 1 / 6, 1 / 2))
_TANH_SATURATES = np.float32(9.0)  # tanh(9) is 1 in float32
_EXP_LIMIT = np.float32(87.0)  # exp(87) still fits into float32


@njit(**_FAST)
def _clip(v, limit):  # type: ignore[no-untyped-def]
    v = v if v < limit else limit
    return v if v > -limit else -limit


@njit(**_FAST)
def _exp(v):  # type: ignore[no-untyped-def]
    """exp(v) = 2^k exp(r) with |r| <= ln(2)/2: a Taylor polynomial in r, and k added to the exponent bits."""
    v = _clip(v, _EXP_LIMIT)
    shifted = np.float32(v * _LOG2_E + _ROUND_TO_INTEGER)
    k = shifted - _ROUND_TO_INTEGER
    r = (v - k * _LN2_HIGH) - k * _LN2_LOW
    c7, c6, c5, c4, c3, c2 = _EXP_TAYLOR
    p = (((((c7 * r + c6) * r + c5) * r + c4) * r + c3) * r + c2) * r * r + r + np.float32(1)
    bits = np.float32(p).view(np.int32) + (shifted.view(np.int32) << np.int32(23))
    return np.int32(bits).view(np.float32)


@njit(**_FAST)
def _tanh(v):  # type: ignore[no-untyped-def]
    e = _exp(np.float32(2) * _clip(v, _TANH_SATURATES))
    return (e - np.float32(1)) / (e + np.float32(1))


@njit(**_FAST)
def _minimum(a, b):  # type: ignore[no-untyped-def]
    return a if a < b else b


_difference = njit(**_FAST)(difference_formula(_tanh, _minimum))
_affinity = njit(**_FAST)(affinity_formula(_exp))


@kernel(nogil=True, **_FAST)
def directed_affinity(ranks_x, ranks_y, gamma, beta, out):  # type: ignore[no-untyped-def]
    """Write exp(-beta G) of two tiles of ranks (int32, (r, n)) into ``out`` (float32, (r, n))."""
    for row in range(out.shape[0]):
        rank_x, rank_y, target = ranks_x[row], ranks_y[row], out[row]
        for j in range(target.shape[0]):
            G = _difference(np.float32(rank_x[j]), np.float32(rank_y[j]), gamma)
            target[j] = _affinity(G, beta)


@kernel(nogil=True)
def leave_out_others(row_groups, groups, directed):  # type: ignore[no-untyped-def]
    """Set the entries of a tile (float32, (r, n)) whose two items are in different groups (int32) to 1, no change."""
    for row in range(directed.shape[0]):
        own, target = row_groups[row], directed[row]
        for j in range(target.shape[0]):
            if groups[j] != own:
                target[j] = np.float32(1)
