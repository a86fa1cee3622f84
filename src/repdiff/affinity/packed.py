"""Both directions of an exact affinity in the memory of one matrix.

A symmetric matrix is known from one triangle, so x_only lives above the diagonal of an n x n array and y_only below it;
the diagonal is 1 in both. Entries are float32, or that float cut down to 16 or 8 bits: the affinity lies in
[exp(-beta), exp(beta)], so few exponents and no sign bit occur; the bits less the lowest exponent are shifted down to
the width. Each way takes a shift and an addition, which run at the speed of memory, and 1 is kept exactly. Near 1 the
relative error is at most 2^-13 in 16 bits and 2^-5 in 8 bits for beta = 5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from repdiff.affinity.base import DirectedValues, FloatArray, GroupMeans
from repdiff.affinity.difference import directed_values
from repdiff.core.interrupts import deferred_interrupts
from repdiff.core.kernels import kernel
from repdiff.core.parallel import for_each_tile, row_tiles
from repdiff.core.progress import Progress

Precision = Literal[32, 16, 8]
PRECISIONS: tuple[Precision, ...] = (32, 16, 8)

_BLOCK_ROWS = 256
_BLOCK_COLUMNS = 1920
_PRODUCT_ROWS, _PRODUCT_COLUMNS = 128, 480
_STRIPES = 16  # partial sums of a product: fixed, so that their order and the rounding are, too
_MANTISSA_BITS = 23
_CACHE_LINE = 64
_KERNEL = {"nogil": True, "error_model": "numpy"}


@dataclass(frozen=True)
class Codec:
    """Positive floats in [exp(-beta), exp(beta)] <-> their ``bits`` leading bits.

    Attributes
    ----------
    bits : {32, 16, 8}
        Bits of an entry.
    base : int
        Bits of the float that is stored as 0.
    shift : int
        Low bits of the mantissa that are dropped.
    """

    bits: Precision
    base: int
    shift: int

    @classmethod
    def for_beta(cls, beta: float, bits: Precision) -> Codec:
        """The finest codec of that width for affinities of that beta."""
        lowest_exponent = int(np.floor(-beta / np.log(2)))
        base = (127 + lowest_exponent) << _MANTISSA_BITS
        span = int(np.float32(np.exp(beta) * (1 + 1e-5)).view(np.int32)) - base
        return cls(bits, base, max(0, span.bit_length() - bits))

    @property
    def dtype(self) -> npt.DTypeLike:
        """Type of a stored entry."""
        return {32: np.float32, 16: np.uint16, 8: np.uint8}[self.bits]

    @property
    def relative_error(self) -> float:
        """Largest relative error of a stored entry."""
        return 0.0 if self.bits == 32 else float(2.0 ** (self.shift - _MANTISSA_BITS - 1))

    def decode(self, stored: npt.NDArray[Any]) -> FloatArray:
        """Floats of stored entries; the array itself at 32 bits, else a new one."""
        if self.bits == 32:
            return stored
        out = np.empty(stored.shape, np.float32)
        _decode(stored, np.int32(self.base), np.int32(self.shift), out.view(np.int32))
        return out

    def encode(self, values: FloatArray, stored: npt.NDArray[Any]) -> None:
        """Store floats; does nothing at 32 bits, where they are already in place."""
        if self.bits != 32:
            _encode(values.view(np.int32), np.int32(self.base), np.int32(self.shift), stored)


class PackedAffinities:
    """The memory that both directions share.

    Rows of the directed affinity exp(-beta G) are written first, in any order, with :meth:`write_rows`;
    :meth:`symmetrise` then turns the two directed values of every pair into the affinities of the two directions, in
    place.
    """

    def __init__(self, n: int, codec: Codec, *, n_jobs: int) -> None:
        self.n = n
        self.codec = codec
        self.n_jobs = n_jobs
        row_bytes = -(-n * codec.bits // 8 // _CACHE_LINE) * _CACHE_LINE
        #: The memory as float32: rows not written yet are free for other use.
        self.spare: FloatArray = np.empty((n, row_bytes // 4), np.float32)
        self.data: npt.NDArray[Any] = self.spare.view(codec.dtype)[:, :n]

    @property
    def x_only(self) -> PackedAffinity:
        """The affinity above the diagonal."""
        return PackedAffinity(self, upper=True)

    @property
    def y_only(self) -> PackedAffinity:
        """The affinity below the diagonal."""
        return PackedAffinity(self, upper=False)

    def entries(self, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64], *, upper: bool) -> FloatArray:
        """Entries of the affinity above or below the diagonal, stacked."""
        if rows is columns and rows.ndim == 1 and (np.diff(rows) > 0).all():
            return self._square(rows, upper=upper)
        i, j = rows[..., :, None], columns[..., None, :]
        low, high = np.minimum(i, j), np.maximum(i, j)
        stored = self.data[low, high] if upper else self.data[high, low]
        decoded = self.codec.decode(stored.reshape(1, -1)).reshape(stored.shape)
        return np.where(i == j, np.float32(1), decoded)

    def _square(self, rows: npt.NDArray[np.int64], *, upper: bool) -> FloatArray:
        """Entries among some items, in ascending order: each is read once."""
        stored = np.empty((len(rows), len(rows)), self.data.dtype)
        with deferred_interrupts():  # the first use compiles
            _gather(self.data, rows, upper, stored)
        square = self.codec.decode(stored)
        np.fill_diagonal(square, 1)
        return square

    def write_rows(self, rows: slice, compute: Callable[[FloatArray], None]) -> None:
        """Store the rows that ``compute`` writes into a float32 tile, (r, n)."""
        tile = self.data[rows] if self.codec.bits == 32 else np.empty((rows.stop - rows.start, self.n), np.float32)
        compute(tile)
        self.codec.encode(tile, self.data[rows])

    def symmetrise(self, *, progress: Progress) -> None:
        """Turn directed values into affinities: (e + f) / 2 above the diagonal, (1/e + 1/f) / 2 below it."""
        tiles = row_tiles(self.n, _BLOCK_ROWS)

        def symmetrise_tile(rows: slice) -> None:
            for columns in tiles[rows.start // _BLOCK_ROWS :]:
                above = self.codec.decode(self.data[rows, columns])
                below = above if rows == columns else self.codec.decode(self.data[columns, rows])
                _symmetrise(above, below, rows == columns)
                self.codec.encode(above, self.data[rows, columns])
                self.codec.encode(below, self.data[columns, rows])

        for_each_tile(symmetrise_tile, tiles, n_jobs=self.n_jobs, stage="symmetrising", progress=progress)


@dataclass(frozen=True)
class PackedAffinity:
    """One direction of :class:`PackedAffinities`, as an ``Affinity``."""

    store: PackedAffinities
    upper: bool

    @property
    def n(self) -> int:
        """Number of items."""
        return self.store.n

    def degree(self) -> npt.NDArray[np.float64]:
        """Row sums, (n,)."""
        return self.matmat(np.ones((self.n, 1), np.float32))[:, 0].astype(np.float64)

    def matmat(self, V: FloatArray) -> FloatArray:
        """The product A V: each stored block serves its own rows and, transposed, its columns."""
        V = np.ascontiguousarray(V, dtype=np.float32)
        partial = np.zeros((min(_STRIPES, self.n), *V.shape), np.float32)
        tiles = row_tiles(self.n, _PRODUCT_ROWS)

        def multiply_stripe(stripe: int) -> None:
            out = partial[stripe]
            for rows in _folded(tiles, stripe, len(partial)):
                out[rows] += self._diagonal_block(rows) @ V[rows]
                for columns, block in self._blocks_beside(rows):
                    _add_products(block, V[rows], V[columns], out[rows], out[columns])

        for_each_tile(multiply_stripe, range(len(partial)), n_jobs=self.store.n_jobs)
        return np.asarray(partial.sum(axis=0))

    def group_means(self, labels: npt.NDArray[np.int32]) -> GroupMeans:
        """Means over every two groups, without error; sums in float64."""
        sizes = np.bincount(labels)
        tiles = row_tiles(self.n, _BLOCK_ROWS)
        sums = np.zeros((len(tiles), len(sizes), len(sizes)))

        def sum_tile(index: int) -> None:
            rows = tiles[index]
            of_tile = sums[index]
            for columns, block in self._blocks_beside(rows):
                _add_by_label(block, labels[rows], labels[columns], of_tile)
            of_tile += of_tile.T
            _add_by_label(self._diagonal_block(rows), labels[rows], labels[rows], of_tile)

        for_each_tile(sum_tile, range(len(tiles)), n_jobs=self.store.n_jobs)
        return GroupMeans.of_all_pairs(sums.sum(axis=0) / np.outer(sizes, sizes))

    def block(self, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]) -> FloatArray:
        """Entries A[rows, columns], stacked."""
        return self.store.entries(rows, columns, upper=self.upper)

    def directed(self, rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64]) -> DirectedValues:
        """The weaker and the stronger directed value of each pair, from its entries in both directions."""
        return directed_values(self.block(rows, columns), self.store.entries(rows, columns, upper=not self.upper))

    def _blocks_beside(self, rows: slice) -> Iterator[tuple[slice, FloatArray]]:
        """The stored blocks of these rows on this direction's side of the diagonal block."""
        start, stop = (rows.stop, self.n) if self.upper else (0, rows.start)
        width = (
            self.n if self.store.codec.bits == 32 else _BLOCK_COLUMNS
        )  # at 32 bits a block is a view and costs nothing
        for first in range(start, stop, width):
            columns = slice(first, min(first + width, stop))
            yield columns, self.store.codec.decode(self.store.data[rows, columns])

    def _diagonal_block(self, rows: slice) -> FloatArray:
        block = self.store.codec.decode(self.store.data[rows, rows])
        symmetric = block * _below_diagonal(len(block)).T if self.upper else block * _below_diagonal(len(block))
        symmetric += symmetric.T.copy()
        np.fill_diagonal(symmetric, 1)
        return np.asarray(symmetric)


@cache
def _below_diagonal(n: int) -> FloatArray:
    """1 below the diagonal and 0 elsewhere, (n, n)."""
    return np.tri(n, k=-1, dtype=np.float32)


def _add_products(
    block: FloatArray, V_rows: FloatArray, V_columns: FloatArray, out_rows: FloatArray, out_columns: FloatArray
) -> None:
    """Add ``block @ V_columns`` to ``out_rows`` and ``block.T @ V_rows`` to ``out_columns``.

    Works in pieces so small that BLAS does not copy them: copying a larger piece costs as much as multiplying it by so
    few columns.
    """
    width = V_rows.shape[1]
    whole = block.shape[1] // _PRODUCT_COLUMNS * _PRODUCT_COLUMNS
    pieces = block[:, :whole].reshape(len(block), -1, _PRODUCT_COLUMNS).transpose(1, 0, 2)
    out_rows += (pieces @ V_columns[:whole].reshape(-1, _PRODUCT_COLUMNS, width)).sum(axis=0)
    out_columns[:whole] += (pieces.transpose(0, 2, 1) @ V_rows).reshape(whole, width)
    out_rows += block[:, whole:] @ V_columns[whole:]
    out_columns[whole:] += block[:, whole:].T @ V_rows


def _folded(tiles: list[slice], stripe: int, n_stripes: int) -> list[slice]:
    """The tiles of one stripe, dealt forwards and backwards in turn, since the rows of a triangle grow longer."""
    return [
        tile
        for t, tile in enumerate(tiles)
        if stripe == min(t % (2 * n_stripes), 2 * n_stripes - 1 - t % (2 * n_stripes))
    ]


@kernel(**_KERNEL)
def _decode(stored, base, shift, out):  # type: ignore[no-untyped-def]
    for i in range(stored.shape[0]):
        source, target = stored[i], out[i]
        for j in range(source.shape[0]):
            target[j] = (np.int32(source[j]) << shift) + base


@kernel(**_KERNEL)
def _encode(values, base, shift, stored):  # type: ignore[no-untyped-def]
    half = np.int32(1) << (shift - np.int32(1))
    for i in range(values.shape[0]):
        source, target = values[i], stored[i]
        for j in range(source.shape[0]):
            target[j] = (source[j] - base + half) >> shift


@kernel(**_KERNEL)
def _gather(data, rows, upper, out):  # type: ignore[no-untyped-def]
    """Read along rows of the matrix, and mirror."""
    for i in range(rows.shape[0]):
        source = data[rows[i]]
        first, last = (i + 1, rows.shape[0]) if upper else (0, i)
        for j in range(first, last):
            value = source[rows[j]]
            out[i, j] = value
            out[j, i] = value
        out[i, i] = source[rows[i]]


@kernel(**_KERNEL)
def _symmetrise(above, below, diagonal):  # type: ignore[no-untyped-def]
    half, step = (
        np.float32(0.5),
        16,
    )  # small squares, so that the columns of ``below`` stay in the first-level cache
    for i0 in range(0, above.shape[0], step):
        for j0 in range(i0 if diagonal else 0, above.shape[1], step):
            for i in range(i0, min(i0 + step, above.shape[0])):
                for j in range(max(j0, i + 1) if diagonal else j0, min(j0 + step, above.shape[1])):
                    e, f = above[i, j], below[j, i]
                    above[i, j] = half * (e + f)
                    below[j, i] = half * (np.float32(1) / e + np.float32(1) / f)


@kernel(**_KERNEL)
def _add_by_label(block, row_labels, column_labels, sums):  # type: ignore[no-untyped-def]
    for i in range(block.shape[0]):
        of_row = sums[row_labels[i]]
        for j in range(block.shape[1]):
            of_row[column_labels[j]] += block[i, j]
