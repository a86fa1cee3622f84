from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import estimator_checks_generator

from repdiff import DifferenceClustering, RepdiffError, compare

# Checks of scikit-learn that do not suit an estimator of two matrices, and why. Those of clusterers, classifiers,
# regressors and transformers are chosen by mixins that it does not have, because each of them calls fit with one
# matrix, or compares labels with a target.
_ONE_MATRIX = "calls predict with one matrix; the laws are tested below and in test_assign.py with two"
UNSUITED = dict.fromkeys(
    [
        "check_estimators_dtypes", "check_dtype_object", "check_estimators_pickle",
        "check_f_contiguous_array_estimator",
        "check_methods_sample_order_invariance", "check_methods_subset_invariance", "check_dict_unchanged",
        "check_fit_idempotent",
    ],
    _ONE_MATRIX,
)  # fmt: skip
# Checks that this machine cannot run, and why.
NOT_RUN_HERE = {"check_array_api_input": "needs SciPy's array API mode, which is switched on before SciPy is imported"}

CHECKS = [
    (estimator, check)
    for estimator, check in estimator_checks_generator(DifferenceClustering(n_clusters=2))
    if check.func.__name__ not in {**UNSUITED, **NOT_RUN_HERE}
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@pytest.mark.parametrize(("estimator", "check"), CHECKS, ids=[check.func.__name__ for _, check in CHECKS])
def test_scikit_learn_s_check(estimator, check) -> None:
    check(estimator)


def test_nearly_all_checks_are_run() -> None:
    assert len(CHECKS) >= 32


def test_it_finds_what_compare_finds(pair_xy) -> None:
    found = DifferenceClustering(n_clusters=4, random_state=2).fit(*pair_xy)
    expected = compare(*pair_xy, n_clusters=4, random_state=2, evidence=False).x_only
    np.testing.assert_array_equal(found.labels_, expected.labels)
    assert [c.mean_affinity for c in found.clusters_] == [c.mean_affinity for c in expected.clusters]
    assert found.affinity_.shape == (300, 300)
    np.testing.assert_array_equal(found.affinity_, found.affinity_.T)


def test_predict_puts_the_samples_of_fit_where_fit_put_them(pair_xy) -> None:
    x, y = pair_xy
    fitted = DifferenceClustering(n_clusters=4).fit(x, y)
    before = dict(vars(fitted))
    found = fitted.predict(x, y)
    assert np.mean(found == fitted.labels_) >= 0.95
    assert vars(fitted) == before
    assert found.dtype == np.int32
    order = np.random.default_rng(0).permutation(len(x))
    np.testing.assert_array_equal(fitted.predict(x[order], y[order]), found[order])
    np.testing.assert_array_equal(fitted.predict(x[7:90], y[7:90]), found[7:90])
    np.testing.assert_array_equal(fitted.predict(np.asfortranarray(x), y.astype(object)), found)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted)).predict(x, y), found)
    np.testing.assert_array_equal(clone(fitted).fit(x, y).predict(x, y), found)


def test_predict_refuses_what_it_cannot_place(pair_xy) -> None:
    x, y = pair_xy
    fitted = DifferenceClustering(n_clusters=3).fit(x, y)
    with pytest.raises(NotFittedError):
        DifferenceClustering(3).predict(x, y)
    with pytest.raises(ValueError, match="requires y"):
        fitted.predict(x)
    with pytest.raises(ValueError, match="y has 3 columns, but fit had 9"):
        fitted.predict(x, y[:, :3])
    distances = np.linalg.norm(x[:, None] - x[None], axis=2)
    with pytest.raises(RepdiffError, match="predict needs embeddings"):
        DifferenceClustering(3, metric=("precomputed", "euclidean")).fit(distances, y).predict(distances, y)


def test_it_is_cloned_and_pickled_whole(pair_xy) -> None:
    estimator = DifferenceClustering(n_clusters=3, gamma=0.2)
    assert clone(estimator).get_params() == estimator.get_params()
    fitted = estimator.fit(*pair_xy)
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.labels_, fitted.labels_)
    np.testing.assert_array_equal(again.fit_predict(*pair_xy), fitted.labels_)


def test_one_column_of_targets_is_a_matrix_of_one_column(pair_xy) -> None:
    x, y = pair_xy
    flat, column = (DifferenceClustering(3).fit(x, target).labels_ for target in (y[:, 0], y[:, :1]))
    np.testing.assert_array_equal(flat, column)


@pytest.mark.parametrize("wrong", [{"gamma": -1}, {"gamma": float("nan")}, {"beta": 200}, {"n_representatives": 0}])
def test_values_out_of_range_are_refused_as_in_compare(pair_xy, wrong) -> None:
    with pytest.raises(RepdiffError, match=f"{next(iter(wrong))} must be"):
        DifferenceClustering(3, **wrong).fit(*pair_xy)
