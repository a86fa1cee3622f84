"""Items -> batches that are ready before the model asks for them.

Batch b holds the items at places b * size to (b + 1) * size, without skipped ones. So the content of a batch, and with
it the rounding of the model's sums, does not depend on timing or on where a resumed job started.
"""

from __future__ import annotations

import hashlib
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from repdiff.core.errors import RepdiffError
from repdiff.core.files import one_line
from repdiff.encoding.decoders import Decoders, PreparedItem, Skip
from repdiff.encoding.models.base import Model
from repdiff.encoding.sources import Source
from repdiff.encoding.worker import DIGEST_BYTES, ImageTask

T = TypeVar("T")
_BATCHES_AHEAD = 2
_END = object()


@dataclass(frozen=True)
class Batch:
    """Consecutive items.

    Attributes
    ----------
    stop : int
        Place after the last of them, skipped ones included.
    rows : ndarray of int64, (b,)
        Places of the items in the batch.
    digests : list of str, b of them
        Hash of each item's bytes.
    skips : tuple of Skip
        The skipped items.
    data : object
        The output of the model's ``collate``; None if all are skipped.
    samples : list
        The prepared items of the first batch that has any; empty for other batches.
    """

    stop: int
    rows: npt.NDArray[np.int64]
    digests: list[str]
    skips: tuple[Skip, ...]
    data: Any
    samples: list[Any]


@dataclass(frozen=True)
class DecodingOptions:
    """How images are opened: number of processes, and seconds after which an image is skipped."""

    n_workers: int
    seconds: float


class _Failure:
    """An error on its way to the main thread."""

    def __init__(self, error: BaseException) -> None:
        self.error = error


@contextmanager
def open_batches(
    source: Source, model: Model, *, size: int, start: int, opening: DecodingOptions
) -> Iterator[Iterator[Batch]]:
    """Batches from place ``start`` on, made by other processes (images) and a thread while the model works."""
    window = (_BATCHES_AHEAD + 1) * size
    with (
        _opened(source, model, start, window, opening) as (samples, stop),
        _ahead(_grouped(samples, size, model.collate), stop) as batches,
    ):
        yield batches


@contextmanager
def open_samples(source: Source, model: Model, opening: DecodingOptions) -> Iterator[Iterator[PreparedItem]]:
    """The items that can be prepared, one by one, from the first."""
    with _opened(source, model, 0, opening.n_workers, opening) as (samples, _):
        yield (sample for sample in samples if isinstance(sample, PreparedItem))


@contextmanager
def _opened(
    source: Source, model: Model, start: int, window: int, opening: DecodingOptions
) -> Iterator[tuple[Iterator[PreparedItem | Skip], Callable[[], None]]]:
    """The items, prepared or skipped, and a function that ends preparation early."""
    if source.modality == "text":
        yield _texts(source, model.prepare, start), lambda: None
        return
    decoders = Decoders(model.prepare, n_workers=opening.n_workers, seconds=opening.seconds)
    try:
        yield _images(source, decoders, start, window=window), decoders.stop
    finally:
        decoders.close()


def _texts(source: Source, prepare: Callable[[Any], Any], start: int) -> Iterator[PreparedItem | Skip]:
    for index in range(start, len(source)):
        text = source.entries[index]
        if text is None:
            yield Skip(index, f"{source.name_of(index)} has no text")
        else:
            digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES)
            yield PreparedItem(index, prepare(text), digest.hexdigest())


def _images(source: Source, decoders: Decoders, start: int, *, window: int) -> Iterator[PreparedItem | Skip]:
    tasks = (
        ImageTask(index, entry, source.name_of(index))
        for index, entry in enumerate(source.entries[start:], start)
        if entry is not None
    )
    found = decoders.map(tasks, window=window)
    for index in range(start, len(source)):
        yield Skip(index, f"{source.name_of(index)} names no image") if source.entries[index] is None else next(found)


def _grouped(samples: Iterator[PreparedItem | Skip], size: int, collate: Callable[[list[Any]], Any]) -> Iterator[Batch]:
    is_first = True
    while group := [sample for _, sample in zip(range(size), samples, strict=False)]:
        there = [sample for sample in group if isinstance(sample, PreparedItem)]
        yield Batch(
            stop=group[-1].index + 1,
            rows=np.array([sample.index for sample in there], np.int64),
            digests=[sample.digest for sample in there],
            skips=tuple(sample for sample in group if isinstance(sample, Skip)),
            data=_collated(there, collate),
            samples=[sample.value for sample in there] if is_first else [],
        )
        is_first = is_first and not there


def _collated(samples: list[PreparedItem], collate: Callable[[list[Any]], Any]) -> Any:
    try:
        return collate([sample.value for sample in samples]) if samples else None
    except Exception as error:
        first, last = samples[0].index, samples[-1].index
        raise RepdiffError(f"items {first:,} to {last:,} cannot be put into one batch: {one_line(error)}") from error


@contextmanager
def _ahead(values: Iterator[T], stop: Callable[[], None]) -> Iterator[Iterator[T]]:
    """The same values, produced by another thread, a few ahead."""
    ready: queue.Queue[Any] = queue.Queue(_BATCHES_AHEAD)
    stopped = threading.Event()

    def put(value: Any) -> None:
        while not stopped.is_set():
            try:
                ready.put(value, timeout=0.2)
            except queue.Full:
                continue
            return

    def work() -> None:
        try:
            for value in values:
                put(value)
                if stopped.is_set():
                    return
            put(_END)
        except BaseException as error:
            put(_Failure(error))

    def take() -> Iterator[T]:
        while (value := ready.get()) is not _END:
            if isinstance(value, _Failure):
                raise value.error
            yield value

    thread = threading.Thread(target=work, name="repdiff-batches", daemon=True)
    thread.start()
    try:
        yield take()
    finally:
        stopped.set()
        stop()
        thread.join()
