"""Tables of any kind -> pandas DataFrame: .csv, .parquet, .feather, .arrow; pandas, polars and pyarrow tables."""

from __future__ import annotations

import csv
import itertools
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from repdiff.core.errors import InputError

ID = "id"
_MISSING = ["", "NaN", "nan"]  # no more than these: NA, None and null are words that labels use


def read_csv(path: Path) -> pd.DataFrame:
    """A .csv file in UTF-8. Ids stay the text they are; a file of nothing but numbers has no header."""
    from pandas.errors import ParserWarning

    with path.open(encoding="utf-8-sig", newline="") as file:
        header = next(csv.reader(itertools.islice(file, 1)), [])
    has_header = not _is_all_numbers(header)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ParserWarning)  # rows longer than the header would be cut
        try:
            return pd.read_csv(
                path,
                encoding="utf-8-sig",
                header=0 if has_header else None,
                index_col=False,
                converters={ID: str.strip} if ID in header else None,
                keep_default_na=False,
                na_values=_MISSING,
                low_memory=False,
            )
        except ParserWarning as error:
            raise InputError(f"{path}: some row has more fields than the header's {len(header)}") from error


def read_parquet(path: Path) -> pd.DataFrame:
    """A .parquet file."""
    import pyarrow.parquet

    with pyarrow.parquet.ParquetFile(path) as file:
        return _of_arrow(file.read())


def read_arrow(path: Path) -> pd.DataFrame:
    """A .feather or .arrow file: Arrow's file format, or its stream."""
    import pyarrow as pa

    with pa.memory_map(str(path)) as source:
        try:
            table = pa.ipc.open_file(source).read_all()
        except pa.ArrowInvalid:
            source.seek(0)
            table = pa.ipc.open_stream(source).read_all()
        return _of_arrow(table)


TABLE_READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".csv": read_csv,
    ".parquet": read_parquet,
    ".feather": read_arrow,
    ".arrow": read_arrow,
}


def as_table(data: Any) -> pd.DataFrame | None:
    """The table as a DataFrame, where it is a pandas, polars or pyarrow table; else None."""
    library = type(data).__module__.partition(".")[0]
    if library == "polars":
        data = data.collect() if hasattr(data, "collect") else data
        if not hasattr(data, "to_arrow") or not hasattr(data, "columns"):
            return None
        data = data.to_arrow()
    if library in ("polars", "pyarrow") and hasattr(data, "to_pandas") and hasattr(data, "column_names"):
        return _of_arrow(data)
    return data if isinstance(data, pd.DataFrame) else None


def with_clean_columns(frame: pd.DataFrame, source: str) -> pd.DataFrame:
    """The table with text for column names, an index called ``id`` made a column, and rows numbered from 0.

    Raises
    ------
    InputError
        Where two columns have one name.
    """
    if frame.index.name == ID and ID not in frame.columns:
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
