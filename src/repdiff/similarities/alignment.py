"""Maps y into the space of x before the two are compared, and measures the fit on held-out items.

Each map is fitted on a random part of the items and applied to all. With X and Y the fitted rows, columns centred:

"procrustes": the rotation Q and scale s that minimise ||X - s Y Q||. With Y^T X = U S V^T, Q = U V^T and
s = tr S / ||Y||^2 (Schönemann, Psychometrika 1966). If y has more dimensions than x, the rest of y is kept as further
columns, so that no distance within y changes: with the Euclidean metric, neighbour ranks and the comparison are the
same as without alignment. It only measures the fit.

"linear": the W that minimises ||X - Y W||^2 + lambda ||W||^2, which is (Y^T Y + lambda I)^-1 Y^T X.

"cka": the W that maximises linear CKA of X and Y W. With K = X X^T and P = W W^T, a positive semidefinite matrix,

    CKA = <Y^T K Y, P> / (||K|| ||Y P Y^T||).

Let C = Y^T Y and A = C^1/2 P C^1/2, which has the norm of Y P Y^T. The numerator is <C^-1/2 Y^T K Y C^-1/2, A>, a
scalar product, so by Cauchy and Schwarz it is largest, for a given norm of A, if A is that matrix, which is positive
semidefinite and thus allowed. Then P = C^-1 Y^T X X^T Y C^-1, and W = C^-1 Y^T X: least squares, up to a rotation of
the output, which does not change CKA. With C + lambda I for C, which keeps small directions of y from being amplified,
it is the ridge solution above. So "linear" and "cka" are one family of maps, derived here from the definition of CKA;
they differ in the measure that chooses lambda and is reported as fit: R^2, or the debiased CKA, which extra dimensions
do not raise.

lambda is chosen among powers of ten times the mean eigenvalue of C, on a held-out quarter of the fitted rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from repdiff.core.errors import InputError
from repdiff.inputs.pair import EmbeddingPair, make_pair
from repdiff.settings import AlignCall, AlignmentSettings, AlignMethod, FittingSettings, check_setting, takes
from repdiff.similarities import debiased_cka

_Floats: TypeAlias = npt.NDArray[np.float64]
_Judge: TypeAlias = Callable[[_Floats, _Floats], float]

_SHARE_SET_APART = 0.25
_FEWEST_APART = 4  # what debiased CKA needs
_FEWEST = 2 * _FEWEST_APART  # rows in each part
_RIDGES = 10.0 ** np.arange(-10, 4)  # of the mean eigenvalue of C; of its n largest, if y has more columns than n
_OVERFITTED = 0.2  # a larger gap between the two fits gives a warning


@dataclass(frozen=True)
class Alignment:
    """y in the space of x, and the quality of the fit.

    Attributes
    ----------
    method : {"none", "procrustes", "linear", "cka"}
        The map.
    y : ndarray, (n, d)
        y in the space of x: d is d_x; for "procrustes" with d_y above d_x there are further columns, and x has zeros
        there. For "none" y as it was.
    measure : {"R2", "CKA"} or None
        The measure of fit: share of the variance of x that aligned y explains, at most 1, below 0 if the mean of x
        would explain more; or debiased linear CKA, in [-1, 1]. None for "none".
    fit, held_out : float or None
        Fit on the fitted rows, and on the others; only the second says how good the alignment is.
    n_fit, n_held_out : int
        Numbers of these rows.
    parameters : mapping of str to float
        "ridge" (lambda over the mean eigenvalue of C, above), or "scale".
    """

    method: AlignMethod
    y: npt.NDArray[Any]
    measure: Literal["R2", "CKA"] | None
    fit: float | None
    held_out: float | None
    n_fit: int
    n_held_out: int
    parameters: Mapping[str, float]

    @property
    def facts(self) -> dict[str, Any]:
        """Everything except the values, for the manifest."""
        return {
            "method": self.method,
            "measure": self.measure,
            "fit": self.fit,
            "held_out": self.held_out,
            "n_fit": self.n_fit,
            "n_held_out": self.n_held_out,
            **self.parameters,
        }

    @property
    def is_overfitted(self) -> bool:
        """Whether the fit is much lower on rows it was not fitted on."""
        return self.fit is not None and self.held_out is not None and self.fit - self.held_out > _OVERFITTED


@takes(AlignCall)
def align(call: AlignCall) -> Alignment:
    """The items of y in the space of x, by a map that is fitted on some items and tested on the others.

    Parameters
    ----------
    x, y : array_like (n, d_x) and (n, d_y), table, or path
        Embeddings of the same items, as for :func:`repdiff.compare`. x is unchanged.

    Returns
    -------
    Alignment
        Rows of its ``y`` are in the order of x.

    Raises
    ------
    RepdiffError
        For input that cannot be used, an unknown method, too few items to fit and to test, or numbers so large that the
        aligned y overflows its float type.
    """
    pair = make_pair(call.x, call.y, match=call.match, any_scale=True)
    return _align(
        pair.x, pair.y, call.method, test_share=call.test_share, ridge=call.ridge, random_state=call.random_state
    )


def align_pair(pair: EmbeddingPair, method: AlignMethod, *, random_state: int | None = 0) -> EmbeddingPair:
    """The pair with aligned y, its facts and warnings; the same pair for "none".

    Raises
    ------
    InputError
        For an unknown method, a side given as distances, too few items, or an aligned y without spread.
    """
    check_setting(AlignmentSettings, "align", method)
    if method == "none":
        return pair
    if "precomputed" in pair.metrics:
        raise InputError(f"align={method!r} needs embeddings on both sides, but one is a matrix of distances")
    found = _align(pair.x, pair.y, method, random_state=random_state)
    if (found.y == found.y[0]).all():
        raise InputError(
            f"all rows of y are the same after align={method!r}, since y says nothing about x "
            "on the items that the map was fitted on; compare without alignment"
        )
    warnings = pair.warnings
    if found.is_overfitted:
        warnings = (
            *warnings,
            f"the {method} alignment is overfitted: {found.measure} is {found.fit:.2f} on the items it was fitted on "
            f"and {found.held_out:.2f} on the others",
        )
    facts = {**found.facts, "shape_before": list(pair.y.shape)}
    return replace(pair, y=np.ascontiguousarray(found.y), alignment=facts, warnings=warnings)


def _align(
    x: npt.NDArray[Any],
    y: npt.NDArray[Any],
    method: AlignMethod,
    *,
    test_share: float = FittingSettings.test_share,
    ridge: float | None = None,
    random_state: int | None,
) -> Alignment:
    if method == "none":
        return Alignment(method, y, None, None, None, 0, 0, {})
    fitted, held_out = _split(len(x), test_share, random_state)
    target, exponent = _scaled(x.astype(np.float64))
    source, exponent_y = _scaled(y.astype(np.float64))
    source = _narrow(source)
    origin = target[fitted].mean(axis=0)
    target -= origin
    source -= source[fitted].mean(axis=0)
    judge = _cka if method == "cka" else _r2
    if method == "procrustes":
        aligned, scale = _rotated(target, source, fitted)
        parameters = {"scale": float(_times_power(np.float64(scale), exponent - exponent_y, np.dtype(np.float64)))}
        target = np.pad(target, ((0, 0), (0, aligned.shape[1] - target.shape[1])))
        origin = np.pad(origin, (0, aligned.shape[1] - len(origin)))
    else:
        aligned, ridge = _mapped(target, source, fitted, judge, ridge)
        parameters = {"ridge": ridge}
    return Alignment(
        method=method,
        y=_times_power(aligned + origin, exponent, np.result_type(x.dtype, y.dtype)),
        measure="CKA" if method == "cka" else "R2",
        fit=judge(target[fitted], aligned[fitted]),
        held_out=judge(target[held_out], aligned[held_out]),
        n_fit=len(fitted),
        n_held_out=len(held_out),
        parameters=parameters,
    )


def _split(n: int, test_share: float, random_state: int | None) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Rows to fit on and rows to test on, in random order."""
    n_held_out = round(n * test_share)
    if min(n_held_out, n - n_held_out) < _FEWEST:
        raise InputError(
            f"{n:,} items are too few to fit an alignment and test it on {test_share:.0%} of them: "
            f"each part needs at least {_FEWEST}"
        )
    order = np.random.default_rng(random_state).permutation(n)
    return order[n_held_out:], order[:n_held_out]


def _rotated(target: _Floats, source: _Floats, fitted: npt.NDArray[np.int64]) -> tuple[_Floats, float]:
    """All rows of y rotated and scaled, and the scale."""
    spread = float(np.vdot(source[fitted], source[fitted]))
    is_wider = source.shape[1] > target.shape[1]
    left, sizes, right = np.linalg.svd(source[fitted].T @ target[fitted], full_matrices=is_wider)
    k = target.shape[1]
    rotation = np.hstack([left[:, :k] @ right, left[:, k:]]) if is_wider else left @ right
    scale = float(sizes.sum() / spread) if spread else 1.0
    return scale * (source @ rotation), scale


def _mapped(
    target: _Floats, source: _Floats, fitted: npt.NDArray[np.int64], judge: _Judge, ridge: float | None
) -> tuple[_Floats, float]:
    """All rows of y mapped, and the penalty, which is chosen if None."""
    if ridge is None:
        n_apart = max(_FEWEST_APART, round(len(fitted) * _SHARE_SET_APART))
        apart, rest = fitted[:n_apart], fitted[n_apart:]
        trial = _Ridge(target[rest], source[rest])
        scores = [judge(target[apart], guess) for guess in trial.guesses(source[apart], _RIDGES)]
        ridge = float(_RIDGES[int(np.argmax(scores))])
    (aligned,) = _Ridge(target[fitted], source[fitted]).guesses(source, [ridge])
    return aligned, ridge


class _Ridge:
    """Least squares with every penalty at once, from one eigendecomposition."""

    def __init__(self, target: _Floats, source: _Floats) -> None:
        from scipy.linalg import eigh

        # Rows of a part are not exactly centred, so the part's own means are used.
        self._origin, self._mean = target.mean(axis=0), source.mean(axis=0)
        source = source - self._mean
        values, self._vectors = eigh(source.T @ source, driver="evr")
        self._values = np.maximum(values, 0)
        self._products = self._vectors.T @ (source.T @ (target - self._origin))

    def guesses(self, source: _Floats, ridges: Iterable[float]) -> Iterator[_Floats]:
        """Predictions of x from some rows of y, for each penalty; lambda over the mean eigenvalue."""
        turned = (source - self._mean) @ self._vectors
        unit = float(self._values.mean())
        # Directions of rounding size are dropped, since they would be amplified without a penalty.
        keep = self._values > 1e-12 * self._values[-1]
        for ridge in ridges:
            yield self._origin + (turned[:, keep] / (self._values[keep] + ridge * unit)) @ self._products[keep]


def _r2(target: _Floats, guess: _Floats) -> float:
    """Share of the squares of the target, centred on the mean of the fitted rows, that the guess explains."""
    total = float(np.vdot(target, target))
    missed = target - guess
    return 1 - float(np.vdot(missed, missed)) / total if total else 0.0


def _cka(target: _Floats, guess: _Floats) -> float:
    return debiased_cka(target, guess)


def _scaled(values: _Floats) -> tuple[_Floats, int]:
    """The values over the power of two that brings the largest to about one, and its exponent; no square overflows."""
    exponent = int(np.frexp(np.abs(values).max())[1])
    return np.ldexp(values, -exponent), exponent


def _times_power(values: Any, exponent: int, dtype: np.dtype[Any]) -> Any:
    """The values times a power of two, as floats of that type."""
    with np.errstate(over="ignore"):
        found = np.ldexp(values, exponent).astype(dtype)
    if not np.isfinite(found).all():
        raise InputError(
            f"y aligned with x is too large for {dtype}; divide both sides so that their values are nearer to one"
        )
    return found


def _narrow(values: _Floats) -> _Floats:
    """The rows, rotated so that they have at most n columns."""
    n, d = values.shape
    if d <= n:
        return values
    upper: _Floats = np.asarray(np.linalg.qr(values.T, mode="r"))
    return upper.T.copy()
