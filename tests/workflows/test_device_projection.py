"""The projection on torch's CPU device: that of the host."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")

import repdiff
from repdiff.core.device import Device
from repdiff.workflows import device_projection, projection

CPU = Device.named("cpu", tf32=False)


@pytest.mark.parametrize(("d", "dtype"), [(1, np.float64), (2, np.float32), (70, np.float64)])
def test_components_are_those_of_the_host(d, dtype, monkeypatch):
    monkeypatch.setattr(device_projection, "_ROWS_AT_A_TIME", 256)
    values = (np.random.default_rng(0).normal(size=(900, d)) * np.geomspace(30, 1, d) + 1000).astype(dtype)
    before = values.copy()
    expected, found = projection.project_side(values), projection.project_side(values, device=CPU)
    assert found.explained == pytest.approx(expected.explained, rel=1e-4)
    np.testing.assert_allclose(found.coordinates, expected.coordinates, atol=1e-3)
    np.testing.assert_array_equal(values, before)


def test_few_directions_give_few_components():
    values = np.outer(np.random.default_rng(0).normal(size=50), [1.0, 2.0, 0.0, -1.0])
    found = projection.project_side(values, device=CPU)
    assert found.explained == pytest.approx((1, 0), abs=1e-6)
    assert np.abs(found.coordinates[:, 1]).max() < 1e-6 < np.abs(found.coordinates[:, 0]).max()


def test_a_comparison_on_a_device_projects_there(pair_xy, monkeypatch, tmp_path):
    seen = []
    components_on = device_projection.components_on

    def noted(values, *rest):
        seen.append(values.shape)
        return components_on(values, *rest)

    monkeypatch.setattr(projection, "components_on", noted)
    np.save(tmp_path / "x.npy", pair_xy[0])
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")  # which torch may not write to
    found = repdiff.compare(mapped, pair_xy[1], n_clusters=4, engine="torch", device="cpu", evidence=False)
    assert seen == [mapped.shape, pair_xy[1].shape]
    host = repdiff.compare(*pair_xy, n_clusters=4, evidence=False)
    np.testing.assert_allclose(found.projection.x, host.projection.x, atol=1e-3)
    np.testing.assert_array_equal(found.y_only.labels, host.y_only.labels)
