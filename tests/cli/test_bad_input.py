"""A user's mistake gets exit code 2 and one line that says what is wrong and where; nothing is left on disk."""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from encoders import need
from PIL import Image

from repdiff import cli

N = 30
SAFETENSORS_OF_FLOAT8 = (
    (72).to_bytes(8, "little") + b'{"a":{"dtype":"F8_E4M3","shape":[2,2],"data_offsets":[0,4]}}'.ljust(72) + bytes(4)
)


class Mistake(NamedTuple):
    """What goes wrong, how to bring it about in a folder, and what the one line has to say."""

    prepare: Callable[[], list[str] | None]
    says: str


def good() -> None:
    rng = np.random.default_rng(0)
    np.save("x.npy", rng.normal(size=(N, 4)).astype(np.float32))
    np.save("y.npy", rng.normal(size=(N, 3)).astype(np.float32))
    pd.DataFrame({"id": range(N), "kind": ["a", "b"] * (N // 2)}).to_csv("items.csv", index=False)


def x_is(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[], None]:
    def prepare() -> None:
        np.save("x.npy", change(np.load("x.npy").astype(np.float64)))

    return prepare


def with_value(row: int, column: int, value: float) -> Callable[[np.ndarray], np.ndarray]:
    def change(x: np.ndarray) -> np.ndarray:
        x[row, column] = value
        return x

    return change


def frame(ids: list[object], n: int | None = None) -> pd.DataFrame:
    values = np.random.default_rng(1).normal(size=(n or len(ids), 3))
    return pd.DataFrame(values, columns=["a", "b", "c"]).assign(id=ids)


def csv_of(text: str) -> Callable[[], list[str]]:
    def prepare() -> list[str]:
        Path("x.csv").write_text(text)
        return ["compare", "x.csv", "y.npy", "-o", "run"]

    return prepare


def options(*more: str) -> Callable[[], list[str]]:
    return lambda: ["compare", "x.npy", "y.npy", "-o", "run", *more]


def given(make: Callable[[], object], *arguments: str) -> Callable[[], list[str]]:
    def prepare() -> list[str]:
        make()
        return list(arguments)

    return prepare


def compare_with_x(name: str, make: Callable[[], object]) -> Callable[[], list[str]]:
    return given(make, "compare", name, "y.npy", "-o", "run")


def compare_with_items(name: str, make: Callable[[], object], *more: str) -> Callable[[], list[str]]:
    return given(make, "compare", "x.npy", "y.npy", "--items", name, *more, "-o", "run")


def same_column_twice() -> None:
    pq.write_table(pa.table([[1.0, 2.0], [3.0, 4.0]], names=["a", "a"]), "x.parquet")


def ids_differ() -> list[str]:
    frame(list(range(N))).to_csv("x.csv", index=False)
    frame(list(range(3, N + 3))).to_csv("y.csv", index=False)
    return ["compare", "x.csv", "y.csv", "-o", "run"]


def items_lack_ids() -> list[str]:
    frame(list(range(N))).to_csv("x.csv", index=False)
    pd.DataFrame({"id": range(5, N + 5)}).to_csv("items.csv", index=False)
    return ["compare", "x.csv", "y.npy", "--items", "items.csv", "-o", "run"]


def a_folder_with_a_file() -> None:
    Path("run").mkdir()
    Path("run", "thesis.tex").write_text("three years of work")


def a_newer_run() -> None:
    Path("run").mkdir()
    Path("run", "manifest.json").write_text(json.dumps({"format": "repdiff run", "schema_version": 99}))


def a_run() -> None:
    Path("run").mkdir()
    for name, contents in files_of_a_run().items():
        Path("run", name).write_bytes(contents)


@functools.cache
def files_of_a_run() -> dict[str, bytes]:
    assert cli.run(["compare", "x.npy", "y.npy", "-o", "made", "-n", "2", "--json"]) == 0
    made = everything_in(Path("made"))
    shutil.rmtree("made")
    return made


def a_damaged_run() -> None:
    a_run()
    Path("run", "clusters.parquet").write_bytes(b"PAR1 nonsense PAR1")


def pictures() -> None:
    Path("pics").mkdir()
    for row in range(3):
        Image.new("RGB", (8, 6), (80 * row, 0, 0)).save(f"pics/{row}.png")


def encode(model: str, *more: str, items: str = "pics", to: str = "e.npz") -> Callable[[], list[str]]:
    return given(pictures, "encode", "--model", model, "--items", items, "-o", to, *more)


def encode_made(make: Callable[[], object], *more: str, model: str = "pixels") -> Callable[[], list[str]]:
    return given(make, "encode", "--model", model, "--items", "d", "-o", "e.npz", *more)


def folder_with(name: str, contents: bytes = b"") -> Callable[[], None]:
    def prepare() -> None:
        Path("d").mkdir()
        Path("d", name).write_bytes(contents)

    return prepare


def a_network() -> list[str]:
    need("torch")
    code = """
        from collections import OrderedDict

        import numpy as np
        import torch

        def network():
            parts = [("stem", torch.nn.Flatten()), ("head", torch.nn.Linear(12, 2))]
            return torch.nn.Sequential(OrderedDict(parts)), np.zeros_like
    """
    Path("network_of_two.py").write_text(textwrap.dedent(code))
    return encode("py:network_of_two.py:network", "--layer", "haed")()


MODELS = ("--model-x", "pixels", "--model-y", "pixels?size=4")

SERIES = ("series", "x.npy", "y.npy", "--reference", "x.npy", "-o", "run")
MATRIX = ("matrix", "x.npy", "y.npy", "-o", "run")


def last_has_a_hole(command: str, *more: str) -> Callable[[], list[str]]:
    def prepare() -> list[str]:
        values = np.load("y.npy")
        values[7, 2] = np.nan
        np.save("z.npy", values)
        return [command, "y.npy", "z.npy", *more, "-o", "run"]

    return prepare


def one_checkpoint_is_short() -> list[str]:
    np.save("z.npy", np.load("y.npy")[:7])
    return ["series", "y.npy", "z.npy", "--reference", "x.npy", "-o", "run"]


MISTAKES: dict[str, Mistake] = {
    # series and matrix
    "series: no such checkpoint": Mistake(
        lambda: ["series", "y.npy", "no.npy", "--reference", "x.npy", "-o", "run"], r"no\.npy: no such file"
    ),
    "series: no reference": Mistake(lambda: ["series", "y.npy", "-o", "run"], r"[Rr]eference"),
    "series: names too few": Mistake(lambda: [*SERIES, "--name", "a"], r"names must be one for each of 2"),
    "series: names alike": Mistake(lambda: [*SERIES, "--name", "a", "--name", "a"], r"'a' is given twice"),
    "series: of other length": Mistake(one_checkpoint_is_short, r"has 30 rows and .*z\.npy 7"),
    "series: predictions too few": Mistake(
        lambda: [*SERIES, "--items", "items.csv", "--predictions", "kind"], r"predictions must be one for each of"
    ),
    "series: predictions that are not there": Mistake(
        lambda: [*SERIES, "--items", "items.csv", "--predictions", "says {}"], r"no column 'says"
    ),
    "series: where a file stands": Mistake(
        given(lambda: Path("run").write_text("a letter"), *SERIES), r"run: exists and is not a run"
    ),
    "series: a hole in the last": Mistake(
        last_has_a_hole("series", "--reference", "x.npy"), r"z\.npy: row 7, column 2 is NaN"
    ),
    "series: no such label": Mistake(lambda: [*SERIES, "--items", "items.csv", "--label", "knd"], r"mean 'kind'"),
    "series: no such predictions": Mistake(
        lambda: [*SERIES, "--items", "items.csv", "--predictions", "a", "--predictions", "b", "--predictions", "c"],
        r"predictions: the items have no column 'c'",
    ),
    "series: a column named as a result": Mistake(
        given(lambda: pd.DataFrame({"settled": range(N)}).to_csv("t.csv", index=False), *SERIES, "--items", "t.csv"),
        r"column 'settled' has a name that results use",
    ),
    "series: clusters of words": Mistake(lambda: [*SERIES, "-n", "ten"], r"--clusters must be an integer .*'ten'"),
    "series: reference of another metric": Mistake(
        lambda: [*SERIES, "--reference-metric", "precomputed"], r"x\.npy: has shape \(30, 4\), but precomputed"
    ),
    "series: onto this folder": Mistake(lambda: [*SERIES[:-1], "."], r"\.: cannot name a directory"),
    "matrix: a hole in the last": Mistake(last_has_a_hole("matrix", "x.npy"), r"z\.npy: row 7, column 2 is NaN"),
    "matrix: clusters of words": Mistake(lambda: [*MATRIX, "-n", "ten"], r"--clusters must be an integer .*'ten'"),
    "matrix: no such predictions": Mistake(
        lambda: [*MATRIX, "--items", "items.csv", "--predictions", "says {}"], r"no column 'says x'"
    ),
    "matrix: of one": Mistake(lambda: ["matrix", "x.npy", "-o", "run"], r"at least two representations"),
    "matrix: the same file twice": Mistake(
        lambda: [*MATRIX, "--name", "a", "--name", " "], r"names must differ and not be empty"
    ),
    "matrix: too many clusters": Mistake(lambda: [*MATRIX, "-n", "31"], r"30 items cannot make 31 clusters"),
    "within a column that is not there": Mistake(
        lambda: ["compare", "x.npy", "y.npy", "--items", "items.csv", "--within", "colour", "-o", "run"],
        r"no column 'colour'; they have id, kind",
    ),
    # files
    "no such file": Mistake(lambda: ["compare", "z.npy", "y.npy", "-o", "run"], r"z\.npy: no such file of embeddings"),
    "a folder": Mistake(compare_with_x("d", lambda: Path("d").mkdir()), r"d: is a folder"),
    "unknown suffix": Mistake(compare_with_x("x.txt", lambda: Path("x.txt").write_text("1")), r"x\.txt: .*\.npy"),
    "empty file": Mistake(compare_with_x("e.npy", lambda: Path("e.npy").touch()), r"e\.npy: the file is empty"),
    "not a .npy": Mistake(compare_with_x("e.npy", lambda: Path("e.npy").write_text("hello")), r"e\.npy: cannot"),
    "not a .npz": Mistake(compare_with_x("e.npz", lambda: Path("e.npz").write_text("hello")), r"e\.npz: cannot"),
    "not a .parquet": Mistake(
        compare_with_x("e.parquet", lambda: Path("e.parquet").write_text("hello")), r"e\.parquet: cannot be read"
    ),
    "not a .safetensors": Mistake(
        compare_with_x("e.safetensors", lambda: Path("e.safetensors").write_text("hello world")),
        r"e\.safetensors: cannot be read",
    ),
    "not a .h5": Mistake(compare_with_x("e.h5", lambda: Path("e.h5").write_text("hello")), r"e\.h5: cannot"),
    "not an .arrow": Mistake(
        compare_with_x("e.arrow", lambda: Path("e.arrow").write_text("hello")), r"e\.arrow: cannot be read"
    ),
    "float8": Mistake(
        compare_with_x("e.safetensors", lambda: Path("e.safetensors").write_bytes(SAFETENSORS_OF_FLOAT8)),
        r"e\.safetensors: .*F8_E4M3",
    ),
    "truncated .npy": Mistake(
        compare_with_x("e.npy", lambda: Path("e.npy").write_bytes(Path("x.npy").read_bytes()[:200])), r"e\.npy: says"
    ),
    "needs pickle": Mistake(
        compare_with_x("e.npy", lambda: np.save("e.npy", np.array([{1}, {2}], dtype=object), allow_pickle=True)),
        r"e\.npy: .*pickle",
    ),
    "needs pickle inside .npz": Mistake(
        compare_with_x("e.npz", lambda: np.savez("e.npz", a=np.array([{1}, {2}], dtype=object))),
        r"e\.npz: array 'a'.*pickle",
    ),
    "two matrices": Mistake(
        compare_with_x("e.npz", lambda: np.savez("e.npz", a=np.eye(N), b=np.eye(N))), r"e\.npz: holds 'a', 'b'"
    ),
    "not UTF-8": Mistake(
        compare_with_x("e.csv", lambda: Path("e.csv").write_bytes(b"a,b\n1,\xff\n")), r"e\.csv: .*UTF-8"
    ),
    # values
    "one dimension": Mistake(compare_with_x("x.npy", x_is(np.ravel)), r"x\.npy: has shape \(120,\)"),
    "three dimensions": Mistake(compare_with_x("x.npy", x_is(lambda x: x[:, None])), r"x\.npy: has shape \(30, 1, 4\)"),
    "no rows": Mistake(compare_with_x("x.npy", x_is(lambda x: x[:0])), r"x\.npy: has shape \(0, 4\)"),
    "no columns": Mistake(compare_with_x("x.npy", x_is(lambda x: x[:, :0])), r"x\.npy: has shape \(30, 0\)"),
    "text in .npy": Mistake(compare_with_x("x.npy", x_is(lambda x: x.astype(str))), r"x\.npy: holds values of type"),
    "complex": Mistake(compare_with_x("x.npy", x_is(lambda x: x * 1j)), r"x\.npy: holds values of type complex128"),
    "NaN": Mistake(compare_with_x("x.npy", x_is(with_value(7, 2, np.nan))), r"x\.npy: row 7, column 2 is NaN"),
    "infinity": Mistake(compare_with_x("x.npy", x_is(with_value(9, 0, -np.inf))), r"x\.npy: row 9, column 0 is inf"),
    "zero variance": Mistake(compare_with_x("x.npy", x_is(np.ones_like)), r"x\.npy: has zero variance"),
    "other length": Mistake(compare_with_x("x.npy", x_is(lambda x: x[:-2])), r"x\.npy has 28 rows and y\.npy 30"),
    "word in a column": Mistake(csv_of("a,b\n1,2\n3,four\n"), r"x\.csv: column 'b' is not numeric: row 1 holds 'four'"),
    "gap in a column": Mistake(csv_of("a,b\n1,2\n3,\n"), r"x\.csv: row 1, column 'b' is NaN"),
    "row too long": Mistake(csv_of("a,b\n1,2\n3,4,5\n"), r"x\.csv: "),
    "only ids": Mistake(csv_of("id\n1\n2\n"), r"x\.csv: has no column of features"),
    "unnamed column": Mistake(csv_of(",a\n0,1\n1,2\n"), r"x\.csv: column 0 has no name"),
    "same column twice": Mistake(compare_with_x("x.parquet", same_column_twice), r"x\.parquet: .*'a'"),
    "ragged lists": Mistake(
        compare_with_x(
            "x.parquet", lambda: pd.DataFrame({"e": [[1.0, 2.0]] * 5 + [[1.0]]}).to_parquet("x.parquet")
        ),
        r"x\.parquet: column 'e' is ragged: row 0 has 2 values and row 5 1",
    ),
    "distances that are oblong": Mistake(options("--metric", "precomputed"), r"x\.npy: has shape \(30, 4\), but"),
    # replicates
    "no such replicate": Mistake(
        options("--replicate-x", "no.npy", "--replicate-y", "y.npy"), r"no\.npy: no such file of embeddings"
    ),
    "replicate of another length": Mistake(
        given(
            lambda: np.save("z.npy", np.load("y.npy")[:-2] + 1), "compare", "x.npy", "y.npy", "--replicate-x", "z.npy",
            "--replicate-y", "z.npy", "-o", "run",
        ),
        r"x\.npy has 30 rows and z\.npy 28",
    ),
    "copy for a replicate": Mistake(
        options("--replicate-x", "x.npy", "--replicate-y", "y.npy"), r"x\.npy: holds the same values as x\.npy"
    ),
    "replicates of one side": Mistake(
        options("--replicate-y", "y.npy"), r"--replicate-y was given, but no --replicate-x; .* one of each"
    ),
    "replicates without evidence": Mistake(
        options("--replicate-x", "x.npy", "--replicate-y", "y.npy", "--no-evidence"), r"--no-evidence leaves it out"
    ),
    # ids
    "same id twice": Mistake(
        compare_with_x("x.csv", lambda: frame([*range(N - 1), 3]).to_csv("x.csv", index=False)),
        r"x\.csv: id '3' is in rows 3 and 29",
    ),
    "row without id": Mistake(
        compare_with_x("x.csv", lambda: frame([*range(N - 1), None]).to_csv("x.csv", index=False)),
        r"x\.csv: row 29 has no id",
    ),
    "ids of the sides differ": Mistake(ids_differ, r"3 only in x\.csv \(0, 1, 2\) and 3 only in y\.csv \(30, 31, 32\)"),
    "ids missing from items": Mistake(items_lack_ids, r"items\.csv: has no row for 5 of the 30 ids of x\.csv"),
    "ids of another length": Mistake(
        compare_with_x("e.npz", lambda: np.savez("e.npz", e=np.eye(N), ids=np.arange(5))), r"e\.npz: ids have shape"
    ),
    # items
    "no such items": Mistake(options("--items", "no.csv"), r"no\.csv: no such file of items"),
    "items of another length": Mistake(
        compare_with_items("t.csv", lambda: pd.DataFrame({"a": range(4)}).to_csv("t.csv", index=False)),
        r"t\.csv has 4 rows, but there are 30 embeddings",
    ),
    "no such column": Mistake(options("--items", "items.csv", "--label", "knd"), r"no column 'knd' .*mean 'kind'"),
    "label without items": Mistake(options("--label", "kind"), r"label was given, but no table of items"),
    "no such folder of images": Mistake(options("--items", "items.csv", "--images", "pics"), r"pics: no such folder"),
    "images without a column": Mistake(
        compare_with_items("items.csv", lambda: Path("pics").mkdir(), "--images", "pics"), r"items\.csv: a folder of"
    ),
    "column named as a result": Mistake(
        compare_with_items("t.csv", lambda: pd.DataFrame({"x_only": range(N)}).to_csv("t.csv", index=False)),
        r"t\.csv: column 'x_only' has a name that results use",
    ),
    # parameters
    "more clusters than items": Mistake(options("-n", "31"), r"30 items cannot make 31 clusters"),
    "no clusters": Mistake(options("-n", "0"), r"--clusters must be an integer of at least 1, .*, but is 0"),
    "negative gamma": Mistake(options("--gamma", "-1"), r"--gamma must be a positive number, but is -1"),
    "large beta": Mistake(options("--beta", "100"), r"--beta must be a positive number of at most 40, .* but is 100"),
    "unknown metric": Mistake(options("--metric", "manhattan"), r"--metric.*manhattan.*euclidean.*cosine"),
    "unknown alignment": Mistake(options("--align", "affine"), r"--align.*affine.*none.*procrustes.*linear.*cka"),
    "effect of no alignment": Mistake(options("--align-effect"), r"align is 'none'; choose an alignment"),
    "unknown score": Mistake(
        lambda: ["similarity", "x.npy", "y.npy", "--score", "ckb"], r"scores must be of cka, .*, but one is 'ckb'"
    ),
    "unknown engine": Mistake(options("--engine", "quantum"), r"one of auto, exact, exact-ranks, sampled, torch"),
    "device of exact": Mistake(options("--engine", "exact", "--device", "cuda"), r"the exact engine runs on the CPU"),
    "not enough memory": Mistake(options("--memory-limit", "1kB"), r"needs .* but may use 1\.0 kB"),
    "no size": Mistake(options("--memory-limit", "lots"), r"--memory-limit must be a positive size .*, but is 'lots'"),
    "no threads": Mistake(options("--jobs", "0"), r"--jobs must be a positive number of threads, .* but is 0"),
    "same names": Mistake(options("--names", "a", "a"), r"names must be two different words"),
    "row of zeros under cosine": Mistake(
        given(x_is(lambda x: x * (np.arange(N) != 4)[:, None]), *options("--metric", "cosine")()), r"row 4 is all zeros"
    ),
    # usage
    "no output": Mistake(lambda: ["compare", "x.npy", "y.npy"], r"Missing option '--output'.*repdiff compare --help"),
    "no second side": Mistake(lambda: ["compare", "x.npy", "-o", "run"], r"Missing argument 'Y'"),
    "unknown command": Mistake(lambda: ["comapre"], r"No such command 'comapre'.*compare"),
    "unknown option": Mistake(options("--clutsers", "3"), r"No such option: --clutsers"),
    "word for a number": Mistake(options("-n", "ten"), r"--clusters must be an integer .*'ten'"),
    # encoding
    "no model": Mistake(lambda: ["encode", "--items", "pics", "-o", "e.npz"], r"encode needs --model"),
    "nothing to encode": Mistake(lambda: ["encode", "--model", "pixels", "-o", "e.npz"], r"encode needs --items"),
    "no model spec": Mistake(encode("resnet50"), r"resnet50: is not a model spec; use hf:FOLDER.*pixels.*--list"),
    "model without a name": Mistake(encode("hf:"), r"hf: names no model"),
    "option of no model": Mistake(encode("pixels?sise=3"), r"\?sise=3: has no option 'sise'; options are size=PIXELS"),
    "size that is none": Mistake(encode("pixels?size=big"), r"pixels: size must be a positive whole number, .*'big'"),
    "layer where there are none": Mistake(encode("pixels", "--layer", "fc"), r"pixels has no layers, but layer 'fc'"),
    "layer that is not there": Mistake(a_network, r"network has no layer 'haed'; did you mean 'head'"),
    "pooling of vectors": Mistake(encode("pixels", "--pool", "mean"), r"nothing to pool"),
    "unknown pooling": Mistake(encode("pixels", "--pool", "median"), r"'--pool'.*'median' is not one of"),
    "no such graph": Mistake(encode("onnx:no.onnx"), r"onnx:no\.onnx: no such file"),
    "no exported file": Mistake(encode("pt2:x.npy"), r"pt2:x\.npy: is not a file that torch\.export saved"),
    "module that is not there": Mistake(encode("py:mymodel:net"), r"py:mymodel:net: there is no module 'mymodel'"),
    "module without attribute": Mistake(encode("py:math"), r"py:math: must name a module and an attribute"),
    "attribute that is not there": Mistake(encode("py:math:net"), r"py:math:net: .*no attribute 'net'"),
    "attribute that is no model": Mistake(encode("py:math:pi"), r"py:math:pi: is float, but must be a \(torch module"),
    "model that fails": Mistake(encode("py:math:sqrt"), r"py:math:sqrt: the model failed on items 0 to 2 with TypeErr"),
    "model that counts": Mistake(encode("py:builtins:len"), r"py:builtins:len: returned shape \(\) for 3 items"),
    "no items": Mistake(encode("pixels", items="no.csv"), r"no\.csv: no such file of items"),
    "empty folder": Mistake(encode_made(lambda: Path("d").mkdir()), r"d: holds no image \(it is empty\)"),
    "folder without images": Mistake(encode_made(folder_with("a.txt")), r"d: holds no image \(1 not images\)"),
    "no image that opens": Mistake(encode_made(folder_with("a.png")), r"d: none of 1 items can be encoded: a\.png"),
    "images for a model of texts": Mistake(encode("tfidf"), r"pics: is a folder of images, but the model takes text"),
    "table without images": Mistake(encode("pixels", items="items.csv"), r"items\.csv: has no column 'image'.*--image"),
    "table without texts": Mistake(encode("tfidf", items="items.csv"), r"items\.csv: has no column 'text'; .*--text"),
    "folder with a folder": Mistake(encode("pixels", "--images", "pics"), r"images was given, but pics is a folder"),
    "no batch": Mistake(encode("pixels", "--batch", "0"), r"batch must be a positive number of items.* is 0"),
    "batch of words": Mistake(encode("pixels", "--batch", "many"), r"--batch must be a positive number.*'many'"),
    "embeddings of another kind": Mistake(encode("pixels", to="e.txt"), r"e\.txt: .*\.npz"),
    "embeddings onto a folder": Mistake(
        encode_made(lambda: (Path("d").mkdir(), Path("e.npz").mkdir())), r"e\.npz: is a folder; give the name of a file"
    ),
    "embeddings to no folder": Mistake(encode("pixels", to="no/e.npz"), r"no/e\.npz: there is no folder no; create it"),
    "embeddings are there": Mistake(encode("pixels", to="x.npy"), r"x\.npy: exists with other settings.*--overw"),
    "file and model": Mistake(options("--model-y", "pixels"), r"y\.npy: a model was given for this side too"),
    "one side": Mistake(
        given(pictures, "compare", "--model-x", "pixels", "--items", "pics", "-o", "run"), r"Missing .*--model-y"
    ),
    "models without items": Mistake(lambda: ["compare", *MODELS, "-o", "run"], r"nothing to encode; give --items"),
    "layer without model": Mistake(options("--layer-y", "fc"), r"--layer-y was given, but no --model-y"),
    "pooling without model": Mistake(options("--pool-x", "max"), r"--pool-x was given, but no --model-x"),
    "comparison of no model": Mistake(
        given(pictures, "compare", "--model-x", "resnet50", "--model-y", "pixels", "--items", "pics", "-o", "run"),
        r"resnet50: is not a model spec",
    ),
    # runs
    "a run is there": Mistake(given(a_run, *options()()), r"run: is a run already.*--overwrite"),
    "something else is there": Mistake(
        given(a_folder_with_a_file, *options("--overwrite")()), r"run: exists and is not a run"
    ),
    "not a place to write": Mistake(lambda: ["compare", "x.npy", "y.npy", "-o", "x.npy/r"], r"x\.npy is not a folder"),
    "no such run": Mistake(lambda: ["report", "nowhere"], r"nowhere: no such run directory"),
    "not a run": Mistake(given(a_folder_with_a_file, "report", "run"), r"run: is not a run"),
    "a newer run": Mistake(given(a_newer_run, "report", "run"), r"schema version 99.*upgrade"),
    "a damaged run": Mistake(given(a_damaged_run, "export", "run"), r"run: the run is damaged"),
    "export to another format": Mistake(given(a_run, "export", "run", "--to", "xml"), r"'xml' is not one of"),
    "parquet to the screen": Mistake(given(a_run, "export", "run", "--to", "parquet"), r"give a file with --output"),
    "export below a file": Mistake(given(a_run, "export", "run", "-o", "x.npy/o.csv"), r"x\.npy/o\.csv: cannot be"),
    "report onto a folder": Mistake(
        given(lambda: (a_run(), Path("d").mkdir()), "report", "run", "-o", "d"), r"d: is a folder"
    ),
}  # fmt: skip


def everything_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line_and_leaves_nothing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])  # where modules of users are looked for grows
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    good()
    arguments = MISTAKES[name].prepare()
    assert arguments is not None
    before = everything_in(tmp_path)
    capsys.readouterr()

    assert cli.run(arguments) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("repdiff: error: ")
    assert err.count("\n") == 1
    assert re.search(MISTAKES[name].says, err), err
    assert everything_in(tmp_path) == before
    assert not list(tmp_path.glob(".*"))


def test_a_mistake_shows_no_traceback_in_a_process_of_its_own(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "repdiff", "compare", "a.npy", "b.npy", "-o", "run"],
        cwd=tmp_path, env={**os.environ}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == "repdiff: error: a.npy: no such file of embeddings; check the path\n"


def test_an_unreadable_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    if os.geteuid() == 0:
        # root may read anything, so take the right away from the system call
        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.chdir(tmp_path)
    good()
    Path("x.npy").chmod(0)
    assert cli.run(["compare", "x.npy", "y.npy", "-o", "run"]) == 2
    assert "x.npy: cannot be read (permission denied)" in capsys.readouterr().err
    shutil.rmtree(tmp_path, ignore_errors=True)


@pytest.mark.parametrize("command", [
    ["compare", "x.npy", "y.npy", "-o", "run"], ["series", "x.npy", "--reference", "y.npy", "-o", "run"],
    ["matrix", "x.npy", "y.npy", "-o", "run"], ["similarity", "x.npy", "y.npy"], ["evaluate", "run"],
    ["triplets", "judgements.csv", "-o", "x.npz"],
], ids=lambda command: command[0])  # fmt: skip
def test_a_negative_seed_is_one_line(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run([*command, "--seed", "-1"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("repdiff: error: ")
    assert "--seed" in err
    assert err.count("\n") == 1
