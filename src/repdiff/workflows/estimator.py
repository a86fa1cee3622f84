"""The scikit-learn adapter: it stores arguments, and ``fit`` validates and calls the steps."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator
from sklearn.utils import check_consistent_length
from sklearn.utils.validation import check_array, validate_data

from repdiff.affinity.base import to_dense
from repdiff.affinity.distances import ranked
from repdiff.affinity.engines import compute_affinities
from repdiff.clustering.cluster import cluster_affinity
from repdiff.clustering.order import find_clusters
from repdiff.clustering.representatives import Contrast
from repdiff.core.metrics import metrics_of
from repdiff.settings import EstimatorOptions, documents, initialises


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
            For a parameter that cannot have its value, and for more memory than there is; before any work is done.
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
        affinities = compute_affinities(
            X, Y, engine=settings.engine, device=settings.device, gamma=settings.gamma, beta=settings.beta,
            metric=settings.metric, memory_limit=settings.memory_bytes, n_jobs=settings.n_jobs,
        )  # fmt: skip
        affinity = affinities.x_only
        found = cluster_affinity(
            affinity, settings.n_clusters, clusterer=settings.clusterer, random_state=settings.random_state
        )
        self.affinity_ = to_dense(affinity)
        self.labels_, self.clusters_ = find_clusters(
            found,
            Contrast(affinity, affinities.y_only, ranked(X, metric=metrics[0]), ranked(Y, metric=metrics[1])),
            no_change_threshold=settings.no_change_threshold,
            n_representatives=settings.n_representatives,
            representatives=settings.representatives,
        )
        return self

    def fit_predict(self, X: Any, y: Any = None) -> npt.NDArray[np.int32]:
        """Find the clusters and return ``labels_``; see :meth:`fit`."""
        return self.fit(X, y).labels_

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.two_d_labels = True
        return tags
