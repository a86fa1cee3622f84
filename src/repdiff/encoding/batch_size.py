"""How many items to give the model at a time, found by a short measurement."""

from __future__ import annotations

import time
from itertools import islice
from typing import Any

from repdiff.encoding.batches import DecodingOptions, open_samples
from repdiff.encoding.models.base import Model
from repdiff.encoding.sources import Source

_SIZES = (1, 2, 4, 8, 16, 32, 64, 128)
_GAIN = 1.05  # a larger batch must be faster by this factor
_SECONDS = 0.3  # least measuring time per size
_SAMPLES = 16


def measure_batch_size(source: Source, model: Model, opening: DecodingOptions) -> int:
    """The smallest batch size beyond which the model gains little, measured with the first items.

    The choice depends on the machine and the moment. A resumed job therefore uses the size in its plan.
    """
    with open_samples(source, model, opening) as found:
        samples = [sample.value for sample in islice(found, _SAMPLES)]
    if not samples:
        return _SIZES[0]
    best, best_rate = _SIZES[0], 0.0
    for size in _SIZES:
        try:
            rate = _rate(model, samples, size)
        except (RuntimeError, MemoryError):  # torch raises RuntimeError if a device's memory is full
            break
        if rate < best_rate * _GAIN:
            break
        best, best_rate = size, rate
    return best


def _rate(model: Model, samples: list[Any], size: int) -> float:
    """Items per second."""
    filled = (samples * (size // len(samples) + 1))[:size]
    model.embed(model.collate(filled))  # warm-up: libraries choose their kernels
    start, rounds = time.perf_counter(), 0
    while time.perf_counter() - start < _SECONDS:
        model.embed(model.collate(filled))
        rounds += 1
    return rounds * size / (time.perf_counter() - start)
