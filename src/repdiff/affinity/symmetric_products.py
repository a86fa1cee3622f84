"""Products of pairs of rows, each computed once for both rows.

Rows i and j both need x_i . x_j, but the tiles of the exact engine hold 256 rows at a time, and storing all products
would double its memory. However, affinity rows not yet written are free memory. Until its turn, each of them holds its
own products with the first columns of x and of y, as many as fit: n / 2 of each at 32 bits per pair. Rows in the first
half then need products only with later columns, rows in the second half only with the second half, and 3/8 of the
arithmetic is saved without more memory (7/32 at 16 bits).

Only the place of a product decides whether it is computed or looked up, so the bits do not depend on the number of
threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future

import numpy as np
import numpy.typing as npt

from repdiff.affinity.ranks import RankedEmbedding
from repdiff.core.kernels import kernel

FloatArray = npt.NDArray[np.float32]


class SymmetricProducts:
    """Products of the rows of embeddings with all rows, a tile of rows at a time, in order.

    Parameters
    ----------
    embeddings : sequence of RankedEmbedding
        Of the same n items.
    spare : ndarray of float32, (n, width)
        Free memory; row i is used only until :meth:`write` was called for all embeddings and the tile of i.
    tile_rows : int
        Rows of every tile but the last.
    """

    def __init__(self, embeddings: Sequence[RankedEmbedding], spare: FloatArray, tile_rows: int) -> None:
        self._embeddings = embeddings
        n_tiles = spare.shape[1] // max(1, len(embeddings)) // tile_rows
        self._n_kept = n_tiles * tile_rows
        self._tile_rows = tile_rows
        self._kept = [spare[:, side * self._n_kept : (side + 1) * self._n_kept] for side in range(len(embeddings))]
        self._tile_done: list[list[Future[None]]] = [[Future() for _ in range(n_tiles)] for _ in embeddings]

    def write(self, side: int, rows: slice, out: FloatArray) -> None:
        """Write the products of a tile's rows with all rows into ``out``, (r, n).

        Waits for earlier tiles, so these must have started.
        """
        n_known = min(rows.start, self._n_kept)
        done = self._tile_done[side]
        try:
            self._embeddings[side].products(rows, slice(n_known, None), out[:, n_known:])
            if rows.start < self._n_kept:
                _transpose(out[:, rows.stop :], self._kept[side][rows.stop :, rows])
        except BaseException as error:
            if rows.start < self._n_kept:
                done[rows.start // self._tile_rows].set_exception(error)  # else waiting threads would wait for ever
            raise
        if rows.start < self._n_kept:
            done[rows.start // self._tile_rows].set_result(None)
        for earlier in done[: n_known // self._tile_rows]:
            earlier.result()
        out[:, :n_known] = self._kept[side][rows, :n_known]


@kernel(nogil=True, error_model="numpy")
def _transpose(source, target):  # type: ignore[no-untyped-def]
    """Copy the transpose, in small squares that stay in the first-level cache."""
    step = 16
    for j0 in range(0, source.shape[1], step):
        for i0 in range(0, source.shape[0], step):
            for j in range(j0, min(j0 + step, source.shape[1])):
                for i in range(i0, min(i0 + step, source.shape[0])):
                    target[j, i] = source[i, j]
