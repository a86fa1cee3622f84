"""Tables of any kind -> pandas DataFrame: .csv, .tsv, .parquet, .feather, .arrow; pandas, polars and pyarrow tables."""

from __future__ import annotations

import csv
import itertools
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from repdiff.core.errors import InputError
from repdiff.inputs.arrow_files import mapped_arrow
from repdiff.inputs.claims import FREELY, check_claim
from repdiff.inputs.keys import is_name_of_ids
from repdiff.inputs.parquet_files import open_parquet

ID = "id"
_OTHER_SEPARATORS = (";", "\t", "|")
_DECIMAL_COMMA = re.compile(r"^\s*[-+]?\d+(,\d+)?([eE][-+]?\d+)?\s*$")
_MANY_COLUMNS = 1000  # of which one block is made; each has its own otherwise, and every step looks at all
_MISSING = ["", "NaN", "nan"]  # only these: NA, None and null may be labels


def read_csv(path: Path, *, text: str | None = None) -> pd.DataFrame:
    """A .csv or .tsv file in UTF-8. Ids stay text; a file of nothing but numbers has no header.

    Fields end at commas, or at semicolons, tabs or bars where the first line has no comma. After a semicolon a comma
    may be the decimal sign.

    Parameters
    ----------
    path : Path
        The file.
    text : str, optional
        A column that stays text too.
    """
    from pandas.errors import ParserWarning

    separator, header, decimal = _form_of(path)
    _check_cells(path, len(header))
    has_header = not _is_all_numbers([name.replace(decimal, ".") for name in header])
    as_text = [name for name in header if has_header and (is_name_of_ids(name) or name == text)]
    with warnings.catch_warnings():
        warnings.simplefilter("error", ParserWarning)  # rows longer than the header would be cut
        try:
            frame = pd.read_csv(
                path,
                sep=separator,
                decimal=decimal,
                encoding="utf-8-sig",
                header=0 if has_header else None,
                index_col=False,
                converters=dict.fromkeys(as_text, str.strip) or None,
                keep_default_na=False,
                na_values=_MISSING,
                low_memory=False,
                float_precision="round_trip",  # of numbers as they stand, in every version of pandas
            )
            return frame.copy() if frame.shape[1] > _MANY_COLUMNS else frame
        except ParserWarning as error:
            raise InputError(f"{path}: some row has more fields than the header's {len(header)}") from error


def _form_of(path: Path) -> tuple[str, list[str], str]:
    """Separator, fields of the first line, and decimal sign."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        first, *rest = [*itertools.islice(file, 2), ""]
    by = {separator: _fields(first, separator) for separator in (",", *_OTHER_SEPARATORS)}
    wide = [separator for separator in _OTHER_SEPARATORS if len(by[separator]) > 1]
    if path.suffix.lower() == ".tsv" and len(by["\t"]) > 1:
        wide, found = ["\t"], "\t"
    elif wide and (len(by[","]) < 2 or all(map(_DECIMAL_COMMA.match, by[wide[0]]))):
        found = wide[0]
    else:
        return ",", by[","], "."
    values = _fields(rest[0], found) if rest else []
    commas = found != "," and any("," in value and _DECIMAL_COMMA.match(value) for value in (*by[found], *values))
    return found, by[found], "," if commas else "."


def _check_cells(path: Path, n_columns: int) -> None:
    """Refuse a file whose short lines, filled up to the length of its header, would take much more than the file."""
    size = path.stat().st_size
    if 8 * n_columns * size > FREELY:
        with path.open("rb") as file:
            n_lines = 1 + sum(
                block.count(b"\n") + block.count(b"\r") for block in iter(lambda: file.read(1 << 20), b"")
            )
        check_claim(str(path), 8 * n_columns * n_lines, size, what="cells")


def _fields(line: str, separator: str) -> list[str]:
    return (
        next(csv.reader([line], delimiter=separator), []) if separator in line else [line.rstrip("\r\n")] * bool(line)
    )


def read_parquet(path: Path) -> pd.DataFrame:
    """A .parquet file."""
    return _of_arrow(open_parquet(path).read())


def read_arrow(path: Path) -> pd.DataFrame:
    """A .feather or .arrow file: Arrow's file format, or its stream."""
    return _of_arrow(mapped_arrow(path))


TABLE_READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".csv": read_csv,
    ".tsv": read_csv,
    ".parquet": read_parquet,
    ".feather": read_arrow,
    ".arrow": read_arrow,
}


def as_table(data: Any) -> pd.DataFrame | None:
    """The table as a DataFrame, where it is a pandas, polars or pyarrow table; else None."""
    if isinstance(data, pd.DataFrame):
        return data
    arrow = as_arrow(data)
    return None if arrow is None else _of_arrow(arrow)


def as_arrow(data: Any) -> Any:
    """The Arrow table of a polars or pyarrow table, or of a data set of Hugging Face; else None."""
    library = type(data).__module__.partition(".")[0]
    if library == "polars":
        data = data.collect() if hasattr(data, "collect") else data
        if not hasattr(data, "to_arrow") or not hasattr(data, "columns"):
            return None
        data = data.to_arrow()
    if library == "datasets" and hasattr(data, "with_format") and hasattr(data, "column_names"):
        data = data.with_format("arrow")[:]
    return data if hasattr(data, "to_pandas") and hasattr(data, "column_names") and hasattr(data, "schema") else None


def with_clean_columns(frame: pd.DataFrame, source: str) -> pd.DataFrame:
    """The table with text for column names, an index called ``id`` or ``ids`` made a column, and rows numbered from 0.

    Raises
    ------
    InputError
        Where two columns have one name.
    """
    if (
        not isinstance(frame.index, pd.MultiIndex)
        and is_name_of_ids(frame.index.name)
        and frame.index.name not in frame
    ):
        frame = frame.reset_index()
    frame = frame.reset_index(drop=True).set_axis([str(name) for name in frame.columns], axis=1)
    repeated = frame.columns[frame.columns.duplicated()]
    if len(repeated):
        raise InputError(f"{source}: two columns are called {repeated[0]!r}; rename one")
    return frame


def _of_arrow(table: Any) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas(split_blocks=True)
    return frame


def _is_all_numbers(header: list[str]) -> bool:
    """Whether these are the first numbers of a file without a header, and not the 0, 1, 2 ... of unnamed columns."""
    try:
        numbers = [float(name) for name in header]
    except ValueError:
        return False
    return numbers != list(range(len(numbers)))
