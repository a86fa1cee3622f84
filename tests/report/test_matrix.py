from __future__ import annotations

import base64
import io
import math

import numpy as np
import pytest
from PIL import Image

from repdiff.report.matrix import Scale, bar_scale, means_between, picture
from repdiff.results.clusters import AffinityMap
from repdiff.store.run import Run


def pixels(uri: str) -> np.ndarray:
    data = base64.b64decode(uri.removeprefix("data:image/png;base64,"))
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


def test_the_picture_has_the_strongest_cluster_at_the_top_left_and_one_as_the_middle() -> None:
    means = np.array([[1, 1, 0.2], [1, 1, 1], [0.2, 1, 5]], np.float32)
    shown = picture(AffinityMap(means, np.array([0, 0, 1], np.int32), np.array([3, 3, 2])))
    assert shown.bins == ((1, 1), (0, 2))
    assert shown.bound == pytest.approx(5)
    light = pixels(shown.light)
    assert light.shape == (3, 3, 3)
    assert light[0, 0, 0] > light[0, 0, 2] + 80  # 5: red
    assert light[0, 2, 2] > light[0, 2, 0] + 80  # 0.2: blue
    assert np.ptp(light[1, 1]) < 6
    assert light[1, 1].min() > 240
    assert pixels(shown.dark)[1, 1].max() < 70


def test_means_between_clusters_are_those_of_their_items(hostile_run: Run) -> None:
    for direction in (hostile_run.comparison.x_only, hostile_run.comparison.y_only):
        means = means_between(direction)
        np.testing.assert_allclose(means, means.T, rtol=1e-5)
        np.testing.assert_allclose(np.diag(means), [c.mean_affinity for c in direction.clusters], rtol=1e-3)


def test_a_scale_is_logarithmic_and_ends_where_it_says() -> None:
    scale = Scale(0.1, 10)
    assert [scale.position(value) for value in (0.1, 1, 10, 1000)] == pytest.approx([0, 0.5, 1, 1])
    assert scale.ticks == (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


def test_bars_leave_room_for_one_and_the_threshold(same_run: Run, hostile_run: Run) -> None:
    for run in (same_run, hostile_run):
        scale = bar_scale(run.comparison.x_only, 1.5)
        highest = max(cluster.mean_affinity for cluster in run.comparison.x_only.clusters)
        assert scale.low < 1 < 1.5 < scale.high
        assert highest < scale.high
        assert math.isfinite(scale.position(1.5))
