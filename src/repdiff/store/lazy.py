"""Parts of a run that are read when they are first used."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

from repdiff.core.errors import RunError
from repdiff.core.files import one_line

T = TypeVar("T")
_LATER, _KIND = "_read_later", "_read_later_kind"


def deferred(kind: type[T], ready: Mapping[str, Any], later: Mapping[str, Callable[[], Any]]) -> T:
    """A dataclass instance, some of whose fields are computed on first use.

    It is an instance of ``kind`` like any other: ``dataclasses.replace``, ``fields`` and ``pickle`` take it, and make
    it whole. It may be used from several threads, which at worst read a part twice.

    Parameters
    ----------
    kind : type
        A frozen dataclass.
    ready : mapping of str to value
        Fields that are known.
    later : mapping of str to callable
        All others, and the functions that give their values.
    """
    instance: Any = object.__new__(_deferring(cast("Any", kind), frozenset(later)))
    instance.__dict__.update(ready)
    instance.__dict__[_LATER] = dict(later)
    return cast("T", instance)


def put_off(instance: T, **later: Callable[[], Any]) -> T:
    """The same instance with these fields computed on first use; fields that are not read yet stay unread."""
    kind: Any = getattr(type(instance), _KIND, type(instance))
    waiting = {name: read for name, read in vars(instance).get(_LATER, {}).items() if name not in vars(instance)}
    names = {field.name for field in fields(kind)} - set(waiting) - set(later)
    ready = {name: getattr(instance, name) for name in names}
    return cast("T", deferred(kind, ready, {**waiting, **later}))


class _Later:
    """A field that is computed on first use; afterwards the instance holds its value."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self
        value = instance.__dict__[_LATER][self.name]()
        instance.__dict__[self.name] = value
        return value


@cache
def _deferring(kind: type, names: frozenset[str]) -> type:
    body: dict[str, Any] = {name: _Later(name) for name in names}
    body |= {_KIND: kind, "__module__": kind.__module__, "__doc__": kind.__doc__, "__qualname__": kind.__qualname__}

    def as_ordinary(self: Any) -> tuple[Any, ...]:
        return kind, tuple(getattr(self, field.name) for field in fields(self))

    return type(kind.__name__, (kind,), body | {"__reduce__": as_ordinary})


class Part:
    """A file of a run, as it was when the run was opened.

    Attributes
    ----------
    path : Path
        Where it is.
    """

    def __init__(self, run: Path, name: str) -> None:
        self.run, self.path = run, run / name
        self._stamp = self._stamped()

    def __call__(self, read: Callable[[Path], T]) -> T:
        """What ``read`` makes of the file.

        Raises
        ------
        RunError
            Where the file is damaged, missing, or was replaced since the run was opened.
        """
        with damage_told(self.run):
            if self._stamped() != self._stamp:
                raise RunError(f"{self.run}: was replaced since it was opened; load it again")
            return read(self.path)

    def _stamped(self) -> tuple[int, int, int]:
        found = self.path.lstat()
        return found.st_mtime_ns, found.st_size, found.st_ino


def once(read: Callable[[], T]) -> Callable[[], T]:
    """The same function, called once however often its value is needed."""
    return cache(read)


@contextmanager
def damage_told(run: Path) -> Iterator[None]:
    """Turn any error of reading a run into one line: whatever is raised then comes of what the files hold.

    Raises
    ------
    RunError
        Instead of the errors of the libraries.
    """
    try:
        yield
    except RunError:
        raise
    except MemoryError as error:
        raise RunError(f"{run}: needs more memory than there is; use a larger machine, or compare again") from error
    except Exception as error:
        raise RunError(f"{run}: the run is damaged: {_in_words(error)}; compare again") from error


def _in_words(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{Path(str(error.filename)).name}: {error.strerror}" if error.filename else error.strerror
    if isinstance(error, KeyError):
        return f"{one_line(error)} is missing"
    return one_line(error)
