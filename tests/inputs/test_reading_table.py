"""Small inputs of many kinds, each of which holds the same vectors and is read to exactly these."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import safetensors.numpy
from small_inputs import (
    IDS,
    N,
    V,
    anndata,
    arrow_stream,
    bf16_tensors,
    brackets,
    csv,
    file,
    fixed_shape,
    h5,
    in_ml_dtypes,
    masked,
    per_item,
    rows_of_text,
    saved_dataset,
    shards,
    texts,
    torch_made,
    two_columns,
    wide,
)

from repdiff.inputs import as_embeddings


class Read(NamedTuple):
    """How to make an input in a folder, the ids it carries, and what is told of it."""

    make: Callable[[Path], Any]
    ids: list[str] | None = None
    tells: str | None = None
    keys: tuple[str, ...] = ()


READ: dict[str, Read] = {
    # arrays in memory
    "array": Read(lambda _: V),
    "array, (n, d, 1, 1)": Read(lambda _: V[:, :, None, None]),
    "array, float16": Read(lambda _: V.astype(np.float16)),
    "array, long double": Read(lambda _: V.astype(np.longdouble)),
    "array, big endian": Read(lambda _: V.astype(">f8")),
    "array, bfloat16 of ml_dtypes": Read(lambda _: in_ml_dtypes()),
    "array, masked nowhere": Read(lambda _: masked()),
    "list of lists": Read(lambda _: V.tolist()),
    "list of arrays": Read(lambda _: list(V)),
    "list of masked arrays": Read(lambda _: list(masked())),
    "sparse": Read(lambda _: __import__("scipy.sparse").sparse.csr_array(V)),
    "mapping": Read(lambda _: {"embeddings": V, "ids": IDS}, IDS),
    "mapping, ID": Read(lambda _: {"e": V, "ID": np.array(IDS)}, IDS),
    "mapping, one vector per item": Read(lambda _: per_item(), IDS, "one vector per item"),
    "mapping, one vector of (1, d) per item": Read(lambda _: {k: v[None] for k, v in per_item().items()}, IDS),
    "mapping with file names": Read(lambda _: {"e": V, "filenames": np.array(IDS)}, None, keys=("filenames",)),
    "torch tensor": Read(torch_made(lambda torch: torch.from_numpy(V))),
    "torch tensor with gradient": Read(torch_made(lambda torch: torch.from_numpy(V).requires_grad_())),
    "torch tensor, bfloat16": Read(torch_made(lambda torch: torch.from_numpy(V).bfloat16())),
    "torch tensor, sparse": Read(torch_made(lambda torch: torch.from_numpy(V).to_sparse())),
    "torch list of tensors": Read(torch_made(lambda torch: list(torch.from_numpy(V)))),
    "torch list with gradient": Read(torch_made(lambda torch: list(torch.from_numpy(V.copy()).requires_grad_()))),
    "torch column of tensors": Read(
        torch_made(lambda torch: pd.DataFrame({"id": IDS, "e": list(torch.from_numpy(V.copy()).requires_grad_())})), IDS
    ),
    # tables in memory
    "pandas": Read(lambda _: wide(id=IDS), IDS),
    "pandas, ID": Read(lambda _: wide(ID=IDS), IDS),
    "pandas, unnamed index": Read(lambda _: wide().set_axis(IDS), None, keys=("",)),
    "pandas, named index": Read(lambda _: wide(filename=IDS).set_index("filename"), None, keys=("filename",)),
    "pandas, index of numbers": Read(lambda _: wide().set_axis(range(5, N + 5)), None, keys=("",)),
    "pandas, default index": Read(lambda _: wide(), None),
    "pandas, index called ids": Read(lambda _: wide(ids=IDS).set_index("ids"), IDS),
    "pandas, numeric ID": Read(lambda _: wide(ID=np.arange(N) * 3), [str(3 * row) for row in range(N)]),
    "pandas, item_id": Read(lambda _: wide(item_id=np.arange(N) + 7), None, "not as a dimension", ("item_id",)),
    "pandas, column of names": Read(lambda _: wide(name=IDS), None, "not as a dimension", ("name",)),
    "pandas, lists": Read(lambda _: pd.DataFrame({"id": IDS, "e": list(V)}), IDS),
    "pandas, lists and labels": Read(
        lambda _: pd.DataFrame({"id": IDS, "e": list(V), "kind": ["a"] * N}), IDS, "'e' is used, but not 'kind'"
    ),
    "pandas, JSON": Read(lambda _: pd.DataFrame({"id": IDS, "e": texts(json.dumps)}), IDS),
    "pandas, 1 x d arrays": Read(lambda _: pd.DataFrame({"id": IDS, "e": [row[None] for row in V]}), IDS),
    "pandas, nullable": Read(lambda _: wide(id=IDS).convert_dtypes(), IDS),
    "pandas, sparse": Read(lambda _: wide().astype(pd.SparseDtype(np.float32)), None),
    "pandas, objects": Read(lambda _: wide().astype(object), None),
    "polars": Read(lambda _: pl.from_pandas(wide(id=IDS)), IDS),
    "polars, arrays": Read(lambda _: pl.DataFrame({"id": IDS, "e": V}), IDS),
    "pyarrow, lists in pieces": Read(lambda _: pa.concat_tables([two_columns().drop(["first"]).slice(0, 3),
                                                                 two_columns().drop(["first"]).slice(3)]), IDS),
    "pyarrow, large lists": Read(
        lambda _: pa.table({"id": IDS, "e": pa.array(V.tolist(), pa.large_list(pa.float32()))}), IDS
    ),
    "pyarrow, fixed-shape tensors": Read(lambda _: fixed_shape([4]), IDS),
    "pyarrow, fixed-shape tensors of 1 x d": Read(lambda _: fixed_shape([1, 4]), IDS),
    "pyarrow, nested lists": Read(lambda _: pa.table({"id": IDS, "e": V[:, None].tolist()}), IDS),
    "pyarrow, text": Read(lambda _: pa.table({"id": IDS, "e": texts(brackets)}), IDS),
    "pyarrow, decimals": Read(lambda _: pa.table({k: pa.array(wide()[k]).cast(pa.decimal128(9, 4)) for k in "abcd"})),
    # text files
    ".csv": Read(csv(rows_of_text(","))),
    ".csv without header": Read(csv(rows_of_text(",", header=False))),
    ".csv with semicolons": Read(csv(rows_of_text(";"))),
    ".csv with decimal commas": Read(csv(rows_of_text(";", ","))),
    ".csv with decimal commas, no header": Read(csv(rows_of_text(";", ",", header=False))),
    ".csv with tabs": Read(csv(rows_of_text("\t"))),
    ".csv with bars": Read(csv(rows_of_text("|"))),
    ".tsv": Read(csv(rows_of_text("\t"), "x.tsv")),
    ".tsv without header": Read(csv(rows_of_text("\t", header=False), "x.tsv")),
    ".csv, ID keeps zeros": Read(csv(lambda: "\n".join(["ID,a,b", *(f"{r:03d},{r}.5,1.{r}" for r in range(N))])),
                                 [f"{row:03d}" for row in range(N)]),
    ".csv, JSON": Read(file("x.csv", lambda p: pd.DataFrame({"id": IDS, "e": texts(json.dumps)}).to_csv(p)), IDS),
    ".csv, brackets": Read(file("x.csv", lambda p: pd.DataFrame({"id": IDS, "e": texts(brackets)}).to_csv(p)), IDS),
    ".csv, printed arrays": Read(
        file("x.csv", lambda p: pd.DataFrame({"id": IDS, "e": [repr(row) for row in V]}).to_csv(p, index=False)), IDS
    ),
    ".csv, printed tensors": Read(
        file("x.csv", lambda p: pd.DataFrame({"id": IDS, "e": texts(lambda r: f"tensor({r}, grad_fn=<X>)")}).to_csv(p)),
        IDS,
    ),
    ".csv, text index": Read(file("x.csv", lambda p: wide().set_axis(IDS).to_csv(p)), None, keys=("Unnamed: 0",)),
    # table files
    ".parquet": Read(file("x.parquet", lambda p: wide(id=IDS).to_parquet(p)), IDS),
    ".parquet, text": Read(
        file("x.parquet", lambda p: pd.DataFrame({"id": IDS, "e": texts(brackets)}).to_parquet(p)), IDS
    ),
    ".parquet, text index": Read(file("x.parquet", lambda p: wide().set_axis(IDS).to_parquet(p)), None, keys=("",)),
    ".parquet, tensors": Read(file("x.parquet", lambda p: pq.write_table(fixed_shape([4]), p)), IDS),
    ".parquet, row groups": Read(file("x.parquet", lambda p: pq.write_table(pa.Table.from_pandas(wide(id=IDS)), p,
                                                                           row_group_size=2)), IDS),
    ".parquet:column": Read(file("x.parquet", lambda p: pq.write_table(two_columns(), p), ":second"), IDS, "'first'"),
    ".csv:column": Read(
        file("x.csv", lambda p: pd.DataFrame({"id": IDS, "a": texts(brackets), "b": texts(str)}).to_csv(p), ":b"), IDS
    ),
    ".feather": Read(file("x.feather", lambda p: wide(id=IDS).to_feather(p)), IDS),
    ".arrow": Read(file("x.arrow", lambda p: arrow_stream(p, two_columns().drop(["first"]))), IDS),
    # files of arrays
    ".npy, bfloat16 of ml_dtypes": Read(file("x.npy", lambda p: np.save(p, in_ml_dtypes()))),
    ".npy, (n, d, 1)": Read(file("x.npy", lambda p: np.save(p, V[:, :, None]))),
    ".npz, file names": Read(file("x.npz", lambda p: np.savez(p, e=V, filenames=IDS)), None, keys=("filenames",)),
    ".npz, one vector per item": Read(file("x.npz", lambda p: np.savez(p, **per_item())), IDS, "one vector per item"),
    ".npz, vectors without names": Read(file("x.npz", lambda p: np.savez(p, *V)), None, "order of their numbers"),
    ".npz:array": Read(file("x.npz", lambda p: np.savez(p, a=V, b=V + 1, ids=IDS), ":a"), IDS, "'b'"),
    ".npz, logits beside": Read(file("x.npz", lambda p: np.savez(p, embeddings=V, logits=V @ V.T)), None, "'logits'"),
    ".safetensors": Read(file("x.safetensors", lambda p: safetensors.numpy.save_file({"e": V}, p))),
    ".safetensors, bfloat16": Read(file("x.safetensors", bf16_tensors)),
    ".safetensors, one per item": Read(file("x.safetensors", lambda p: safetensors.numpy.save_file(
        {k: v.copy() for k, v in per_item().items()}, p)), IDS),
    ".h5, one vector per item": Read(file("x.h5", h5(per_item())), IDS),
    ".hdf5": Read(file("x.hdf5", h5({"e": V, "ids": IDS})), IDS),
    ".h5:group/array": Read(file("x.h5", h5({"a/e": V, "b/e": V + 1}), ":a/e"), None, "'b/e'"),
    ".pth": Read(torch_made(lambda torch: torch.from_numpy(V), "x.pth")),
    ".pt, one vector per item": Read(
        torch_made(lambda torch: {k: torch.from_numpy(v) for k, v in per_item().items()}, "x.pt"), IDS
    ),
    ".pt, arrays inside": Read(torch_made(lambda _: {"embeddings": V, "ids": IDS}, "x.pt"), IDS),
    ".pt, list of tensors": Read(torch_made(lambda torch: {"e": list(torch.from_numpy(V)), "id": IDS}, "x.pt"), IDS),
    # folders, AnnData, several files
    "saved data set": Read(saved_dataset({"id": IDS, "e": list(V)}), IDS),
    "saved data set in pieces": Read(saved_dataset({"id": IDS, "e": list(V)}, files=3), IDS),
    "saved data set, images beside": Read(
        saved_dataset({"id": IDS, "image": [{"bytes": b"x", "path": None}] * N, "e": list(V)}), IDS, "not 'image'"
    ),
    ".h5ad:obsm/X_pca": Read(file("x.h5ad", anndata, ":obsm/X_pca"), IDS),
    ".h5ad:X_pca": Read(file("x.h5ad", anndata, ":X_pca"), IDS),
    "parts of .npy": Read(shards(lambda p, v, _: np.save(p, v), ".npy"), None, "11 files were joined"),
    "parts of .npz": Read(shards(lambda p, v, ids: np.savez(p, e=v, ids=ids), ".npz"), IDS),
    "parts of .parquet": Read(shards(lambda p, v, i: pd.DataFrame(v, columns=list("abcd")).assign(id=i).to_parquet(p),
                                     ".parquet"), IDS),
    "list of paths": Read(lambda folder: [
        file(f"{name}.npy", lambda p, part=part: np.save(p, part))(folder)
        for name, part in (("b", V[:5]), ("a", V[5:]))
    ]),
    "a file with a colon": Read(file("a:b.npy", lambda p: np.save(p, V))),
}  # fmt: skip


@pytest.mark.parametrize("name", READ)
def test_every_input_is_read_to_the_same_values(name: str, tmp_path: Path) -> None:
    case = READ[name]
    found = as_embeddings(case.make(tmp_path), source="x")
    if name == ".csv, ID keeps zeros":
        np.testing.assert_allclose(found.values[:, 0], np.arange(N) + 0.5)
    else:
        np.testing.assert_array_equal(found.values, V)
    assert found.values.flags.c_contiguous
    assert found.values.dtype in (np.float32, np.float64)
    assert (None if found.ids is None else found.ids.tolist()) == case.ids
    assert tuple(key.name for key in found.keys) == case.keys
    told = " ".join(found.warnings)
    assert re.search(case.tells, told) if case.tells else "whole numbers" not in told


def test_masked_values_are_missing_ones() -> None:
    values = masked()
    values[7, 2] = np.ma.masked
    found = as_embeddings(values, source="x").values
    assert np.argwhere(np.isnan(found)).tolist() == [[7, 2]]
    whole = np.ma.masked_array([[1, 2], [3, 4]], mask=[[0, 0], [0, 1]])
    np.testing.assert_array_equal(as_embeddings(whole, source="x").values, [[1, 2], [3, np.nan]])


def test_a_column_of_whole_numbers_among_others_is_told() -> None:
    (told,) = as_embeddings(wide(user=[3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5]), source="x").warnings
    assert "column 'user' holds whole numbers only" in told
    (told,) = as_embeddings(np.column_stack([V, np.arange(N)]), source="x").warnings
    assert "column 4 holds whole numbers only" in told
    assert as_embeddings(np.column_stack([V, np.zeros(N)]), source="x").warnings == ()
