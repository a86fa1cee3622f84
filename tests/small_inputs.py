"""Small inputs of many kinds that hold the same vectors, made in memory or in files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

N = 11
IDS = [f"item {row:02d}" for row in range(N)]
# Sixteenths below 8 in magnitude are exact as bfloat16, in text and in every float.
V = np.random.default_rng(0).integers(-127, 127, size=(N, 4)).astype(np.float32) / 16


def texts(form: Callable[[list[float]], str]) -> list[str]:
    return [form(row.tolist()) for row in V]


def brackets(row: list[float]) -> str:
    return f"[{' '.join(map(str, row))}]"


def bfloat16() -> np.ndarray:
    return (V.view(np.uint32) >> 16).astype(np.uint16)


def wide(**more: Any) -> pd.DataFrame:
    return pd.DataFrame(V, columns=list("abcd")).assign(**more)


def file(name: str, write: Callable[[Path], Any], then: str = "") -> Callable[[Path], str]:
    def make(folder: Path) -> str:
        write(folder / name)
        return f"{folder / name}{then}"

    return make


def csv(text: str | Callable[[], str], name: str = "x.csv") -> Callable[[Path], str]:
    return file(name, lambda path: path.write_text(text() if callable(text) else text))


def rows_of_text(separator: str, decimal: str = ".", *, header: bool = True) -> Callable[[], str]:
    def make() -> str:
        lines = [separator.join(str(value).replace(".", decimal) for value in row) for row in V.tolist()]
        return "\n".join([separator.join("abcd"), *lines] if header else lines) + "\n"

    return make


def h5(arrays: dict[str, Any]) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with h5py.File(path, "w") as out:
            for name, values in arrays.items():
                out[name] = values

    return write


def per_item() -> dict[str, np.ndarray]:
    return dict(zip(IDS, V, strict=True))


def arrow_stream(path: Path, table: pa.Table) -> None:
    with pa.ipc.new_stream(path, table.schema) as writer:
        writer.write_table(table)


def saved_dataset(columns: dict[str, Any], *, files: int = 1) -> Callable[[Path], str]:
    """A folder as ``Dataset.save_to_disk`` leaves it."""

    def make(folder: Path) -> str:
        root = folder / "saved"
        root.mkdir()
        table = pa.table(columns)
        names = [f"data-{place:05d}-of-{files:05d}.arrow" for place in range(files)]
        for place, name in enumerate(names):
            cuts = [len(table) * step // files for step in (place, place + 1)]
            arrow_stream(root / name, table.slice(cuts[0], cuts[1] - cuts[0]))
        (root / "state.json").write_text(json.dumps({"_data_files": [{"filename": name} for name in names]}))
        (root / "dataset_info.json").write_text("{}")
        return str(root)

    return make


def anndata(path: Path) -> None:
    with h5py.File(path, "w") as out:
        out["X"] = np.eye(N)
        out["obsm/X_pca"] = V
        out["obsm/X_scvi"] = V * 2
        obs = out.create_group("obs")
        obs.attrs.update({"encoding-type": "dataframe", "_index": "cell", "column-order": ["kind", "count"]})
        obs["cell"] = IDS
        obs["count"] = np.arange(N)
        kind = obs.create_group("kind")
        kind.attrs["encoding-type"] = "categorical"
        kind["codes"], kind["categories"] = np.arange(N) % 2, ["a", "b"]


def fixed_shape(shape: list[int]) -> pa.Table:
    kind = pa.fixed_shape_tensor(pa.float32(), shape)
    return pa.table(
        {
            "id": IDS,
            "e": pa.ExtensionArray.from_storage(kind, pa.FixedSizeListArray.from_arrays(pa.array(V.ravel()), 4)),
        }
    )


def two_columns() -> pa.Table:
    return pa.table({"id": IDS, "first": list(V * 2), "second": list(V)})


def shards(write: Callable[[Path, np.ndarray, list[str]], Any], suffix: str) -> Callable[[Path], str]:
    def make(folder: Path) -> str:
        for place in range(N):  # one row each, so that 10 must come after 9
            write(folder / f"part-{place}{suffix}", V[place : place + 1], IDS[place : place + 1])
        return str(folder / f"part-*{suffix}")

    return make


def torch_made(make: Callable[[Any], Any], name: str | None = None) -> Callable[[Path], Any]:
    def made(folder: Path) -> Any:
        torch = pytest.importorskip("torch")
        if name is None:
            return make(torch)
        torch.save(make(torch), folder / name)
        return folder / name

    return made


def masked() -> np.ma.MaskedArray:
    return np.ma.masked_array(V, mask=np.zeros_like(V, bool))


def bf16_tensors(path: Path) -> None:
    data = bfloat16().tobytes()
    header = json.dumps({"e": {"dtype": "BF16", "shape": [N, 4], "data_offsets": [0, len(data)]}}).encode()
    header = header.ljust(-(-len(header) // 8) * 8)
    path.write_bytes(len(header).to_bytes(8, "little") + header + data)


def in_ml_dtypes() -> np.ndarray:
    return V.astype(pytest.importorskip("ml_dtypes").bfloat16)
