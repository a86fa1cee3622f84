"""Compiled kernels: a row of products -> the place of each item in the list sorted by distance.

Non-negative numbers sort like their bits, so a radix sort works: stable, without comparisons or branches, in three
passes. Runs of near ties are then put in order by float64 distances.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from repdiff.core.kernels import kernel

REFINED_RANKS = 4096
_DIGITS = 3
_FIXED_POINT_BITS, _FIXED_DIGIT_BITS = 26, 9  # most rows' distances in fixed point; tables of 9 bits stay in the cache
_FLOAT_DIGIT_BITS = 11  # three of 11 hold any float's bits
_MOST_UNITS = 4.0  # near ties; a unit of fixed point must be smaller
_SMALLEST_POWER = -100  # of a row's largest distance in fixed point, whose scale must be a float
_ONE, _HALF = np.uint32(1), np.uint64(32)


@kernel(nogil=True, error_model="numpy")
def rank_rows(  # type: ignore[no-untyped-def]
    products, start, squared_norms, originals, copies, values, near_tie, distances, keys, pairs, order, ranks
):
    """Write the ranks of a tile: products of rows ``start``... with all rows -> places in the sorted lists.

    Parameters
    ----------
    products : ndarray of float32, (r, n)
        Of the rows with all rows.
    start : int
        Index of the first of the rows.
    squared_norms, originals, copies, values
        As in :class:`repdiff.affinity.ranks.RankedEmbedding`.
    near_tie : float
        Two distances are near when they differ by less than this times |a|^2 + |b|^2; 0 where products are exact.
    distances, keys, pairs, order
        As in :class:`repdiff.affinity.ranks.RankScratch`; keys are used twice, the second time for sorted distances.
    ranks : ndarray of int32, (r, n)
        Output. May share memory with ``products``, since a row is read before it is written.
    """
    counts = np.empty((_DIGITS, 1 << _FLOAT_DIGIT_BITS), np.uint32)
    largest_norm = squared_norms.max()
    for row in range(products.shape[0]):
        item = start + row
        _squared_distances(products[row], item, squared_norms, originals, copies, distances)
        bits, unit = _keys(distances, item, near_tie == 0, near_tie * squared_norms[item], keys)
        _radix_ranks(keys, bits, counts, pairs, order, ranks[row])
        if near_tie > 0:
            _refine(
                item, near_tie, unit, squared_norms, largest_norm, originals, values, distances, order,
                keys.view(np.float32), ranks[row],
            )  # fmt: skip


@njit(nogil=True, error_model="numpy")
def _squared_distances(product, item, squared_norms, originals, copies, distances):  # type: ignore[no-untyped-def]
    for j in range(product.shape[0]):
        distance = squared_norms[item] + squared_norms[j] - np.float32(2) * product[j]
        distances[j] = distance if distance > np.float32(0) else np.float32(0)
    distances[originals[item]] = np.float32(0)
    for copy in copies:
        distances[copy] = distances[originals[copy]]


@njit(nogil=True, error_model="numpy")
def _keys(distances, item, whole, tolerance, keys):  # type: ignore[no-untyped-def]
    """Distances as integers of the same order, 0 for the item itself; the bits of a digit of them, and their unit.

    Fixed point with 26 bits keeps every bit of the larger distances and cuts the smaller ones down to a unit. If that
    unit is about the tolerance, distances within a unit count as near ties. Otherwise the bits of the float are used,
    in wider digits. Integers are exact in fixed point, whatever the tolerance.
    """
    largest = np.int32(0)
    bits = distances.view(np.int32)
    for j in range(bits.shape[0]):
        largest = max(largest, bits[j])
    power = (largest >> np.int32(23)) - np.int32(126)  # the largest distance is below 2 ** power
    unit = np.float64(2) ** (power - _FIXED_POINT_BITS)
    if power < _SMALLEST_POWER or not (whole or unit <= _MOST_UNITS * tolerance):
        for j in range(keys.shape[0]):
            keys[j] = bits[j] + np.int32(1)
        keys[item] = 0
        return _FLOAT_DIGIT_BITS, 0.0
    scale = np.float32(1 / unit)
    for j in range(keys.shape[0]):
        keys[j] = np.int32(distances[j] * scale) + np.int32(1)
    keys[item] = 0
    return _FIXED_DIGIT_BITS, unit


@njit(nogil=True, error_model="numpy")
def _radix_ranks(keys, bits, counts, pairs, order, ranks):  # type: ignore[no-untyped-def]
    """Stable radix sort, digits from the lowest up; the last pass writes each item's rank, and the items in order.

    Between passes one word holds an item and the rest of its key. All numbers are unsigned, since signed indices are
    checked for being negative.
    """
    shift, mask = np.uint32(bits), np.uint32((1 << bits) - 1)
    first, second, third = counts[0], counts[1], counts[2]
    _count(keys, shift, mask, first, second, third)
    moved, moved_again = pairs[0], pairs[1]
    for j in range(keys.shape[0]):
        key = keys[j]
        place = first[key & mask]
        first[key & mask] = place + _ONE
        moved[place] = (np.uint64(key >> shift) << _HALF) | np.uint64(j)
    for pair in moved:
        rest = np.uint32(pair >> _HALF)
        place = second[rest & mask]
        second[rest & mask] = place + _ONE
        moved_again[place] = (np.uint64(rest >> shift) << _HALF) | np.uint64(np.uint32(pair))
    for pair in moved_again:
        item, value = np.uint32(pair), np.uint32(pair >> _HALF)
        place = third[value]
        third[value] = place + _ONE
        order[place] = item
        ranks[item] = place + _ONE


@njit(nogil=True, error_model="numpy")
def _count(keys, shift, mask, first, second, third):  # type: ignore[no-untyped-def]
    """Where the keys of each digit begin in the sorted list, for each of the three digits."""
    first[:], second[:], third[:] = 0, 0, 0
    for key in keys:
        first[key & mask] += _ONE
        second[(key >> shift) & mask] += _ONE
        third[key >> (shift + shift)] += _ONE
    for counts in (first, second, third):
        place = np.uint32(0)
        for value in range(mask + _ONE):
            here = counts[value]
            counts[value] = place
            place += here


@njit(nogil=True, error_model="numpy")
def _refine(  # type: ignore[no-untyped-def]
    item, near_tie, unit, squared_norms, largest_norm, originals, values, distances, order, ascending, ranks
):
    """Put runs of near ties among the first ranks in the order of their float64 distances, then of their index.

    Copies of one row tie exactly and keep index order, so a run of nothing else is in order already.
    """
    last = min(order.shape[0], REFINED_RANKS)
    for place in range(last):
        ascending[place] = distances[order[place]]
    begin, norm, slope, floor = 1, squared_norms[item], np.float32(near_tie), np.float32(unit)
    widest = max(slope * (norm + largest_norm), floor)
    while begin < last - 1:
        if ascending[begin + 1] - ascending[begin] > widest:
            begin += 1
            continue
        tolerance = max(slope * (norm + squared_norms[order[begin]]), floor)
        end = begin + 1
        while end < last and not ascending[end] - ascending[end - 1] > tolerance:
            end += 1
        if _holds_several(originals, order[begin:end]):
            _sort_exactly(item, originals, values, order[begin:end])
            for place in range(begin, end):
                ranks[order[place]] = place + 1
        begin = end


@njit(nogil=True, error_model="numpy")
def _holds_several(originals, order):  # type: ignore[no-untyped-def]
    """Whether some of the items are no copies of each other."""
    place = 1
    while place < order.shape[0] and originals[order[place]] == originals[order[0]]:
        place += 1
    return place < order.shape[0]


@njit(nogil=True, error_model="numpy")
def _sort_exactly(item, originals, values, order):  # type: ignore[no-untyped-def]
    """Shell sort by float64 distance, then by index; runs are short, and long ones stay far from quadratic time."""
    size = order.shape[0]
    distances = np.empty(size, np.float64)
    for place in range(size):
        if place > 0 and originals[order[place]] == originals[order[place - 1]]:
            distances[place] = distances[place - 1]
        else:
            distances[place] = _squared_distance(values[item], values[order[place]])
    gap = 1
    while gap < size // 3:
        gap = 3 * gap + 1
    while gap > 0:
        for place in range(gap, size):
            distance, other, hole = distances[place], order[place], place
            while hole >= gap and (
                distances[hole - gap] > distance or (distances[hole - gap] == distance and order[hole - gap] > other)
            ):
                distances[hole], order[hole] = distances[hole - gap], order[hole - gap]
                hole -= gap
            distances[hole], order[hole] = distance, other
        gap //= 3


@njit(nogil=True, error_model="numpy", fastmath={"reassoc", "contract"})
def _squared_distance(a, b):  # type: ignore[no-untyped-def]
    total = 0.0
    for k in range(a.shape[0]):
        gap = np.float64(a[k]) - np.float64(b[k])
        total += gap * gap
    return total
