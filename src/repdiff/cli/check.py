"""``repdiff check``: a run and rules -> an exit code that a pipeline stops at."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Exit, Option, echo

from repdiff.cli.options import Json
from repdiff.core.errors import RepdiffError

RULE_BROKEN = 1


def check(
    run: Annotated[
        Path | None, Argument(metavar="RUN", help="Directory of a run: X is the old model and Y the new one.")
    ] = None,
    fail_on: Annotated[
        list[str] | None,
        Option(
            metavar="RULE", help="What must not be, such as 'lost > 2 %'; may be given again.", show_default="a few"
        ),
    ] = None,
    allow_unknown: Annotated[
        bool, Option("--allow-unknown", help="Let rules pass of which the run cannot tell.")
    ] = False,
    junit: Annotated[Path | None, Option(help="Also write JUnit XML to this file.")] = None,
    markdown: Annotated[bool, Option("--markdown", help="Print a table for a pull request.")] = False,
    rules: Annotated[bool, Option("--rules", help="Print all that rules may name, and leave.")] = False,
    as_json: Json = False,
) -> None:
    """Leave with exit code 1 where the new model breaks a rule, 0 where none is broken, 2 for a mistake."""
    from repdiff.cli.console import print_json
    from repdiff.core.files import written_whole
    from repdiff.gate.check import check as check_run
    from repdiff.gate.formats import as_junit, as_markdown, as_text, rules_table

    if rules:
        echo(rules_table())
        return
    if run is None:
        raise RepdiffError("name the directory of a run: repdiff check RUN")
    if markdown and as_json:
        raise RepdiffError("--markdown and --json exclude each other; give one of them")
    result = check_run(run, fail_on, allow_unknown=allow_unknown)
    if junit is not None:
        with written_whole(junit) as file:
            file.write_text(as_junit(result), encoding="utf-8")
    if as_json:
        print_json({"run": str(run), **result.to_plain()})
    else:
        echo(as_markdown(result) if markdown else as_text(result))
    if not result.passed:
        raise Exit(RULE_BROKEN)
