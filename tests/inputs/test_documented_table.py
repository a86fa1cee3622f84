"""Every row of the tables in docs/input.md is run: it is read to the right values, and the ids it tells of."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import safetensors.numpy
from encoders import write_pictures
from scipy import sparse
from small_inputs import (
    IDS,
    N,
    V,
    anndata,
    arrow_stream,
    brackets,
    fixed_shape,
    h5,
    per_item,
    rows_of_text,
    saved_dataset,
    texts,
    two_columns,
    wide,
)

from repdiff.inputs import as_embeddings, as_items

PAGE = Path(__file__).parents[2] / "docs" / "input.md"
ROW = re.compile(r"^\| `([^`]+)` \| .* \| ([^|]+) \|$", re.MULTILINE)


def rows(heading: str) -> list[tuple[str, str]]:
    section = PAGE.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    table = section.split(" | ids |\n")[1].split("\n\n")[0]
    found = ROW.findall(table)
    assert len(found) == table.count("\n")  # all lines but the rule
    return found


def write_embeddings(root: Path) -> None:
    np.save(root / "e.npy", V)
    np.savez(root / "e.npz", embeddings=V, logits=V + 1, ids=IDS)
    np.savez(root / "arrays.npz", early=V + 1, late=V, ids=IDS)
    np.savez(root / "vectors.npz", **per_item())
    safetensors.numpy.save_file({"e": V}, root / "e.safetensors")
    h5({"e": V, "ids": IDS})(root / "e.h5")
    wide(id=IDS).to_csv(root / "e.csv", index=False)
    pd.DataFrame({"id": IDS, "e": texts(brackets)}).to_csv(root / "vectors.csv", index=False)
    (root / "e.tsv").write_text(rows_of_text("\t")())
    wide(id=IDS).to_parquet(root / "e.parquet")
    pq.write_table(two_columns(), root / "two.parquet")
    wide(id=IDS).to_feather(root / "e.feather")
    arrow_stream(root / "e.arrow", fixed_shape([4]))
    anndata(root / "cells.h5ad")
    for place, part in enumerate((V[:5], V[5:])):
        np.save(root / f"part-{place}.npy", part)
    (root / "parts").mkdir()
    for place, start in ((10, 5), (9, 0)):  # by number, not by letter
        rows = slice(start, start + 5 if place == 9 else None)
        wide(id=IDS).iloc[rows].to_parquet(root / "parts" / f"part-{place}.parquet")
    saved_dataset({"id": IDS, "image": [{"bytes": b"x", "path": None}] * N, "e": list(V)})(root)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    write_embeddings(tmp_path)
    frame = pd.DataFrame({"id": IDS, "kind": ["a"] * N})
    frame.to_csv(tmp_path / "items.csv", index=False)
    frame.to_parquet(tmp_path / "items.parquet")
    frame.rename(columns={"id": "filename"}).to_csv(tmp_path / "named.csv", index=False)
    write_pictures(tmp_path / "pictures", N, names=("dog", "cat"))
    monkeypatch.chdir(tmp_path)
    return {
        "array": V, "ids": IDS, "sparse": sparse.csr_array(V), "table_of_columns": wide(id=IDS),
        "table_of_lists": pa.table({"id": IDS, "e": list(V)}), "table_with_index": wide().set_axis(IDS),
        "frame": frame, "frame_with_index": frame.set_index("id").rename_axis(None),
    }  # fmt: skip


def given(code: str, world: dict[str, Any]) -> Any:
    if "tensor" in code or ".pt" in code:
        torch = pytest.importorskip("torch")
        torch.save(torch.from_numpy(V), "e.pt")
        world = {**world, "tensor": torch.from_numpy(V), "list_of_tensors": list(torch.from_numpy(V))}
    return eval(code, dict(world))


@pytest.mark.parametrize(("code", "ids"), rows("Embeddings"))
def test_embeddings_of_the_page_are_read_as_it_says(code: str, ids: str, world: dict[str, Any]) -> None:
    found = as_embeddings(given(code, world), source="x")
    np.testing.assert_array_equal(found.values, V)
    if ids == "none":
        assert found.ids is None
        assert found.keys == ()
    elif ids.startswith("may be"):
        assert found.ids is None
        assert [key.ids.tolist() for key in found.keys] == [IDS]
    else:
        assert found.ids is not None
        assert found.ids.tolist() == IDS


@pytest.mark.parametrize(("code", "ids"), rows("Items"))
def test_items_of_the_page_are_read_as_it_says(code: str, ids: str, world: dict[str, Any]) -> None:
    found = as_items(given(code, world))
    assert len(found.frame) == N
    assert found.has_ids == (not ids.startswith("may be"))
    if code != '"pictures"':
        names = found.frame["filename" if ids.startswith("may be") else "id"]
        assert names.tolist() == IDS


def test_the_tables_of_the_page_have_their_rows() -> None:
    assert len(rows("Embeddings")) >= 28
    assert len(rows("Items")) >= 9
