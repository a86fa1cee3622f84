"""Parts in other orders, with ids under many names: every item keeps its own vectors and label, or is refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
import pandas as pd
import pytest
from encoded_files import write_encoded

from repdiff import InputError
from repdiff.inputs.pair import EmbeddingPair, make_pair

N = 12
RNG = np.random.default_rng(1)
X, Y = RNG.normal(size=(N, 3)), RNG.normal(size=(N, 2))
IDS = np.array([f"pic-{row:02d}.png" for row in range(N)])
KIND = np.array(list("aaabbbccccdd"))
ORDERS = [RNG.permutation(N) for _ in range(3)]
NUMBERS = 100 + RNG.permutation(N)


class Matched(NamedTuple):
    """How to make the parts in a folder, and what the manifest says that each was matched by."""

    make: Callable[[Path], dict[str, Any]]
    by: dict[str, str]
    tells: str | None = None


class Refused(NamedTuple):
    """How to make parts that cannot be matched, and what the one line says."""

    make: Callable[[Path], dict[str, Any]]
    says: str


def part(values: np.ndarray, place: int, name: str = "id", ids: np.ndarray = IDS, **more: Any) -> dict[str, np.ndarray]:
    rows = ORDERS[place]
    return {"embeddings": values[rows], name: ids[rows], **{key: value[rows] for key, value in more.items()}}


def frame(values: np.ndarray, place: int, index: np.ndarray | None = None, name: str | None = None) -> pd.DataFrame:
    rows = ORDERS[place]
    labels = pd.Index((IDS if index is None else index)[rows], name=name)
    return pd.DataFrame(values[rows], index=labels, columns=[f"f{c}" for c in range(values.shape[1])])


def items(name: str | None = "id", ids: np.ndarray = IDS, *, shuffled: bool = True, **more: Any) -> pd.DataFrame:
    rows = ORDERS[2] if shuffled else np.arange(N)
    named = {} if name is None else {name: ids[rows]}
    return pd.DataFrame({**named, "label": KIND[rows], **{key: np.asarray(value)[rows] for key, value in more.items()}})


def on_disk(**parts: Any) -> Callable[[Path], dict[str, Any]]:
    """The parts as files: arrays as .npz, tables as .csv, indices among the columns."""

    def make(folder: Path) -> dict[str, Any]:
        given: dict[str, Any] = {}
        for name, value in parts.items():
            given[name] = value
            if isinstance(value, dict):
                given[name] = folder / f"{name}.npz"
                np.savez(given[name], **value)
            elif isinstance(value, pd.DataFrame):
                given[name] = folder / f"{name}.csv"
                value.to_csv(given[name], index=not isinstance(value.index, pd.RangeIndex))
        return given

    return make


def memory(**parts: Any) -> Callable[[Path], dict[str, Any]]:
    return lambda _: parts


def anndata(folder: Path) -> dict[str, Any]:
    path = folder / "cells.h5ad"
    with h5py.File(path, "w") as out:
        out["obsm/X_pca"], out["obsm/X_scvi"] = X, Y
        obs = out.create_group("obs")
        obs.attrs.update({"_index": "_index", "column-order": ["label"]})
        obs["_index"], obs["label"] = IDS.astype(object), KIND.astype(object)
    return {"x": f"{path}:obsm/X_pca", "y": f"{path}:obsm/X_scvi", "items": path}


def encoded(folder: Path) -> dict[str, Any]:
    paths = [folder / "x.npz", folder / "y.npz"]
    for path, values, rows in zip(paths, (X, Y), ORDERS, strict=False):
        write_encoded(path, values[rows], IDS[rows], None)
    return {"x": paths[0], "y": paths[1], "items": items("filename")}


BY_ID = {"x": "id", "y": "id"}
MATCHED: dict[str, Matched] = {
    "ids on all": Matched(memory(x=part(X, 0), y=part(Y, 1), items=items()), {**BY_ID, "items": "id"}),
    "ids on all, files": Matched(on_disk(x=part(X, 0), y=part(Y, 1), items=items()), {**BY_ID, "items": "id"}),
    "items call them ID": Matched(
        memory(x=part(X, 0), y=part(Y, 1), items=items("ID")), {**BY_ID, "items": "column 'ID'"}
    ),
    "items call them ID, file": Matched(
        on_disk(x=part(X, 0), y=part(Y, 1), items=items("ID")), {**BY_ID, "items": "column 'ID'"}
    ),
    "items call them filename": Matched(
        memory(x=part(X, 0), y=part(Y, 1), items=items("filename")),
        {**BY_ID, "items": "column 'filename'"},
        "items: rows were matched by column 'filename' with id of x",
    ),
    "items call them filename, file": Matched(
        on_disk(x=part(X, 0), y=part(Y, 1), items=items("filename")), {**BY_ID, "items": "column 'filename'"}
    ),
    "items have them twice": Matched(
        memory(x=part(X, 0), y=part(Y, 1), items=items("file", path=IDS)), {**BY_ID, "items": "column 'file'"}
    ),
    "items have them as index": Matched(
        memory(x=part(X, 0), y=part(Y, 1), items=items("n").set_index("n").rename_axis(None)),
        {**BY_ID, "items": "index"},
    ),
    "items have them as named index": Matched(
        memory(x=part(X, 0), y=part(Y, 1), items=items("file").set_index("file")), {**BY_ID, "items": "index 'file'"}
    ),
    "items of text count the rows as well": Matched(
        memory(x=part(X, 0), y=part(Y, 1), items=items("file", row=np.arange(N))), {**BY_ID, "items": "column 'file'"}
    ),
    "unnamed indices of text": Matched(
        memory(x=frame(X, 0), y=frame(Y, 1), items=items("file")),
        {"x": "index", "y": "index", "items": "column 'file'"},
        "rows were matched by index of x and index of y",
    ),
    "unnamed indices of text, .csv": Matched(
        on_disk(x=frame(X, 0), y=frame(Y, 1), items=items()),
        {"x": "column 'Unnamed: 0'", "y": "column 'Unnamed: 0'", "items": "id"},
    ),
    "named indices": Matched(
        memory(x=frame(X, 0, name="file"), y=frame(Y, 1, name="path"), items=items()),
        {"x": "index 'file'", "y": "index 'path'", "items": "id"},
    ),
    "indices of numbers": Matched(
        memory(x=frame(X, 0, NUMBERS), y=frame(Y, 1, NUMBERS), items=items("n", NUMBERS)),
        {"x": "index", "y": "index", "items": "column 'n'"},
    ),
    "index against id": Matched(
        memory(x=frame(X, 0), y=part(Y, 1), items=items()), {"x": "index", "y": "id", "items": "id"}
    ),
    "file names in arrays": Matched(
        memory(x=part(X, 0, "filenames"), y=part(Y, 1, "filenames"), items=items("image_name")),
        {"x": "array 'filenames'", "y": "array 'filenames'", "items": "column 'image_name'"},
    ),
    "file names in .npz": Matched(
        on_disk(x=part(X, 0, "filenames"), y=part(Y, 1, "filenames"), items=items("file")),
        {"x": "array 'filenames'", "y": "array 'filenames'", "items": "column 'file'"},
    ),
    "ids against file names": Matched(
        on_disk(x=part(X, 0), y=part(Y, 1, "paths"), items=items()), {"x": "id", "y": "array 'paths'", "items": "id"}
    ),
    "numbers in arrays": Matched(
        memory(x=part(X, 0, "sample", NUMBERS), y=part(Y, 1, "sample", NUMBERS), items=items("sample", NUMBERS)),
        {"x": "array 'sample'", "y": "array 'sample'", "items": "column 'sample'"},
    ),
    "numeric ID beside features": Matched(
        memory(
            x=frame(X, 0, NUMBERS, "ID").reset_index(),
            y=frame(Y, 1, NUMBERS, "ID").reset_index(),
            items=items("id", NUMBERS),
        ),
        {"x": "column 'ID'", "y": "column 'ID'", "items": "id"},
    ),
    "numeric item_id beside features": Matched(
        on_disk(
            x=frame(X, 0, NUMBERS, "item_id").reset_index(),
            y=frame(Y, 1, NUMBERS, "item_id").reset_index(),
            items=items("item_id", NUMBERS),
        ),
        {"x": "column 'item_id'", "y": "column 'item_id'", "items": "column 'item_id'"},
    ),
    "number 3 is the text 3": Matched(
        memory(
            x=part(X, 0, ids=NUMBERS), y=part(Y, 1, ids=NUMBERS.astype(str)), items=items("id", NUMBERS.astype(float))
        ),
        {**BY_ID, "items": "id"},
    ),
    "one vector per item": Matched(
        memory(x=dict(zip(IDS[ORDERS[0]], X[ORDERS[0]], strict=True)), y=part(Y, 1), items=items("file")),
        {"x": "names of arrays", "y": "id", "items": "column 'file'"},
    ),
    "one text in two columns that agree": Matched(
        memory(
            x=part(X, 0, "file", caption=np.char.upper(IDS)),
            y=part(Y, 1, "file", caption=np.char.upper(IDS)),
            items=items("file"),
        ),
        {"x": "array 'file'", "y": "array 'file'", "items": "column 'file'"},
    ),
    "AnnData": Matched(anndata, {"x": "obs", "y": "obs", "items": "id"}),
    "encodings": Matched(encoded, {"x": "id", "y": "id", "items": "column 'filename'"}),
    "chosen by name": Matched(
        memory(x=part(X, 0, "a", b=IDS[::-1]), y=part(Y, 1, "a", b=IDS[::-1]), items=items("a"), match="a"),
        {"x": "array 'a'", "y": "array 'a'", "items": "column 'a'"},
    ),
    "chosen against id": Matched(
        memory(x=part(X, 0), y=part(Y, 1), items=items("id", np.arange(N), shuffled=True, file=IDS), match="file"),
        {**BY_ID, "items": "column 'file'"},
    ),
    "bare arrays": Matched(
        memory(x=X, y=Y, items=items(None, shuffled=False)), {"x": "order", "y": "order", "items": "order"}
    ),
    "ids on one, bare other": Matched(
        memory(x={"e": X, "id": IDS}, y=Y, items=items()),
        {"x": "order", "y": "order", "items": "id"},
        "rows were matched by order: x has id to identify its rows, but y has no ids",
    ),
    "file names on one, bare other": Matched(
        memory(x=X, y={"e": Y, "file": IDS}, items=items("path")),
        {"x": "order", "y": "order", "items": "column 'path'"},
        "y has array 'file' to identify its rows, but x has no ids",
    ),
    "default indices are no ids": Matched(
        memory(x=pd.DataFrame(X), y=pd.DataFrame(Y), items=items(None, shuffled=False)), {"x": "order", "y": "order"}
    ),
    "order asked for": Matched(
        memory(
            x={"e": X, "id": IDS},
            y={"e": Y, "id": IDS[::-1]},
            items=items("id", IDS[::-1], shuffled=False),
            match="order",
        ),
        {"x": "order", "y": "order", "items": "order"},
    ),
}

REFUSED: dict[str, Refused] = {
    "items without ids": Refused(
        memory(x=part(X, 0), y=part(Y, 1), items=items(None)),
        r"items: none of its columns holds the ids of x \(id, such as 'pic-\d\d\.png', .*match='COLUMN'.*match='order'",
    ),
    "items with other file names": Refused(
        memory(x=part(X, 0), y=part(Y, 1), items=items("file", np.char.add("x", IDS))),
        r"items: none of its column 'file' holds the ids of x",
    ),
    "items with two orders": Refused(
        memory(x=part(X, 0), y=part(Y, 1), items=items("file", other=IDS[::-1])),
        r"several ways that differ \(id of x with column 'file' of items, id of x with column 'other' of items\)",
    ),
    "items whose id is another": Refused(
        memory(x=part(X, 0), y=part(Y, 1), items=items("id", np.arange(N), file=IDS)),
        r"has no row for 12 of the 12 ids of x .*its column 'file' has them all: .*--match file",
    ),
    "items with folders before the names": Refused(
        memory(x=part(X, 0), y=part(Y, 1), items=items("file", np.char.add("pics/", IDS))),
        r"12 of them differ only in the folder or suffix of a file, as 'pic-\d\d\.png' and 'pics/pic-\d\d\.png'",
    ),
    "two file names": Refused(
        memory(x=part(X, 0, "file"), y=part(Y, 1, "path", np.char.upper(IDS))),
        r"y: none of its array 'path' holds the ids of x .*differ only in upper and lower case",
    ),
    "captions and file names": Refused(
        memory(x=part(X, 0, "caption", np.char.add("a ", IDS)), y=part(Y, 1, "file")), r"none of its array 'file' holds"
    ),
    "index and other index": Refused(
        memory(x=frame(X, 0), y=frame(Y, 1, np.char.add("z", IDS))), r"y: none of its index holds the ids of x"
    ),
    "texts in two orders": Refused(
        memory(x=part(X, 0, "a", b=IDS[::-1]), y=part(Y, 1, "c", d=IDS[::-1])), r"several ways that differ"
    ),
    "ids against other numbers": Refused(
        memory(x=part(X, 0), y=part(Y, 1, "sample", NUMBERS)), r"y: none of its array 'sample' holds the ids of x"
    ),
    "Unicode forms": Refused(
        memory(x=part(X, 0, ids=np.char.add("\u00e9", IDS)), y=part(Y, 1, ids=np.char.add("e\u0301", IDS))),
        r"12 of them differ only in the Unicode form of their letters, as '\\xe9pic.*' and 'e\\u0301pic",
    ),
    "spaces": Refused(
        memory(x=part(X, 0), y=part(Y, 1, ids=np.char.add(IDS, " "))), r"12 of them differ only in spaces around them"
    ),
    "zeros in front": Refused(
        memory(x=part(X, 0, ids=NUMBERS), y=part(Y, 1, ids=np.char.zfill(NUMBERS.astype(str), 5))),
        r"12 of them differ only in zeros in front, as '1\d\d' and '001\d\d'",
    ),
    "zeros in front, items": Refused(
        memory(x=part(X, 0, ids=NUMBERS), y=Y[ORDERS[0]], items=items("id", np.char.zfill(NUMBERS.astype(str), 5))),
        r"items: has no row for 12 of the 12 ids of x .*zeros in front",
    ),
    "ids that differ": Refused(
        memory(x=part(X, 0), y=part(Y, 1, ids=np.char.add("z", IDS))),
        r"12 only in x \((pic-\d\d\.png, ){5}\.\.\.\) and 12 only in y .*keep the items that both have",
    ),
    "ID and Ids": Refused(
        memory(x={"e": X, "ID": IDS, "Ids": IDS}, y=part(Y, 1)),
        r"'ID' and 'Ids' both have names for ids.*--match ID",
    ),
    "fewer items": Refused(
        memory(x=X, y=Y, items=items(None).iloc[:5]), r"items has 5 rows, but there are 12 embeddings"
    ),
    "other lengths": Refused(memory(x=X, y=Y[:5]), r"x has 12 rows and y 5"),
}


def check(pair: EmbeddingPair) -> None:
    """Every row of every part is the same item's."""
    row_of = {tuple(row): place for place, row in enumerate(X)}
    truth = [row_of[tuple(row)] for row in pair.x]
    assert sorted(truth) == list(range(N))
    np.testing.assert_array_equal(pair.y, Y[truth])
    if pair.items.label is not None:
        assert pair.items.frame["label"].tolist() == KIND[truth].tolist()


@pytest.mark.parametrize("name", MATCHED)
def test_every_item_keeps_what_is_its_own(name: str, tmp_path: Path) -> None:
    pair = make_pair(**MATCHED[name].make(tmp_path))
    check(pair)
    assert {part: pair.matching[part] for part in MATCHED[name].by} == MATCHED[name].by
    assert pair.matched_by == ("order" if pair.matching["x"] == "order" else "id")
    assert re.search(MATCHED[name].tells or "", " ".join(pair.warnings))


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_matched_is_refused_in_a_line(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=REFUSED[name].says) as caught:
        make_pair(**REFUSED[name].make(tmp_path))
    assert "\n" not in str(caught.value)
