"""``repdiff export``: a run -> a table of its items, or all its figures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from typer import Argument, Option, echo

from repdiff.cli.streams import print_data
from repdiff.core.errors import RepdiffError

if TYPE_CHECKING:
    import pandas as pd

    from repdiff.results.comparison import Comparison


def export(
    run: Annotated[Path, Argument(metavar="RUN", help="Directory of a run.")],
    to: Annotated[Literal["csv", "json", "parquet"], Option(help="Format.")] = "csv",
    output: Annotated[
        Path | None, Option("--output", "-o", help="File.", show_default="standard output; parquet needs a file")
    ] = None,
) -> None:
    """Write the labels of all items: a table as CSV or Parquet, or with the clusters as JSON."""
    if to == "parquet" and output is None:
        raise RepdiffError("parquet is not text; give a file for it with --output FILE")
    from repdiff.core.files import written_whole
    from repdiff.store.run import load_run

    comparison = load_run(run)
    if output is None:
        print_data(_text(comparison, to))
        return
    with written_whole(output) as path:
        if to == "parquet":
            _table(comparison).to_parquet(path, index=False)
        else:
            path.write_text(_text(comparison, to), encoding="utf-8")
    echo(f"{to}: {output}")


def _table(comparison: Comparison) -> pd.DataFrame:
    """One row per item, with the names that people gave."""
    return comparison.annotations.to_frame(comparison.to_frame())


def _text(comparison: Comparison, to: str) -> str:
    if to == "csv":
        from repdiff.core.spreadsheets import csv_text

        return csv_text(_table(comparison))
    import json

    return json.dumps(_facts(comparison), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _facts(comparison: Comparison) -> dict[str, Any]:
    import json

    from repdiff.cli.summary import direction_facts

    frame = _table(comparison)
    return {
        "names": list(comparison.names),
        "x_only": direction_facts(comparison, comparison.x_only),
        "y_only": direction_facts(comparison, comparison.y_only),
        "items": json.loads(frame.to_json(orient="records", date_format="iso")),
    }
