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
    from repdiff.store.run import Run

_FOLDERS = ("tensorboard", "fiftyone")  # formats of several files


def export(
    run: Annotated[Path, Argument(metavar="RUN", help="Directory of a run.")],
    to: Annotated[
        Literal["csv", "json", "parquet", "anndata", "tensorboard", "fiftyone", "embedding-atlas"],
        Option(help="Format."),
    ] = "csv",
    output: Annotated[
        Path | None,
        Option(
            "--output",
            "-o",
            help="File; a folder for tensorboard and fiftyone.",
            show_default="standard output, of csv and json",
        ),
    ] = None,
) -> None:
    """Write the labels of all items: as a table, or for another program."""
    if to not in ("csv", "json") and output is None:
        raise RepdiffError(f"{to} is not one text; give a {'folder' if to in _FOLDERS else 'file'} with --output")
    from repdiff.core.files import written_whole
    from repdiff.store.run import read_run

    read = read_run(run)
    comparison = read.comparison
    if output is None:
        print_data(_text(comparison, to))
        return
    if to in _FOLDERS:
        told = _write_projector(comparison, output) if to == "tensorboard" else _write_fiftyone(read, output)
        echo(f"{to}: {output}{told}")
        return
    with written_whole(output) as path:
        if to == "parquet":
            _table(comparison).to_parquet(path, index=False)
        elif to == "anndata":
            _write_anndata(comparison, path)
        elif to == "embedding-atlas":
            _write_atlas(read, path)
        else:
            path.write_text(_text(comparison, to), encoding="utf-8")
    echo(f"{to}: {output}{_advice(read, output) if to == 'embedding-atlas' else ''}")


def _write_projector(comparison: Comparison, path: Path) -> str:
    from repdiff.store.directory import written_folder
    from repdiff.store.projector import write_projector

    with written_folder(path) as folder:
        write_projector(comparison, _table(comparison), folder)
    return ""


def _write_fiftyone(run: Run, path: Path) -> str:
    """Write the folder; say how many items have a picture, and how it is opened."""
    from repdiff.report.wording.names import shown_name
    from repdiff.store.directory import written_folder
    from repdiff.store.fiftyone_export import write_fiftyone

    comparison = run.comparison
    called = {
        one.name: [shown_name(comparison, one.name, cluster) for cluster in one.clusters]
        for one in (comparison.x_only, comparison.y_only)
    }
    with written_folder(path) as folder:
        count = write_fiftyone(comparison, run.thumbnails, called, folder)
    n = len(comparison.items.frame)
    left_out = "" if count == n else f" ({count:,} of {n:,} items; the others have no picture)"
    return (
        f"{left_out}\nopen it: import fiftyone as fo; "
        f"fo.launch_app(fo.Dataset.from_dir({str(path)!r}, dataset_type=fo.types.FiftyOneDataset)).wait()"
    )


def _write_atlas(run: Run, path: Path) -> None:
    from repdiff.store.atlas_export import write_atlas

    write_atlas(run.comparison, _table(run.comparison), run.thumbnails, path)


def _advice(run: Run, path: Path) -> str:
    from repdiff.store.atlas_export import advice

    return f"\nopen it: {advice(run.comparison, path, run.thumbnails)}"


def _write_anndata(comparison: Comparison, path: Path) -> None:
    """Written elsewhere and copied, since HDF5 wants to lock a file that nobody else has open."""
    from shutil import copyfile
    from tempfile import TemporaryDirectory

    from repdiff.store.anndata_export import write_anndata

    with TemporaryDirectory() as folder:
        written = Path(folder) / "run.h5ad"
        write_anndata(comparison, _table(comparison), written)
        copyfile(written, path)


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
