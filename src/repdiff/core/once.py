"""A property computed on first use, by one thread for each object.

``functools.cached_property`` of Python 3.11 holds one lock for all objects of a class, so that two threads that prepare
two objects wait for each other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

Value = TypeVar("Value")
_OF_ALL = threading.Lock()


class once(Generic[Value]):  # noqa: N801 (used as a decorator)
    """Makes a method an attribute that is computed when it is first asked for, and then kept.

    Parameters
    ----------
    compute : callable
        The object -> the value. Objects must have a ``__dict__``.
    """

    def __init__(self, compute: Callable[[Any], Value]) -> None:
        self._compute = compute
        self._name = compute.__name__
        self.__doc__ = compute.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> once[Value]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> Value: ...
    def __get__(self, instance: object | None, owner: type) -> once[Value] | Value:
        if instance is None:
            return self
        kept, lock_name = vars(instance), f"_lock_of_{self._name}"
        with _OF_ALL:
            lock = kept.setdefault(lock_name, threading.RLock())
        with lock:
            if self._name not in kept:
                kept[self._name] = self._compute(instance)
                kept.pop(lock_name, None)  # a lock cannot be pickled
        value: Value = kept[self._name]
        return value
