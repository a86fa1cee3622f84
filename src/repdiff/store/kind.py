"""What the kinds of run directory have in common: how one is written whole or not at all, and read again."""

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
        The result, and whom to tell how far the work is -> what a directory will hold.
    unwrap : callable
        The way back.
    write_parts : callable
        What is stored and an empty folder: write all of it but the manifest.
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
        """What a directory will hold of a result; what is that already stays as it is."""
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
        """Write the files into a folder that is there."""
        write_manifest(folder, stored.manifest)
        self.write_parts(stored, folder)

    def read(self, path: str | Path) -> S:
        """What a directory holds.

        Raises
        ------
        RunError
            Where it is none of this kind, was written by a newer repdiff, or is damaged.
        """
        folder = Path(path)
        manifest = read_manifest(folder, self.format, self.older_versions)
        with damage_told(folder):
            return self.read_parts(folder, manifest)

    def load(self, path: str | Path) -> R:
        """The result that was saved in a directory; errors as of :meth:`read`."""
        return self.unwrap(self.read(path))
