"""What the kinds of run directory have in common: writing one whole or not at all, and reading it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from repdiff.core.files import link_or_copy
from repdiff.core.progress import Progress, silent
from repdiff.store.directory import read_manifest, write_manifest, written_folder
from repdiff.store.lazy import damage_told


class Stored(Protocol):
    """What a run directory holds, in memory."""

    @property
    def manifest(self) -> Mapping[str, Any]:
        """What ``manifest.json`` holds."""


R = TypeVar("R")
S = TypeVar("S", bound=Stored)


@dataclass(frozen=True)
class Kind(Generic[R, S]):
    """One kind of run directory.

    Attributes
    ----------
    format : str
        What its manifest calls it.
    result : type
        What is saved: a Comparison, a Timeline or a ComparisonMatrix.
    stored : type
        What a directory of it is in memory.
    hold : callable
        The result and a progress callback -> what a directory will hold.
    unwrap : callable
        The inverse of ``hold``.
    write_parts : callable
        Writes all of what is stored, except the manifest, into an empty folder.
    read_parts : callable
        A folder and its manifest -> what is stored.
    older_versions : tuple of int
        Schema versions before the present one that ``read_parts`` understands.
    """

    format: str
    result: type[R]
    stored: type[S]
    hold: Callable[[R, Progress], S]
    unwrap: Callable[[S], R]
    write_parts: Callable[[S, Path], None]
    read_parts: Callable[[Path, Mapping[str, Any]], S]
    older_versions: tuple[int, ...]

    def of(self, given: R | S) -> S:
        """What a directory will hold of a result; returned unchanged where it already is that."""
        return given if isinstance(given, self.stored) else self.hold(given, silent)  # type: ignore[arg-type]

    def write(
        self,
        given: R | S,
        path: str | Path,
        *,
        overwrite: bool = False,
        texts: Mapping[str, str] | None = None,
        attachments: Mapping[str, Path] | None = None,
    ) -> Path:
        """Write a directory, whole or not at all.

        Parameters
        ----------
        given : result or what is stored
            What to write.
        path : path
            Where; parents are made.
        overwrite : bool
            Replace a run, series or matrix that is there. Anything else that is there is never replaced.
        texts : mapping of str to str, optional
            Files to put beside the data, such as ``report.html``, by their places in the directory.
        attachments : mapping of str to path, optional
            Files to keep in the directory; they are linked or copied.

        Raises
        ------
        RunError
            Where the path is taken, or cannot be written.
        """
        stored = self.of(given)
        with written_folder(path, overwrite=overwrite) as folder:
            self.write_into(stored, folder)
            for name, file in (attachments or {}).items():
                (folder / name).parent.mkdir(exist_ok=True)
                link_or_copy(file, folder / name)
            for name, text in (texts or {}).items():
                (folder / name).write_text(text, encoding="utf-8")
        return Path(path)

    def write_into(self, stored: S, folder: Path) -> None:
        """Write the files into an existing folder."""
        write_manifest(folder, stored.manifest)
        self.write_parts(stored, folder)

    def read(self, path: str | Path) -> S:
        """What a directory holds.

        Raises
        ------
        RunError
            Where it is not of this kind, was written by a newer repdiff, or is damaged.
        """
        folder = Path(path)
        manifest = read_manifest(folder, self.format, self.older_versions)
        with damage_told(folder):
            return self.read_parts(folder, manifest)

    def load(self, path: str | Path) -> R:
        """The result that was saved in a directory; raises what :meth:`read` raises."""
        return self.unwrap(self.read(path))
