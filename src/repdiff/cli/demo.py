"""``repdiff demo``: small networks that differ in a known way, compared."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Option, echo

from repdiff.cli.compare import compare_and_write
from repdiff.cli.options import Json, Overwrite


def demo(
    output: Annotated[Path, Option("--output", "-o", help="Folder for the data and the run.")] = Path("repdiff-demo"),
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Train small networks on scikit-learn's digits, compare what two of them learned, and say what to try next."""
    from repdiff.cli import demo_data as demo
    from repdiff.cli.models import ModelOrFile
    from repdiff.store.directory import check_target

    run, data = output / "run", output / "data"
    check_target(run, overwrite=overwrite)
    if not as_json:
        echo("training three small networks on 1,797 handwritten digits ...")
    files = demo.write_demo_files(data)
    if not as_json:
        echo(f"comparing them, as this would: {demo.command_line(files)}")
    compare_and_write(
        [ModelOrFile("x", files.x), ModelOrFile("y", files.y)],
        output=run,
        overwrite=overwrite,
        as_json=as_json,
        **demo.options(files),
    )
    if not as_json:
        echo("\ntry next:")
        for purpose, command in demo.next_commands(files, run):
            echo(f"  # {purpose}\n  {command}")
