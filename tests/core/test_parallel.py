from __future__ import annotations

import os
import signal
import sys
import threading
import time

import pytest
from threadpoolctl import threadpool_info

from repdiff.core.errors import RepdiffError
from repdiff.core.parallel import (
    Task,
    for_each_tile,
    resolve_n_jobs,
    row_tiles,
    run_side_by_side,
    single_threaded_libraries,
)


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
        if tile == 3:
            raise RepdiffError("tile 3")
        time.sleep(0.2 if tile > 3 else 0)  # a hundred more would take ten seconds

    with pytest.raises(RepdiffError, match="tile 3"):
        for_each_tile(work, range(1000), n_jobs=2)
    assert len(started) < 100


def test_an_interrupt_ends_the_work_soon(sigint_raises):
    started = []

    def work(tile):
        started.append(tile)
        if tile == 10:
            os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.2 if tile > 10 else 0)

    with pytest.raises(KeyboardInterrupt):
        for_each_tile(work, range(100_000), n_jobs=2)
    assert len(started) < 100


@pytest.mark.usefixtures("threaded_libraries")
def test_libraries_are_held_to_one_thread_while_anybody_asks():
    assert blas_threads() == {2}
    with single_threaded_libraries():
        with single_threaded_libraries():
            assert blas_threads() == {1}
        assert blas_threads() == {1}
    assert blas_threads() == {2}


def test_libraries_that_are_loaded_later_are_held_too(monkeypatch):
    """They are looked for again when modules were imported since."""
    with single_threaded_libraries():
        found = single_threaded_libraries._libraries
    with single_threaded_libraries():
        assert single_threaded_libraries._libraries is found
    monkeypatch.setitem(sys.modules, "a_module_with_a_library", sys)
    with single_threaded_libraries():
        assert single_threaded_libraries._libraries is not found


def test_one_tile_starts_no_thread():
    seen = []
    for_each_tile(lambda tile: seen.append(threading.current_thread()), range(1), n_jobs=4)
    assert seen == [threading.current_thread()]


@pytest.mark.usefixtures("threaded_libraries")
def test_the_limit_is_taken_away_in_any_order():
    first, second = single_threaded_libraries(), single_threaded_libraries()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert blas_threads() == {1}
    second.__exit__(None, None, None)
    assert blas_threads() == {2}


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


def task(work, need=1):
    return Task(work, need)


def long_task(ended, begin=lambda: None):
    """Calls ``begin``, takes half a minute if it is not stopped, and notes that it came to its end."""

    def work(progress):
        begin()
        for step in range(30_000):
            progress("stage", step, 30_000)
            time.sleep(0.001)
        ended.append(0)

    return work


@pytest.mark.parametrize("n_at_once", [1, 2, 3, 20])
def test_tasks_give_their_results_in_order(n_at_once):
    def work_of(place):
        def work(progress):
            progress(f"task {place}", 0, 1)
            time.sleep(0.001 * (10 - place))
            return place

        return work

    tasks = (task(work_of(place)) for place in range(10))
    assert run_side_by_side(tasks, n_at_once=n_at_once, budget=100) == list(range(10))


def test_no_more_tasks_run_than_there_are_threads_and_memory_for():
    lock, running, seen = threading.Lock(), [], []
    three_at_once = threading.Event()

    def work_of(need):
        def work(progress):
            with lock:
                running.append(need)
                seen.append(tuple(running))
                if len(running) == 3:
                    three_at_once.set()
            time.sleep(0.01)
            if need == 2:  # there is room for three of these
                three_at_once.wait(timeout=30)
            with lock:
                running.remove(need)

        return work

    needs = [5, 5, 5, 5, 2, 2, 2, 2, 2, 30, 5, 5]
    run_side_by_side((task(work_of(need), need) for need in needs), n_at_once=3, budget=11)
    assert max(map(len, seen)) == 3
    assert all(sum(some) <= 11 or some == (30,) for some in seen)


def test_a_task_is_taken_when_there_is_a_thread_for_it():
    lock, under_way, most = threading.Lock(), 0, 0

    def taken():
        nonlocal under_way, most
        for _ in range(12):
            with lock:
                under_way += 1
                most = max(most, under_way)
            yield task(work)

    def work(progress):
        nonlocal under_way
        time.sleep(0.005)
        with lock:
            under_way -= 1

    run_side_by_side(taken(), n_at_once=2, budget=100)
    assert most <= 2


def test_progress_of_tasks_is_told_on_the_calling_thread():
    told, heard = [], threading.Event()

    def work(progress):
        for step in range(3):
            progress("stage", step, 3)
            if step == 1:
                heard.wait(timeout=30)

    def tell(*step):
        told.append((threading.get_ident(), step))
        if step == ("stage", 1, 3):
            heard.set()

    run_side_by_side([task(work)] * 3, n_at_once=2, budget=10, progress=tell)
    assert {thread for thread, _ in told} == {threading.get_ident()}
    assert ("stage", 1, 3) in {step for _, step in told}


def test_an_error_of_a_task_ends_the_others():
    begun, ended, other = [], [], threading.Event()

    def fail(progress):
        assert other.wait(timeout=30)
        raise RepdiffError("task 0")

    def begin():
        begun.append(0)
        other.set()

    with pytest.raises(RepdiffError, match="task 0"):
        run_side_by_side([task(fail), *[task(long_task(ended, begin))] * 50], n_at_once=2, budget=100)
    assert len(begun) == 1
    assert not ended


def test_an_error_where_tasks_are_taken_ends_those_under_way():
    ended = []

    def taken():
        yield task(long_task(ended))
        raise RepdiffError("the second cannot be read")

    with pytest.raises(RepdiffError, match="the second cannot be read"):
        run_side_by_side(taken(), n_at_once=2, budget=100)
    assert not ended


def test_an_interrupt_ends_the_tasks_soon(sigint_raises):
    both, begun, ended = threading.Barrier(2, timeout=30), [], []

    def begin():
        begun.append(0)
        if both.wait() == 0:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        run_side_by_side([task(long_task(ended, begin))] * 4, n_at_once=2, budget=100)
    assert len(begun) == 2
    assert not ended


@pytest.mark.parametrize("n_jobs", [1, 3])
def test_the_tiles_of_a_task_end_with_it_although_it_tells_no_progress(n_jobs):
    worked_on = []

    def long(progress):
        for_each_tile(lambda tile: (worked_on.append(tile), time.sleep(0.005)), range(2000), n_jobs=n_jobs)

    def wrong(progress):
        time.sleep(0.02)
        raise RepdiffError("wrong")

    with pytest.raises(RepdiffError, match="wrong"):
        run_side_by_side([Task(long, 0), Task(wrong, 0)], n_at_once=2, budget=0)
    assert 0 < len(worked_on) < 1000


def test_tiles_within_a_tile_end_with_it():
    worked_on = []

    def work(tile):
        if tile == 1:
            time.sleep(0.02)
            raise RepdiffError("wrong")
        for_each_tile(lambda inner: (worked_on.append(inner), time.sleep(0.005)), range(2000), n_jobs=2)

    with pytest.raises(RepdiffError, match="wrong"):
        for_each_tile(work, range(2), n_jobs=2)
    assert 0 < len(worked_on) < 1000
