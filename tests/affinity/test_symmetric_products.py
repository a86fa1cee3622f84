from __future__ import annotations

import numpy as np
import oracle
import pytest

from repdiff.affinity import exact
from repdiff.affinity.base import to_dense
from repdiff.affinity.engines import compute_affinities
from repdiff.affinity.exact import Exact
from repdiff.affinity.ranks import RankedEmbedding
from repdiff.affinity.symmetric_products import SymmetricProducts
from repdiff.core.parallel import for_each_tile, row_tiles


class Counting(RankedEmbedding):
    """Counts the products that are computed."""

    computed = 0

    def products(self, rows, columns, out):
        super().products(rows, columns, out)
        self.computed += out.size


@pytest.mark.parametrize(("width", "share"), [(300, 1 - 3 / 8), (150, 1 - 7 / 32), (40, 1.0)])
def test_kept_products_are_those_computed_afresh(pair_xy, width, share):
    embeddings = [Counting(values) for values in pair_xy]
    mirror = SymmetricProducts(embeddings, np.full((300, width), np.nan, np.float32), 25)
    out = np.empty((2, 300, 300), np.float32)

    def write(rows):
        for side in (0, 1):
            mirror.write(side, rows, out[side, rows])

    for_each_tile(write, row_tiles(300, 25), n_jobs=3)
    for side, embedding in enumerate(embeddings):
        centred = pair_xy[side] - pair_xy[side].mean(axis=0, dtype=np.float64)
        scale = np.abs(pair_xy[side]).max()
        expected = centred @ centred.T
        np.testing.assert_allclose(out[side] * (expected[0, 0] / out[side, 0, 0]), expected, atol=1e-5 * scale**2)
        assert abs(embedding.computed / 300**2 - share) < 0.06  # tiles are computed whole


@pytest.mark.usefixtures("threaded_libraries")
@pytest.mark.parametrize("bits", [32, 16, 8])
def test_affinities_from_kept_products_equal_the_oracle(pair_xy, bits, monkeypatch):
    monkeypatch.setattr(exact, "_TILE_ROWS", 16)
    one, two = (compute_affinities(*pair_xy, engine=Exact(bits=bits), n_jobs=n_jobs) for n_jobs in (1, 2))
    np.testing.assert_array_equal(one.x_only.store.data, two.x_only.store.data)
    for affinity, expected in zip((one.x_only, one.y_only), oracle.affinities(*pair_xy), strict=True):
        error = np.abs(np.log(to_dense(affinity)) - np.log(expected)).max()
        assert error < {32: 1e-5, 16: 2**-12, 8: 2**-4}[bits]


def test_an_error_in_one_tile_reaches_those_who_wait_for_it(pair_xy):
    embedding = RankedEmbedding(pair_xy[0])

    def fail(rows, columns, out):
        raise MemoryError("no room")

    embedding.products = fail
    mirror = SymmetricProducts([embedding], np.empty((300, 300), np.float32), 50)
    out = np.empty((50, 300), np.float32)
    with pytest.raises(MemoryError, match="no room"):
        for_each_tile(lambda rows: mirror.write(0, rows, out), row_tiles(300, 50), n_jobs=3)
