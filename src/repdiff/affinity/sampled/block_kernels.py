"""Compiled kernels of the stored matrix in blocks."""

from __future__ import annotations

import numpy as np

from repdiff.affinity.sampled.kept import STRIPES, WIDTH
from repdiff.core.kernels import kernel

_KERNEL = {"nogil": True, "error_model": "numpy"}


@kernel(**_KERNEL)
def sort_by_partner(partners, first, begins, sources):  # type: ignore[no-untyped-def]
    """Write the rows that have each place as a partner, ascending, and where those of each place begin.

    Parameters
    ----------
    partners : ndarray of int32, (r, kept)
        Places of the partners.
    first : int
        Place of the first row.
    begins : ndarray of int64, (n + 1,)
        Zeros; out.
    sources : ndarray of int32, (r * kept,)
        Out.
    """
    n = begins.shape[0] - 1
    for r in range(partners.shape[0]):
        for place in partners[r]:
            begins[place] += 1
    total = 0
    for place in range(n):
        total += begins[place]
        begins[place] = total
    begins[n] = total
    for r in range(partners.shape[0] - 1, -1, -1):
        for place in partners[r]:
            begins[place] -= 1
            sources[begins[place]] = first + r


@kernel(**_KERNEL)
def append_sources(counts, sources, cursor, out):  # type: ignore[no-untyped-def]
    """Write the sources of each row at its cursor, and move that on."""
    read = 0
    for row in range(counts.shape[0]):
        for _ in range(counts[row]):
            out[cursor[row]] = sources[read]
            cursor[row] += 1
            read += 1


@kernel(**_KERNEL)
def multiply_block(partners, first, counts, sources, scale, V, edges, out):  # type: ignore[no-untyped-def]
    """The block's rows of the product, with every element summed as by one process.

    Parameters
    ----------
    partners, first
        As in :class:`repdiff.affinity.sampled.blocks.BlockRows`.
    counts, sources
        As in :class:`repdiff.affinity.sampled.blocks.Incoming`, from all rows.
    scale : ndarray of float32, (n,)
        Half the weight of each partner, by row.
    V : ndarray of float32, (n, WIDTH)
        The vectors.
    edges : ndarray of int64
        Where the stripes begin and end.
    out : ndarray of float32, (r, WIDTH)
        Out.
    """
    stripes = min(STRIPES, V.shape[0])
    total, own = np.empty(WIDTH, np.float32), np.empty(WIDTH, np.float32)
    sums = np.empty((STRIPES, WIDTH), np.float32)
    read = 0
    for r in range(partners.shape[0]):
        row = first + r
        for c in range(WIDTH):
            total[c] = 0
        for partner in partners[r]:
            for c in range(WIDTH):
                total[c] += V[partner, c]
        sums[:] = 0
        edge, waiting = 0, True
        for step in range(counts[r] + 1):
            last = step == counts[r]
            source = np.int64(row) if last else np.int64(sources[read + step])
            if waiting and (last or source > row):
                while edges[edge + 1] <= row:
                    edge += 1
                for c in range(WIDTH):
                    own[c] = scale[row] * total[c]
                for c in range(WIDTH):
                    sums[edge % stripes, c] += own[c]
                waiting = False
            if not last:
                while edges[edge + 1] <= source:
                    edge += 1
                for c in range(WIDTH):
                    own[c] = scale[source] * V[source, c]
                for c in range(WIDTH):
                    sums[edge % stripes, c] += own[c]
        read += counts[r]
        for c in range(WIDTH):
            value = sums[0, c]
            for stripe in range(1, stripes):
                value += sums[stripe, c]
            out[r, c] = value + V[row, c]
