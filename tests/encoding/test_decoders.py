"""Processes that open images may hang or die; the others go on, and the culprit is named."""

from __future__ import annotations

import ctypes
import os
import signal
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from repdiff.core.errors import InputError, RepdiffError
from repdiff.encoding.decoders import Decoders, PreparedItem, Skip
from repdiff.encoding.worker import ImageTask


def brightness(image: Image.Image) -> np.ndarray:
    return np.asarray(image)[0, 0, :1]


def crash_at(level: int):
    def prepare(image: Image.Image) -> np.ndarray:
        if image.getpixel((0, 0))[0] == level:
            os.kill(os.getpid(), signal.SIGSEGV)
        return brightness(image)

    return prepare


def hang_at(level: int):
    def prepare(image: Image.Image) -> np.ndarray:
        if image.getpixel((0, 0))[0] == level:
            ctypes.PyDLL(None).sleep(60)  # holds the interpreter, as a decoder that is stuck does
        return brightness(image)

    return prepare


def uneven(image: Image.Image) -> np.ndarray:
    time.sleep(0.02 * (image.getpixel((0, 0))[0] % 3))
    return brightness(image)


def greedy(image: Image.Image) -> np.ndarray:
    return np.ones(1 << 30, np.uint8) if image.getpixel((0, 0))[0] == 3 else brightness(image)


def failing(image: Image.Image) -> np.ndarray:
    if image.getpixel((0, 0))[0] == 2:
        raise ValueError("two is\nno good")
    return brightness(image)


@pytest.fixture
def tasks(tmp_path: Path) -> list[ImageTask]:
    found = []
    for level in range(20):
        path = tmp_path / f"{level:02d}.png"
        Image.new("RGB", (2, 2), (level, 0, 0)).save(path)
        found.append(ImageTask(level, str(path), path.name))
    return found


def results(prepare, tasks: list[ImageTask], *, n_workers: int = 2, seconds: float = 30, window: int = 8):
    decoders = Decoders(prepare, n_workers=n_workers, seconds=seconds)
    try:
        return list(decoders.map(tasks, window=window))
    finally:
        decoders.close()


def check_all_but(found: list[PreparedItem | Skip], culprit: int, reason: str) -> None:
    assert [one.index for one in found] == list(range(20))
    assert isinstance(found[culprit], Skip)
    assert reason in found[culprit].reason
    assert [int(one.value[0]) for one in found if isinstance(one, PreparedItem)] == [
        n for n in range(20) if n != culprit
    ]


@pytest.mark.parametrize("n_workers", [1, 3])
@pytest.mark.parametrize("window", [1, 5, 100])
def test_samples_come_in_order(tasks, n_workers, window):
    found = results(uneven, tasks, n_workers=n_workers, window=window)
    assert [int(one.value[0]) for one in found] == list(range(20))


def test_a_crash_is_named_and_harms_no_other(tasks):
    check_all_but(results(crash_at(7), tasks), 7, "07.png made the decoder crash")


def test_a_hang_is_named_and_harms_no_other(tasks):
    start = time.monotonic()
    check_all_but(results(hang_at(4), tasks, seconds=1), 4, "04.png took longer than 1 s to decode")
    assert time.monotonic() - start < 30


def test_an_image_that_takes_too_much_memory_is_named(tasks):
    check_all_but(results(greedy, tasks), 3, "03.png needs too much memory")


def test_a_preparation_that_fails_is_told_in_one_line(tasks):
    found = results(failing, tasks)
    check_all_but(found, 2, "02.png cannot be prepared for the model: ValueError: two is")
    assert found[2].unfit


def test_a_slow_reader_does_not_make_a_worker_late(tasks):
    decoders = Decoders(brightness, n_workers=1, seconds=0.5)
    try:
        found = []
        for one in decoders.map(tasks[:4], window=4):
            time.sleep(0.8)
            found.append(one)
    finally:
        decoders.close()
    assert all(isinstance(one, PreparedItem) for one in found)


def test_what_cannot_be_sent_to_a_process_is_said():
    lock = threading.Lock()
    with pytest.raises(InputError, match="cannot be sent to the processes that prepare images"):
        Decoders(lambda image: lock, n_workers=1)


def test_a_preparation_that_cannot_be_had_there_is_said():
    class Unwilling:
        def __reduce__(self):
            return (int, ("no number",))

    with pytest.raises(RepdiffError, match="cannot start: ValueError: invalid literal"):
        Decoders(Unwilling(), n_workers=1)


def test_nothing_is_left_running(tasks):
    before = set(psutil.Process().children(recursive=True))
    decoders = Decoders(hang_at(0), n_workers=2)
    found = decoders.map(tasks, window=4)
    threading.Timer(1, decoders.stop).start()
    with pytest.raises(RepdiffError, match="stopped"):
        next(found)
    fork_server = set(psutil.Process().children(recursive=True)) - before
    decoders.close()
    assert fork_server
    # Orphans that were killed are there until the system's first process has looked after them.
    _, left = psutil.wait_procs(fork_server, timeout=10)
    assert not left
