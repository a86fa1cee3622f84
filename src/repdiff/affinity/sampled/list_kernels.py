"""Compiled kernels of the sampled engine: draw a list, rank it, and choose the partners to keep."""

from __future__ import annotations

import numpy as np
from numba import njit

from repdiff.core.kernels import kernel

_DIGIT_BITS = 12
DIGITS = 1 << _DIGIT_BITS  # of each of the two that a key has
_MASK = np.uint32(DIGITS - 1)
_SHIFT = np.uint32(_DIGIT_BITS)
_OCTAVES = np.int32(64 << 23)  # below the largest distance, within which keys distinguish distances
_DROPPED_BITS = np.int32(5)  # of the 29 that these octaves take, so that two digits hold the rest
_ONE = np.uint32(1)
_LARGEST = np.float32(3e38)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_SHIFTS = np.uint64(30), np.uint64(27), np.uint64(31)
_TOP_BITS = np.uint64(11)  # dropped, so that 53 bits become a float64
_KERNEL = {"nogil": True, "error_model": "numpy"}


@njit(nogil=True)
def _mixed(state):  # type: ignore[no-untyped-def]
    """The output function of SplitMix64 (Steele, Lea & Flood 2014)."""
    first, second, third = _SHIFTS
    state = (state ^ (state >> first)) * _FIRST
    state = (state ^ (state >> second)) * _SECOND
    return state ^ (state >> third)


@kernel(**_KERNEL)
def fill_uniform(key, out):  # type: ignore[no-untyped-def]
    """Random numbers in [0, 1) of the stream with this key: SplitMix64, since a NumPy generator takes longer to make.

    Parameters
    ----------
    key : ndarray of uint64, (q,)
        Any numbers.
    out : ndarray of float64, (m,)
        Out.
    """
    state = np.uint64(0)
    for part in key:
        state = _mixed((state ^ part) + _GOLDEN)
    for place in range(out.shape[0]):
        state += _GOLDEN
        out[place] = np.float64(_mixed(state) >> _TOP_BITS) * 2.0**-53


@kernel(**_KERNEL)
def draw_items(running, order, start, items, n_stratified, jitter, drawn):  # type: ignore[no-untyped-def]
    """Write the items picked by stratified points along the running density, then those drawn uniformly from all.

    Parameters
    ----------
    running : ndarray of float64, (c + 1,)
        Density summed over the items of the cells from near to far; the last is ``n_stratified``.
    order : ndarray of int64, (c,)
        The cells from near to far.
    start, items
        As in :class:`repdiff.affinity.sampled.cells.Cells`.
    n_stratified : int
        Points.
    jitter : ndarray of float64 in [0, 1), (m,)
        Place of each point within its interval.
    drawn : ndarray of int64, (m,)
        Out.
    """
    n, n_uniform, place, of_place = items.shape[0], drawn.shape[0] - n_stratified, 0, -1
    begin, size, per_item = 0, 1, 0.0
    for t in range(n_stratified):
        point = t + jitter[t]
        while place < order.shape[0] - 1 and running[place + 1] <= point:
            place += 1
        if place != of_place:
            begin, of_place = start[order[place]], place
            size = start[order[place] + 1] - begin
            width = running[place + 1] - running[place]
            per_item = size / width if width > 0 else 0.0
        within = int((point - running[place]) * per_item)
        drawn[t] = items[begin + min(max(within, 0), size - 1)]
    for t in range(n_uniform):
        drawn[n_stratified + t] = min(n - 1, int((t + jitter[n_stratified + t]) * n / n_uniform))


@kernel(**_KERNEL)
def weighted_ranks(  # type: ignore[no-untyped-def]
    squared_distances, rows, items, item_weights, n, ranks, weights, order
):
    """Write the estimated rank of every candidate for every row, the scaled weights, and the order from near to far.

    Parameters
    ----------
    squared_distances : ndarray of float32, (b, m)
        Of the candidates from the rows; overwritten.
    rows : ndarray of int64, (b,)
        The items of the rows.
    items, item_weights : ndarray of int64 and of float64, (m,)
        The candidates in index order, which equal distances keep, and their weights.
    n : int
        Number of items.
    ranks, weights : ndarray of float32, (b, m)
        Out; a row itself gets rank 1 and weight 0.
    order : ndarray of uint32, (b, m)
        Out.
    """
    m = items.shape[0]
    keys, half_sorted = np.empty(m, np.uint32), np.empty(m, np.uint32)
    counts = np.empty((2, DIGITS), np.uint32)
    for r in range(rows.shape[0]):
        row, target = rows[r], weights[r]
        total = 0.0
        for j in range(m):
            weight = item_weights[j] if items[j] != row else 0.0
            total += weight
            target[j] = weight
        scale = np.float32((n - 1) / total)
        for j in range(m):
            target[j] *= scale
        sort_keys(squared_distances[r], items, row, keys)
        radix_sort(keys, counts, half_sorted, order[r])
        before = 1.0
        for place in range(m):
            j = order[r, place]
            weight = target[j]
            ranks[r, j] = max(2.0, before + (weight + 1.0) * 0.5) if weight > 0 else 1.0
            before += weight


@njit(nogil=True, error_model="numpy")
def sort_keys(distances, items, row, keys):  # type: ignore[no-untyped-def]
    """The leading bits of each distance less the smallest one: floats that are not negative sort like their bits.

    High dimensions push all distances far from zero and near to each other; the difference to the smallest one keeps
    digits that tell them apart. Differences below 2^-64 of the largest squared distance are ignored.
    """
    smallest, largest = _LARGEST, np.float32(0)
    for j in range(items.shape[0]):
        if items[j] != row:
            smallest = min(smallest, distances[j])
            largest = max(largest, distances[j])
    for j in range(items.shape[0]):
        above = distances[j] - smallest
        distances[j] = above if above > np.float32(0) else np.float32(0)
    bits = distances.view(np.int32)
    base = max(np.int32(0), np.float32(largest - smallest).view(np.int32) - _OCTAVES + np.int32(1))
    for j in range(items.shape[0]):
        key = bits[j] - base
        keys[j] = np.uint32(key if key > np.int32(0) else np.int32(0)) >> np.uint32(_DROPPED_BITS)


@njit(nogil=True, error_model="numpy")
def radix_sort(keys, counts, half_sorted, order):  # type: ignore[no-untyped-def]
    """Stable radix sort in two passes: places from the smallest key to the largest."""
    low, high = counts[0], counts[1]
    low[:] = 0
    high[:] = 0
    for key in keys:
        low[key & _MASK] += _ONE
        high[key >> _SHIFT] += _ONE
    begin_low, begin_high = np.uint32(0), np.uint32(0)
    for digit in range(DIGITS):
        here = low[digit]
        low[digit] = begin_low
        begin_low += here
        here = high[digit]
        high[digit] = begin_high
        begin_high += here
    for j in range(keys.shape[0]):
        digit = keys[j] & _MASK
        half_sorted[low[digit]] = np.uint32(j)
        low[digit] += _ONE
    for j in half_sorted:
        digit = keys[j] >> _SHIFT
        order[high[digit]] = j
        high[digit] += _ONE


@kernel(**_KERNEL)
def keep_partners(items, directed, weights, order, offsets, position, partners, scale):  # type: ignore[no-untyped-def]
    """Resample each row of a block to partners of equal weight: systematic sampling from near to far.

    Parameters
    ----------
    items : ndarray of int64, (m,)
        The candidates.
    directed, weights, order : (b, m)
        As in :class:`repdiff.affinity.sampled.candidates.Visit`.
    offsets : ndarray of float64 in [0, 1), (b,)
        Where the first point of each row lies in its interval.
    position : ndarray of int32, (n,)
        Place at which an item is stored.
    partners : ndarray of int32, (b, kept)
        Out: places of the partners.
    scale : ndarray of float32, (b,)
        Out: the weight of each partner.
    """
    kept = partners.shape[1]
    reached = np.empty(order.shape[1])
    for r in range(partners.shape[0]):
        total = 0.0
        for place in range(order.shape[1]):
            j = order[r, place]
            total += directed[r, j] * weights[r, j]
            reached[place] = total
        step = total / kept
        point, count = offsets[r] * step, 0
        for place in range(order.shape[1]):
            if not point < reached[place]:
                continue
            partner = position[items[order[r, place]]]
            while count < kept and point < reached[place]:
                partners[r, count] = partner
                count += 1
                point += step
        while count < kept:  # rounding put the last point beyond the end
            partners[r, count] = partners[r, count - 1]
            count += 1
        scale[r] = step


@kernel(**_KERNEL)
def add_by_group(rows, items, directed, weights, labels, sums, totals):  # type: ignore[no-untyped-def]
    """Add the weighted affinities of a block, and the weights alone, to the pair of groups of each row and candidate.

    Parameters
    ----------
    rows, items, directed, weights
        As in :class:`repdiff.affinity.sampled.candidates.Visit`.
    labels : ndarray of int32, (n,)
        Group of each item.
    sums, totals : ndarray of float64, (k, k)
        Added to.
    """
    for r in range(rows.shape[0]):
        own = labels[rows[r]]
        for j in range(items.shape[0]):
            other = labels[items[j]]
            sums[own, other] += directed[r, j] * weights[r, j]
            totals[own, other] += weights[r, j]


@kernel(**_KERNEL)
def add_partners(partners, scale, rows, own, of_place, sums, counts):  # type: ignore[no-untyped-def]
    """Add some stored rows, and the number of their partners, to the pairs of groups.

    Parameters
    ----------
    partners, scale
        As in :class:`repdiff.affinity.sampled.kept.KeptPartners`, of all rows or of some.
    rows : ndarray of int64, (r,)
        The rows to add.
    own : ndarray of int32, (r,)
        Their groups.
    of_place : ndarray of int32, (n,)
        Group of the item at each place.
    sums, counts : ndarray of float64, (k, k)
        Added to.
    """
    for r in range(rows.shape[0]):
        row, group = rows[r], own[r]
        value = np.float64(2) * scale[row]
        for partner in partners[row]:
            other = of_place[partner]
            sums[group, other] += value
            counts[group, other] += 1
