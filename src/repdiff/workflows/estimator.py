"""The scikit-learn adapter: it stores arguments, and ``fit`` validates and calls the steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from repdiff.affinity.base import to_dense
from repdiff.affinity.representation import Representation
from repdiff.core.errors import RepdiffError
from repdiff.core.metrics import metrics_of
from repdiff.core.parallel import resolve_n_jobs
from repdiff.settings import EstimatorOptions, documents, initialises
from repdiff.workflows.direction import FoundClusters, contrasts_of, find_direction
from repdiff.workflows.extension import Extension, Rule, Values
from repdiff.workflows.reference import MOST_ITEMS, draw_items, places_of


@documents(EstimatorOptions)
class DifferenceClustering(BaseEstimator):
    """Clusters of items that sit close together in X and far apart in Y.

    Used as the estimators of ``sklearn.cross_decomposition`` are: ``fit(X, Y)``, where scikit-learn calls the second
    matrix ``y``.

    Attributes
    ----------
    labels_ : ndarray of int32, (n_samples,)
        Cluster of each sample; 0 is the cluster of lowest mean affinity.
    affinity_ : ndarray of float32, (n_samples, n_samples)
        The symmetric affinity.
    clusters_ : tuple of DifferenceCluster
        Low to high mean affinity.
    n_features_in_ : int
        Features of X.

    See Also
    --------
    repdiff.compare : Both directions at once, without the dense affinity, with a report.

    Examples
    --------
    >>> import numpy as np
    >>> from repdiff import DifferenceClustering
    >>> rng = np.random.default_rng(0)
    >>> X, Y = rng.normal(size=(60, 4)), rng.normal(size=(60, 3))
    >>> DifferenceClustering(n_clusters=3).fit(X, Y).labels_.shape
    (60,)
    """

    @initialises(EstimatorOptions)
    def __init__(self, **parameters: Any) -> None:
        for name, value in parameters.items():
            setattr(self, name, value)

    def fit(self, X: Any, y: Any = None) -> Self:
        """Find the clusters.

        Parameters
        ----------
        X, y : array_like, (n_samples, n_features) and (n_samples, n_targets)
            Two representations of the same samples; a y of one dimension is one column.

        Returns
        -------
        self

        Raises
        ------
        RepdiffError
            For a parameter out of its range, and for more memory than there is; before any work is done.
        """
        settings = EstimatorOptions(**self.get_params(deep=False))
        if y is None:
            raise ValueError("DifferenceClustering requires y to be passed, but the target y is None")
        X = validate_data(self, X, dtype=(np.float64, np.float32), order="C", ensure_min_samples=2)
        Y = check_array(y, dtype=(np.float64, np.float32), order="C", ensure_2d=False, input_name="y")
        Y = Y.reshape(len(Y), -1)
        check_consistent_length(X, Y)
        metrics = metrics_of(settings.metric)
        for name, metric, values in (("X", metrics[0], X), ("y", metrics[1], Y)):
            if metric == "precomputed" and values.shape[0] != values.shape[1]:
                raise ValueError(f"{name} must be a square matrix of distances, but has shape {values.shape}")
        contrast = contrasts_of(Representation(X, metrics[0]), Representation(Y, metrics[1]), settings).x_only
        found = find_direction(contrast, settings)
        self.affinity_ = to_dense(contrast.affinity)
        self.labels_, self.clusters_ = found.labels, found.clusters
        self._fitted = None if "precomputed" in metrics else _Fitted.of(found, (X, Y), settings)
        return self

    def predict(self, X: Any, y: Any = None) -> npt.NDArray[np.int32]:
        """The clusters of new samples, where ``fit`` would have put them; see :func:`repdiff.assign`.

        Parameters
        ----------
        X, y : array_like, (n_new, n_features) and (n_new, n_targets)
            Both representations of the new samples.

        Returns
        -------
        ndarray of int32, (n_new,)
            Values of ``labels_``. New samples are ranked among those of ``fit``, but not among each other.
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=(np.float64, np.float32), order="C", reset=False)
        if y is None:
            raise ValueError("DifferenceClustering requires y to be passed, but the target y is None")
        Y = check_array(y, dtype=(np.float64, np.float32), order="C", ensure_2d=False, input_name="y")
        Y = Y.reshape(len(Y), -1)
        check_consistent_length(X, Y)
        if self._fitted is None:
            raise RepdiffError(
                "predict needs embeddings (not distances) and the spectral clusterer; fit without metric "
                '"precomputed" and without clusterer='
            )
        if Y.shape[1] != self._fitted.values[1].shape[1]:
            raise ValueError(f"y has {Y.shape[1]} columns, but fit had {self._fitted.values[1].shape[1]}")
        settings = EstimatorOptions(**self.get_params(deep=False))
        return self._fitted.extension(settings)((X, Y))["x_only"].labels

    def fit_predict(self, X: Any, y: Any = None) -> npt.NDArray[np.int32]:
        """Find the clusters and return ``labels_``; see :meth:`fit`."""
        return self.fit(X, y).labels_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.two_d_labels = True
        return tags


@dataclass(frozen=True)
class _Fitted:
    """What ``predict`` needs of ``fit``."""

    values: Values
    weights: npt.NDArray[np.float64]
    rule: Rule

    @classmethod
    def of(cls, found: FoundClusters, values: Values, settings: EstimatorOptions) -> _Fitted | None:
        if found.coordinates is None:
            return None
        rng = np.random.default_rng(settings.random_state)
        rows, weights = draw_items([found.labels], MOST_ITEMS, rng)
        places = places_of(found, rows)
        rule = Rule.of(found.labels[rows], weights, places, found.clusters, settings.no_change_threshold)
        return cls((values[0][rows], values[1][rows]), weights, rule)

    def extension(self, settings: EstimatorOptions) -> Extension:
        return Extension(
            self.values, self.weights, metrics_of(settings.metric), gamma=settings.gamma, beta=settings.beta,
            rules={"x_only": self.rule}, n_jobs=resolve_n_jobs(settings.n_jobs),
        )  # fmt: skip
