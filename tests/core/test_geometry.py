from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from repdiff.core.geometry import (
    lengths,
    nearest_first,
    neighbor_places,
    rotation_onto,
    squared_distances,
    squared_norms,
    unit_rows,
)


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-5), (np.float64, 1e-12)])
def test_squared_distances_are_scipys(dtype, tolerance):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(70, 9)).astype(dtype), rng.normal(size=(130, 9)).astype(dtype)
    found = squared_distances(a, b, squared_norms(a).astype(dtype), squared_norms(b).astype(dtype))
    assert found.dtype == dtype
    np.testing.assert_allclose(found, cdist(a, b, "sqeuclidean"), rtol=tolerance, atol=tolerance)


def test_rounding_makes_no_distance_negative():
    values = 1000 + np.random.default_rng(0).normal(size=(200, 5))
    norms = squared_norms(values)
    product = norms[:, None] + norms - 2 * values @ values.T
    assert product.min() < 0
    assert squared_distances(values, values, norms, norms).min() == 0


def test_float32_rows_are_summed_in_float64():
    values = np.random.default_rng(0).normal(size=(100, 1000)).astype(np.float32)
    expected = (values.astype(np.float64) ** 2).sum(axis=1)
    np.testing.assert_allclose(squared_norms(values), expected, rtol=1e-14)
    np.testing.assert_allclose(lengths(values), np.sqrt(expected), rtol=1e-14)


def test_rows_have_length_one_but_for_rows_of_zeros():
    units = unit_rows(np.array([[3.0, 4.0], [0.0, 0.0], [0.0, -2.0]]))
    np.testing.assert_allclose(units, [[0.6, 0.8], [0, 0], [0, -1]])


@pytest.mark.parametrize("dtype", [np.int32, np.float32, np.float64])
def test_own_columns_come_first_and_ties_keep_their_order(dtype):
    distances = np.array([[5, 1, 1, 0], [2, 2, 9, 2]], dtype)
    own = np.array([0, 2])
    assert nearest_first(distances, own).tolist() == [[0, 3, 1, 2], [2, 0, 1, 3]]
    assert neighbor_places(distances, own).tolist() == [[1, 3, 4, 2], [2, 3, 1, 4]]
    assert distances[0, 0] == 5  # what was given is left as it is


def test_no_other_rotation_or_scale_comes_nearer():
    rng = np.random.default_rng(0)
    target, given = rng.normal(size=(60, 4)), rng.normal(size=(60, 4))
    rotation, scale = rotation_onto(target, given)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(4), atol=1e-12)
    best = np.linalg.norm(target - scale * given @ rotation)
    for _ in range(50):
        nearly = np.linalg.qr(rotation + 0.05 * rng.normal(size=(4, 4)))
        other = nearly[0] * np.sign(np.diagonal(nearly[1]))
        assert np.linalg.norm(target - scale * given @ other) >= best
    assert np.linalg.norm(target - 1.01 * scale * given @ rotation) > best
    assert rotation_onto(target, np.zeros((60, 4)))[1] == 0
