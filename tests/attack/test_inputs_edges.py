"""Numbers at the edge of their type, and names of any kind and number: a result, or one line that says what to do."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import repdiff
from repdiff.core.errors import InputError, MissingExtraError
from repdiff.inputs import as_items, read_embeddings
from repdiff.inputs.pair import make_pair

LONGEST = 2000  # characters of a message


@pytest.fixture(scope="module")
def xy() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(4, 8)) * 3
    x = centres[rng.integers(0, 4, 90)] + rng.normal(size=(90, 8))
    return x, x @ rng.normal(size=(8, 6)) + 2 * rng.normal(size=(90, 6))


def labels(x, y, engine):
    if engine == "torch":
        pytest.importorskip("torch")
    found = repdiff.compare(x, y, n_clusters=3, engine=engine)
    return [getattr(found, direction).labels.tolist() for direction in ("x_only", "y_only")]


@pytest.mark.parametrize(
    ("engine", "dtype", "exponents"),
    [
        ("exact", "float64", (-400, 450)),
        ("exact", "float32", (-100, 120)),
        ("exact", "float16", (-6, 8)),
        ("exact", "int64", (55,)),
        ("sampled", "float64", (450,)),
        ("torch", "float32", (-100,)),
    ],
)
def test_a_power_of_two_changes_no_label(engine, dtype, exponents, xy):
    x, y = xy
    x = np.rint(x * 8) / 8 if dtype == "float16" else np.rint(x * 16) / 16
    expected = labels(x, y, engine)
    for exponent in exponents:
        assert labels(np.ldexp(x, exponent).astype(dtype), y, engine) == expected


@pytest.mark.parametrize(
    ("dtype", "exponent"),
    [("float64", 600), ("float64", 1015), ("float64", -1030), ("float64", -600), ("float32", -135)],
)
@pytest.mark.parametrize("call", ["compare", "similarity"])
def test_values_without_squares_are_refused_with_the_remedy(call, dtype, exponent, xy):
    x = xy[0]
    with np.errstate(under="ignore"):
        extreme = np.ldexp(x, exponent).astype(dtype)
    with pytest.raises(
        InputError, match=r"y: its largest value is [\d.e+-]+, .* numpy\.ldexp\(values, -?\d+\)"
    ) as found:
        getattr(repdiff, call)(x, extreme)
    remedy = int(re.search(r"ldexp\(values, (-?\d+)\)", str(found.value))[1])
    repaired = np.ldexp(extreme, remedy)
    assert 0.5 <= np.abs(repaired).max() < 1
    make_pair(x, repaired)


@pytest.mark.parametrize("extreme", [np.iinfo(np.int64).max, np.iinfo(np.int64).min])
def test_the_largest_integers_are_compared(extreme, xy):
    x = np.rint(xy[0] * 100).astype(np.int64)
    x[0] = extreme
    assert repdiff.compare(x, xy[1], n_clusters=2).x_only is not None


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_what_is_no_number_is_refused(dtype, value, xy):
    x = xy[0].astype(dtype)
    x[3, 2] = value
    with pytest.raises(InputError, match=r"x: row 3, column 2 is (NaN|infinite)"):
        make_pair(x, xy[1])


def test_an_error_names_a_few_of_many_arrays(tmp_path):
    np.savez(tmp_path / "x.npz", **{f"array {number}": np.zeros((3, number + 1)) for number in range(3000)})
    with pytest.raises(InputError, match="holds 'array 0', ") as found:
        read_embeddings(tmp_path / "x.npz")
    assert len(str(found.value)) < LONGEST


def test_an_error_names_a_few_of_many_columns(tmp_path):
    pd.DataFrame({"id": ["a"], **{f"column {number}": [1] for number in range(3000)}}).to_parquet(
        tmp_path / "t.parquet"
    )
    with pytest.raises(InputError, match="no column 'other' for label") as found:
        as_items(tmp_path / "t.parquet", label="other")
    assert len(str(found.value)) < LONGEST


@pytest.mark.parametrize("name", ["long" * 20_000, "two\nlines", "\x1b[31mred", "\u202eback", "caf\udce9"])
def test_whatever_a_file_calls_something_a_message_is_one_printable_line(name, tmp_path):
    for told in (InputError(f"there is {name}"), MissingExtraError("torch", name, "reading")):
        assert str(told).isprintable()
        assert len(str(told)) < LONGEST
    if "\udce9" in name:  # pandas has no such names
        return
    frame = pd.DataFrame({name: ["a", "a"], "x": [0.5, 1.0]})
    with pytest.raises(InputError) as found:
        make_pair(frame, frame)
    assert str(found.value).isprintable()
    assert len(str(found.value)) < LONGEST


def test_a_file_whose_name_is_not_utf8_is_read_and_named(tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.npy"))
    try:
        np.save(path, np.eye(4))
    except OSError:
        pytest.skip("this file system has no such names")
    assert read_embeddings(path).values.shape == (4, 4)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(InputError) as found:
        read_embeddings(path)
    assert "caf\\udce9" in str(found.value)


def test_a_very_wide_table_takes_seconds(tmp_path):
    """100,000 columns took 35 s, or were refused for the length of their header."""
    n_columns = 50_000
    lines = [",".join(f"c{place}" for place in range(n_columns))]
    lines += [",".join([f"{row + 0.5}"] * n_columns) for row in range(2)]
    (tmp_path / "x.csv").write_text("\n".join(lines) + "\n")
    started = time.process_time()
    assert read_embeddings(tmp_path / "x.csv").values.shape == (2, n_columns)
    assert time.process_time() - started < 10
