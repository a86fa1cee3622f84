"""Canonical correlations: which directions of x are also directions of y, whatever their size.

With orthonormal bases of the columns of x and of y, the canonical correlations are the singular values of the product
of the bases (Björck & Golub, Mathematics of Computation 1973). They need many more items than dimensions: with n at
most d every correlation is 1, whatever the data.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.core.errors import InputError
from repdiff.similarities.points import Floats, Points, Rows, both, without_spread

EXPLAINED = 0.99
_ALL = slice(None)


def svcca(x: Any, y: Any, *, explained: float = EXPLAINED) -> float:
    """Mean canonical correlation of leading directions, in [0, 1]; 1 for identical (Raghu et al., NeurIPS 2017).

    Each side is first cut to the principal directions that hold 99 % of its variance. Unchanged by rotation, isotropic
    scale and shift; with ``explained=1`` by any invertible linear map.

    Parameters
    ----------
    x, y : array_like, (n, d_x) and (n, d_y)
        The same items in both; n should be many times d.
    explained : float
        Share of the variance to keep, above 0 and at most 1.

    Raises
    ------
    InputError
        Where one is no finite numeric matrix, their rows differ in number, or ``explained`` is no share.
    """
    x, y = both(x, y)
    if not 0 < explained <= 1:
        raise InputError(f"explained must be a share above 0 and at most 1, but is {explained}")
    return svcca_of_points(x, y, explained=explained)


def svcca_of_points(x: Points, y: Points, *, explained: float = EXPLAINED, order: Rows = _ALL) -> float:
    """The same, with the items of y in another order."""
    if (value := without_spread(x, y)) is not None:
        return value
    basis_x, basis_y = (side.principal[0][:, : _n_kept(side, explained)] for side in (x, y))
    overlap = basis_x.T @ basis_y[order]
    return min(1.0, float(_roots(np.linalg.eigvalsh(_square(overlap))).mean()))


def pwcca(x: Any, y: Any) -> float:
    """Canonical correlations weighted by how much of the side each direction explains, in [0, 1]; 1 for identical.

    Morcos, Raghu & Bengio (NeurIPS 2018, section 3.2): the weight of a canonical direction is the sum over the columns
    of x of the magnitude of their products with it. The paper leaves open whose columns; here they are those of the
    side of lower rank, each of whose directions has a partner, and of x where both have the same. So it is not quite
    symmetric. Unchanged by isotropic scale and shift, and by any invertible linear map of the side that is not
    weighted; a rotation of the weighted side changes the weights, but leaves 1 at 1. If several correlations are equal,
    such as those that are 1 for n below d_x + d_y, their directions and weights are not unique; the score is then
    accurate to about three digits.

    Parameters
    ----------
    x, y : array_like, (n, d_x) and (n, d_y)
        The same items in both; n should be many times d. Directions with less than a millionth of the spread of the
        largest count as absent.

    Raises
    ------
    InputError
        Where one is no finite numeric matrix, or their rows differ in number.
    """
    return pwcca_of_points(*both(x, y))


def pwcca_of_points(x: Points, y: Points, *, order: Rows = _ALL) -> float:
    """The same, with the items of y in another order."""
    from scipy.linalg import eigh

    if (value := without_spread(x, y)) is not None:
        return value
    overlap = x.principal[0].T @ y.principal[0][order]
    weighted = x
    if overlap.shape[0] > overlap.shape[1]:
        overlap, weighted = overlap.T, y
    squares, turned = eigh(_square(overlap), driver="evr")
    correlations = _roots(squares)
    # Reordered items of a side have the same products with its own axes.
    weights = np.abs(turned.T @ (weighted.principal[0].T @ weighted.values)).sum(axis=1)
    return min(1.0, float(weights @ correlations / weights.sum()))


def _square(overlap: Floats) -> Floats:
    """The smaller square of the overlap of two bases; its eigenvalues are the squared canonical correlations.

    They take a tenth of the time of singular values, and only correlations below 1e-8 are lost.
    """
    rows, columns = overlap.shape
    return overlap @ overlap.T if rows <= columns else overlap.T @ overlap


def _roots(squares: npt.NDArray[np.floating[Any]]) -> Floats:
    return np.asarray(np.sqrt(np.clip(squares, 0, 1)), np.float64)


def _n_kept(side: Points, explained: float) -> int:
    """Number of leading directions that hold a share of the variance."""
    variances = np.cumsum(side.principal[1])
    # Rounding of the sum must not add a direction.
    return int(np.searchsorted(variances, explained * variances[-1] * (1 - 1e-12)) + 1)
