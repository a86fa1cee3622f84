"""A property that is computed once, and of two objects at the same time."""

from __future__ import annotations

import pickle
import threading

from repdiff.core.once import once


class Slow:
    """Whose value takes until both threads have begun."""

    both_begun = threading.Barrier(2, timeout=20)
    times = 0

    @once
    def value(self) -> int:
        """Doc."""
        type(self).times += 1
        return self.both_begun.wait()


def test_two_objects_are_computed_at_the_same_time_and_each_once() -> None:
    Slow.times = 0
    objects = Slow(), Slow()
    threads = [threading.Thread(target=lambda one=one: one.value) for one in objects]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {one.value for one in objects} == {0, 1}
    assert Slow.times == 2


class Counted:
    """Counts how often it is computed."""

    def __init__(self) -> None:
        self.times = 0
        self.may_end = threading.Event()

    @once
    def value(self) -> int:
        """Doc."""
        self.times += 1
        self.may_end.wait(0.2)
        return 7


def test_one_object_is_computed_once_by_several_threads() -> None:
    one = Counted()
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(one.value)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [7] * 4
    assert one.times == 1
    assert Counted.value.__doc__ == "Doc."


class Plain:
    """Can be pickled."""

    @once
    def value(self) -> int:
        """Doc."""
        return 3


def test_an_object_can_be_pickled_once_its_value_is_known() -> None:
    one = Plain()
    assert one.value == 3
    assert pickle.loads(pickle.dumps(one)).value == 3
