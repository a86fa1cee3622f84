"""The commands, gathered."""

from __future__ import annotations

from typing import Annotated

import typer

from repdiff import __version__
from repdiff.cli.assign import assign
from repdiff.cli.check import check
from repdiff.cli.compare import compare
from repdiff.cli.demo import demo
from repdiff.cli.encode import encode
from repdiff.cli.evaluate import evaluate
from repdiff.cli.explore import explore
from repdiff.cli.export import export
from repdiff.cli.inspect import inspect
from repdiff.cli.matrix import matrix
from repdiff.cli.report import report
from repdiff.cli.rerun import rerun
from repdiff.cli.series import series
from repdiff.cli.similarity import similarity
from repdiff.cli.triplets import triplets

app = typer.Typer(
    help="What one model's representation knows that another's does not.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback(invoke_without_command=True)
def repdiff(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """What one model's representation knows that another's does not."""
    if version:
        typer.echo(f"repdiff {__version__}")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


for command in (
    demo,
    inspect,
    compare,
    series,
    matrix,
    similarity,
    evaluate,
    assign,
    encode,
    check,
    explore,
    rerun,
    report,
    export,
    triplets,
):
    app.command()(command)
