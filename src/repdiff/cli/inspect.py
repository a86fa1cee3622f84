"""``repdiff inspect``: files -> how they are read, before anything is compared."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument

from repdiff.cli import options as opt
from repdiff.settings import InspectCall

if TYPE_CHECKING:
    from repdiff.inputs.inspection import Inspected

_WORDS = {"may_be_ids": "may be ids", "images_found": "images found", "rows_with_gaps": "rows with gaps"}


@opt.takes_options(InspectCall)
def inspect(
    files: Annotated[list[Path], Argument(metavar="FILE ...", help="Embeddings, or tables of items.")],
    *,
    as_json: opt.Json = False,
    **options: Any,
) -> None:
    """Say how files are read, and how their rows would be matched with those of the first."""
    from repdiff.cli.console import print_json
    from repdiff.core.errors import InputError
    from repdiff.inputs.inspection import inspect_files

    found = inspect_files(files, **options)
    if as_json:
        print_json(found.to_plain())
    else:
        for one in found.files:
            _print(one)
        for first, second, how in found.matches:
            print(f"{first} and {second}: rows are matched {how}")
    unusable = [one for one in found.files if one.taken_for == "nothing"]
    if unusable:
        raise InputError(unusable[0].facts["reason"])


def _print(one: Inspected) -> None:
    if one.taken_for == "nothing":
        print(f"{one.source}: cannot be used")
        return
    print(f"{one.source}: {one.taken_for}")
    for name, value in one.facts.items():
        print(f"  {_WORDS.get(name, name)}: {_shown(value)}")
    for note in one.notes:
        print(f"  note: {note}")


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return f"{value:,}" if isinstance(value, int) else "none" if value is None else str(value)
