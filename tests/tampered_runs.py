"""Runs, series and matrices as a stranger might hand them over: small ones, and seeded ways to tamper with them."""

from __future__ import annotations

import io
import json
import os
import resource
import shutil
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

import repdiff
from repdiff import cli
from repdiff.store.kinds import as_run

OLD_RUNS = Path(__file__).parent / "store" / "v01" / "runs.zip"
_MOST_KILOBYTES = 2_000_000
KINDS = ("run", "series", "matrix", "old run", "old series", "old matrix")

_DEEP = "a list in a list, many thousand deep"
_VALUES: tuple[Any, ...] = (
    None, True, False, "", "x" * 5000, "\ud800", "\x00", "../..", "/etc/passwd", "..", "<script>alert(1)</script>",
    -1, 0, 1, 7, 2**31, 2**63, -(2**63), 10**400, 0.5, -0.5, 1.5, 1e308, -1e308, 1e-320, float("nan"), float("inf"),
    "nan", "1", [], {}, [[]], [None], ["x"], {"x": 1}, _DEEP,
)  # fmt: skip
_EVALUATION = (
    "direction,method,title,success,n_groups,items_per_group\nx_only,rdc,RDC,0.9,4,9.0\ny_only,rdc,RDC,0.8,4,9\n"
)


_ANNOTATIONS = {
    "format": "repdiff annotations",
    "schema_version": 1,
    "version": 2,
    "clusters": [
        {"direction": "x_only", "index": 0, "name": "stripes", "tags": ["a", "b"], "note": "seen", "decision": "real"},
        {"direction": "y_only", "index": 0, "merged_into": 1},
    ],
    "selections": [{"name": "odd ones", "items": ["item 3", "item 7"]}],
}


def make_runs(folder: Path) -> dict[str, Path]:
    """A run, a series and a matrix of today, and those of version 0.1, by :data:`KINDS`."""
    rng = np.random.default_rng(0)
    n = 160
    group = rng.integers(0, 4, n)
    x = (rng.normal(size=(4, 12)) * 3)[group] + rng.normal(size=(n, 12))
    others = []
    for lost in (0, 1):
        other = x.copy()
        other[group == lost] = rng.normal(size=(int((group == lost).sum()), 12)) * 3
        others.append(other)
    pictures = folder / "pictures"
    pictures.mkdir(parents=True)
    for row in range(n):
        Image.new("RGB", (8, 6), (row, 0, 0)).save(pictures / f"{row}.png")
    names = np.array([f"class {one}" for one in range(4)])
    items = pd.DataFrame(
        {
            "id": [f"item {row}" for row in range(n)],
            "image": [f"{row}.png" for row in range(n)],
            "label": names[group],
            "says": names[(group + (rng.random(n) < 0.1)) % 4],
            "score": rng.random(n),
            "when": pd.date_range("2020-01-01", periods=n),
            "text": [f"text {row}" for row in range(n)],
        }
    )
    told: dict[str, Any] = {"items": items, "images": pictures, "label": "label"}
    said = {"prediction_x": "label", "prediction_y": "says"}
    repdiff.compare(x, others[0], n_clusters="auto", **said, **told).save(folder / "run")
    (folder / "run" / "evaluation.csv").write_text(_EVALUATION)
    (folder / "run" / "annotations.json").write_text(json.dumps(_ANNOTATIONS))
    repdiff.compare_series(others, x, n_clusters=4, **told).save(folder / "series")
    repdiff.compare_matrix([x, *others], n_clusters=4, evidence=False, **told).save(folder / "matrix")
    with zipfile.ZipFile(OLD_RUNS) as archive:
        archive.extractall(folder / "old")
    return {kind: folder / kind.replace(" ", "/") for kind in KINDS}


def tampered(kind: str, runs: dict[str, Path], folder: Path, rng: np.random.Generator) -> str:
    """A copy of a run in a new folder with one to three things changed; what was changed, in words."""
    shutil.copytree(runs[kind], folder, symlinks=True)
    told = []
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in _NOT_READ)
    for file in rng.choice(np.array(files), size=int(rng.choice([1, 1, 1, 2, 3])), replace=False):
        ways = [*_ANY_FILE, *_WAYS[file.suffix] * 4]
        way = ways[rng.integers(len(ways))]
        told.append(f"{file.relative_to(folder)}: {way.__name__.strip('_')} {way(file, rng) or ''}".strip())
    return "; ".join(told)


def use(path: Path, scratch: Path) -> None:
    """All that a user may do with a run: read every part of it, write its page, its tables, ask the gate."""
    run = as_run(path)
    _touch(run)
    for comparison in _comparisons(run):
        comparison.to_frame()
        assert isinstance(comparison.answer, str)
    repdiff.write_report(path, scratch / "page.html")
    (scratch / "page.html").unlink()
    if len(_comparisons(run)) == 1:
        for command in (["check", str(path)], ["export", str(path), "--to", "json"], ["evaluate", str(path)]):
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()) as said:
                code = cli.run(command)
            assert code in (0, 1, 2), said.getvalue()


def _comparisons(run: Any) -> tuple[repdiff.Comparison, ...]:
    for name in ("timeline", "matrix"):
        if hasattr(run, name):
            result = getattr(run, name)
            result.to_frame()
            if name == "timeline":
                result.growth()
                result.tracks_frame()
            return tuple(result.comparisons)
    return (run.comparison,)


def _touch(value: Any) -> None:
    """Read what is read later."""
    if is_dataclass(value):
        for field in fields(value):
            _touch(getattr(value, field.name))
    elif isinstance(value, tuple):
        for part in value[:50]:
            _touch(part)


def _retype_value(file: Path, rng: np.random.Generator) -> str:
    """Another value in place of one in a JSON file."""
    whole = {"all": json.loads(file.read_text("utf-8"))}
    places = list(_places(whole))
    holder, key = places[rng.integers(len(places))]
    value = _VALUES[rng.integers(len(_VALUES))]
    holder[key] = value
    _write_json(file, whole["all"])
    return f"{key} = {str(value)[:30]}"


def _nudge_value(file: Path, rng: np.random.Generator) -> str:
    """A value that is only a little wrong."""
    whole = {"all": json.loads(file.read_text("utf-8"))}
    places = [(holder, key) for holder, key in _places(whole) if type(holder[key]) in (int, float, str, list)]
    holder, key = places[rng.integers(len(places))]
    old = holder[key]
    holder[key] = {int: lambda: old + int(rng.choice([-1, 1])), float: lambda: -old, str: lambda: old + "x",
                   list: lambda: old[:-1]}[type(old)]()  # fmt: skip
    _write_json(file, whole["all"])
    return f"{key}: {str(old)[:20]} -> {str(holder[key])[:20]}"


def _drop_value(file: Path, rng: np.random.Generator) -> str:
    whole = {"all": json.loads(file.read_text("utf-8"))}
    places = [place for place in _places(whole) if place[0] is not whole]
    if not places:
        return "nothing"
    holder, key = places[rng.integers(len(places))]
    del holder[key]
    _write_json(file, whole["all"])
    return str(key)


def _swap_values(file: Path, rng: np.random.Generator) -> str:
    whole = {"all": json.loads(file.read_text("utf-8"))}
    places = [place for place in _places(whole) if place[0] is not whole]
    if len(places) < 2:
        return "nothing"
    (one, here), (other, there) = (places[place] for place in rng.integers(len(places), size=2))
    one[here], other[there] = json.loads(json.dumps([other[there], one[here]]))
    _write_json(file, whole["all"])
    return f"{here} and {there}"


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in list(pairs):
        yield value, key
        yield from _places(part)


def _write_json(file: Path, value: Any) -> None:
    text = json.dumps(value).replace(json.dumps(_DEEP), "[" * 50_000 + "]" * 50_000)
    file.write_text(text, encoding="utf-8")


def _retype_column(file: Path, rng: np.random.Generator) -> str:
    table, place = _column(file, rng)
    kinds = (pa.string(), pa.float64(), pa.int8(), pa.int64(), pa.bool_(), pa.binary(), pa.date32(), pa.null())
    kind = kinds[rng.integers(len(kinds))]
    try:
        column = table.column(place).cast(kind)
    except pa.ArrowException:
        column = pa.nulls(len(table), kind)
    _put(file, table, place, column)
    return f"{table.column_names[place]} as {kind}"


def _nest_column(file: Path, rng: np.random.Generator) -> str:
    table, place = _column(file, rng)
    cells = ([1], {"a": [1]}, [[]], [float("nan")] * 3, [2**62], b"\xff", "x" * 300)
    cell = cells[rng.integers(len(cells))]
    _put(file, table, place, pa.array([cell] * len(table)))
    return f"{table.column_names[place]} = {cell!r:.20}"


def _change_cells(file: Path, rng: np.random.Generator) -> str:
    """Other values of the same type in some rows of a column."""
    table, place = _column(file, rng)
    kind = table.column(place).type
    cells = table.column(place).to_pylist()
    new = _of_type(kind, rng)
    for row in rng.choice(len(cells), size=int(rng.integers(1, len(cells) + 1)), replace=False) if cells else ():
        cells[row] = new
    _put(file, table, place, pa.array(cells, kind))
    return f"{table.column_names[place]} = {str(new)[:20]}"


def _of_type(kind: pa.DataType, rng: np.random.Generator) -> Any:
    if pa.types.is_integer(kind):
        most = 2 ** (kind.bit_width - 1) - 1
        return [None, 0, 1, -1, 99, most, -most][rng.integers(7)]
    if pa.types.is_floating(kind):
        return [None, 0.0, -1.0, 7.0, 1e300, float("nan"), float("inf"), -1e-310][rng.integers(8)]
    if pa.types.is_boolean(kind):
        return [None, True, False][rng.integers(3)]
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return [None, "", "x" * 3000, "x_only", "y_only", "\x00", "</script>"][rng.integers(7)]
    if pa.types.is_binary(kind):
        return [None, b"", b"\x89PNG", b"RIFF", b"x" * 100_000][rng.integers(5)]
    if pa.types.is_map(kind):
        return [None, [], [("a", -1)], [("a", 2**62)], [("", 1), ("", 2)]][rng.integers(5)]
    if pa.types.is_list(kind):
        return [None, [], [_of_type(kind.value_type, rng)], [_of_type(kind.value_type, rng)] * 50][rng.integers(4)]
    return None


def _drop_column(file: Path, rng: np.random.Generator) -> str:
    table, place = _column(file, rng)
    pq.write_table(table.remove_column(place), file)
    return table.column_names[place]


def _rename_column(file: Path, rng: np.random.Generator) -> str:
    table, place = _column(file, rng)
    names = list(table.column_names)
    names[place] = ["", "id", "x_only", names[rng.integers(len(names))], "other"][rng.integers(5)]
    pq.write_table(table.rename_columns(names), file)
    return f"{table.column_names[place]} to {names[place]}"


def _move_rows(file: Path, rng: np.random.Generator) -> str:
    table = pq.read_table(file)
    n = len(table)
    rows = [
        np.arange(n)[: n // 2], np.arange(0), rng.permutation(n), np.arange(n) // 2, np.tile(np.arange(n), 3),
        np.roll(np.arange(n), 1),
    ][rng.integers(6)]  # fmt: skip
    pq.write_table(table.take(pa.array(rows, pa.int64())), file)
    return f"{len(rows)} of {n}"


def _lie_to_pandas(file: Path, rng: np.random.Generator) -> str:
    """Change what the table says to pandas about its index and types."""
    table = pq.read_table(file)
    told = json.loads((table.schema.metadata or {}).get(b"pandas", b"{}")) or {"columns": [], "index_columns": []}
    whole = {"all": told}
    places = list(_places(whole))
    holder, key = places[rng.integers(len(places))]
    values = (*_VALUES, table.column_names[0], ["id"], "category", "datetime64[ns, Mars]", "Int64", "object")
    holder[key] = values[rng.integers(len(values))]
    text = json.dumps(whole["all"]).encode("utf-8", "surrogatepass")
    pq.write_table(table.replace_schema_metadata({b"pandas": text}), file)
    return f"{key}"


def _many_rows(file: Path, rng: np.random.Generator) -> str:
    """A small file that claims to be long, or that is long once it is decoded."""
    table = pq.read_table(file)
    if not len(table):
        return "nothing"
    first = table.slice(0, 1)
    n = min(int(rng.choice([200_000, 2_000_000])), 200_000_000 // (first.nbytes + 1))
    pq.write_table(first.take(pa.array(np.zeros(n, np.int64))), file, compression="zstd")
    return f"{n}"


def _column(file: Path, rng: np.random.Generator) -> tuple[pa.Table, int]:
    table = pq.read_table(file)
    if not table.num_columns:
        table = pa.table({"x": [1]})
    return table, int(rng.integers(table.num_columns))


def _put(file: Path, table: pa.Table, place: int, column: Any) -> None:
    pq.write_table(table.set_column(place, table.column_names[place], column), file)


def _other_cells(file: Path, rng: np.random.Generator) -> str:
    """Change a cell of a CSV file."""
    rows = [line.split(",") for line in file.read_text("utf-8").splitlines()]
    row = rows[rng.integers(len(rows))]
    if not row:
        return "nothing"
    place = rng.integers(len(row))
    row[place] = ["", "nan", "inf", "x_only", "-1", "1e999", "x", '"', "=1+1", "\x00"][rng.integers(10)]
    file.write_text("\n".join(map(",".join, rows)) + "\n", "utf-8")
    return row[place]


def _flip_bytes(file: Path, rng: np.random.Generator) -> str:
    content = bytearray(file.read_bytes())
    if not content:
        return "nothing"
    # The end of a Parquet file says what is where.
    last = rng.random() < 0.5
    for _ in range(int(rng.integers(1, 20))):
        place = len(content) - 1 - int(rng.integers(min(len(content), 600))) if last else rng.integers(len(content))
        content[place] = rng.integers(256)
    file.write_bytes(bytes(content))
    return "at its end" if last else ""


def _cut_short(file: Path, rng: np.random.Generator) -> None:
    os.truncate(file, int(rng.integers(max(1, file.stat().st_size))))


def _delete(file: Path, rng: np.random.Generator) -> None:
    file.unlink()


def _make_a_folder(file: Path, rng: np.random.Generator) -> None:
    file.unlink()
    file.mkdir()


def _make_a_pipe(file: Path, rng: np.random.Generator) -> None:
    file.unlink()
    os.mkfifo(file)


def _link_to(file: Path, rng: np.random.Generator) -> str:
    target = ["/dev/zero", "/etc/passwd", "nowhere", file.name, str(Path(__file__).resolve())][rng.integers(5)]
    file.unlink()
    file.symlink_to(target)
    return target


def _make_huge(file: Path, rng: np.random.Generator) -> None:
    os.truncate(file, 20 << 30)  # which takes no room on the disk


def _put_another(file: Path, rng: np.random.Generator) -> str:
    others = sorted(path for path in file.parent.iterdir() if path.is_file() and path != file)
    if not others:
        return "nothing"
    other = others[rng.integers(len(others))]
    content = other.read_bytes()[: 1 << 20]
    file.unlink()
    file.write_bytes(content)
    return other.name


_NOT_READ = ("report.html", "growth.parquet", "tracks.parquet", "flows.parquet", "matrix.csv")
_JSON = (_retype_value, _retype_value, _retype_value, _nudge_value, _drop_value, _swap_values)
_TABLE = (
    _change_cells, _change_cells, _change_cells, _retype_column, _nest_column, _drop_column, _rename_column, _move_rows,
    _lie_to_pandas, _many_rows,
)  # fmt: skip
_WAYS: dict[str, tuple[Callable[[Path, np.random.Generator], str | None], ...]] = {
    ".json": _JSON, ".parquet": _TABLE, ".csv": (_other_cells,) * 4
}  # fmt: skip
_ANY_FILE = (
    _flip_bytes, _flip_bytes, _flip_bytes, _cut_short, _delete, _make_a_folder, _make_a_pipe, _link_to, _make_huge,
    _put_another,
)  # fmt: skip


def _serve() -> None:
    """Use one run after another, one path a line, and answer with a line of JSON: how it went and what was said."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints is no answer
    scratch = Path(tempfile.mkdtemp())
    warnings.simplefilter("error")
    print("ready", file=answers, flush=True)
    for line in sys.stdin.buffer:
        how, told = "used", ""
        try:
            use(Path(os.fsdecode(line.rstrip(b"\n"))), scratch)
        except repdiff.RepdiffError as error:
            told = str(error)
            how = "refused" if "\n" not in told and len(told) < 500 else "long"
        except MemoryError:
            how = "memory"
        except BaseException as error:
            how, told = "traceback", f"{type(error).__name__}: {error}"
        used = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        print(json.dumps({"how": "memory" if used > _MOST_KILOBYTES else how, "told": told}), file=answers, flush=True)
    shutil.rmtree(scratch)


if __name__ == "__main__":
    _serve()
