from __future__ import annotations

import os
import signal
import threading
import time

import pytest
from threadpoolctl import threadpool_info

from repdiff.errors import RepdiffError
from repdiff.parallel import for_each_tile, resolve_n_jobs, row_tiles, single_threaded_libraries


def blas_threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


@pytest.mark.parametrize("n_jobs", [1, 2, 5])
def test_every_tile_is_worked_on_once(n_jobs):
    seen, told = [], []
    for_each_tile(
        seen.append, range(40), n_jobs=n_jobs, stage="s", progress=lambda stage, done, total: told.append(done)
    )
    assert sorted(seen) == list(range(40))
    assert told[0] == 0
    assert told[-1] == 40
    assert told == sorted(told)


def test_an_error_ends_the_work():
    started = []

    def work(tile):
        started.append(tile)
        time.sleep(0.01)
        if tile == 3:
            raise RepdiffError("tile 3")

    with pytest.raises(RepdiffError, match="tile 3"):
        for_each_tile(work, range(1000), n_jobs=2)
    assert len(started) < 100


def test_an_interrupt_ends_the_work_soon():
    started = []

    def work(tile):
        started.append(tile)
        time.sleep(0.02)

    signal.signal(signal.SIGINT, signal.default_int_handler)  # a background shell job starts with SIGINT ignored
    threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        for_each_tile(work, range(100_000), n_jobs=2)
    assert time.monotonic() - begin < 3
    assert len(started) < 500


def test_libraries_are_held_to_one_thread_while_anybody_asks():
    before = blas_threads()
    with single_threaded_libraries():
        with single_threaded_libraries():
            assert blas_threads() == {1}
        assert blas_threads() == {1}
    assert blas_threads() == before


def test_the_limit_is_taken_away_in_any_order():
    before = blas_threads()
    first, second = single_threaded_libraries(), single_threaded_libraries()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert blas_threads() == {1}
    second.__exit__(None, None, None)
    assert blas_threads() == before


def test_number_of_threads():
    cores = resolve_n_jobs(None)
    assert resolve_n_jobs(-1) == cores
    assert resolve_n_jobs(3) == 3
    assert resolve_n_jobs(-1000) == 1
    with pytest.raises(RepdiffError, match="n_jobs"):
        resolve_n_jobs(0)


def test_tiles_cover_all_rows():
    assert row_tiles(10, 4) == [slice(0, 4), slice(4, 8), slice(8, 10)]
    assert row_tiles(0, 4) == []
