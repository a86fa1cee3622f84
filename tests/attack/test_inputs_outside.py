"""Data from strangers: nothing outside the given files and folders is opened, and only ordinary files are."""

from __future__ import annotations

import json
import os
import socket
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import repdiff
from repdiff.core.errors import InputError
from repdiff.inputs import as_items, read_embeddings
from repdiff.inputs.images import make_thumbnails
from repdiff.inputs.pair import make_pair

VALUES = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A folder for a stranger's file, beside a file with a secret matrix that it must not reach."""
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["embeddings"] = VALUES
    VALUES.tofile(tmp_path / "secret.bin")
    (tmp_path / "given").mkdir()
    return tmp_path / "given"


def external_link(file, h5py, folder):
    file["embeddings"] = h5py.ExternalLink("../secret.h5", "/embeddings")


def external_values(file, h5py, folder):
    file.create_dataset("embeddings", (6, 3), "f4", external=[(str(folder.parent / "secret.bin"), 0, 72)])


def virtual_values(file, h5py, folder):
    layout = h5py.VirtualLayout((6, 3), "f4")
    layout[:] = h5py.VirtualSource(str(folder.parent / "secret.h5"), "embeddings", (6, 3))
    file.create_virtual_dataset("embeddings", layout)


@pytest.mark.parametrize("write", [external_link, external_values, virtual_values])
def test_hdf5_reads_no_other_file(write, secret):
    h5py = pytest.importorskip("h5py")
    path = secret / "x.h5"
    with h5py.File(path, "w") as file:
        write(file, h5py, secret)
    with h5py.File(path) as file:
        np.testing.assert_array_equal(file["embeddings"][()], VALUES)  # so the library would read it
    with pytest.raises(InputError, match=r"in another file|holds nothing"):
        read_embeddings(path)


@pytest.mark.parametrize("write", [external_link, external_values, virtual_values])
@pytest.mark.parametrize("part", ["obsm/X", "obs/label", "obs/_index"])
def test_anndata_reads_no_other_file(part, write, secret):
    h5py = pytest.importorskip("h5py")
    path = secret / "x.h5ad"
    with h5py.File(path, "w") as file:
        file["obsm/X"] = VALUES
        obs = file.create_group("obs")
        obs.attrs["_index"], obs.attrs["column-order"] = "_index", ["label"]
        obs["_index"], obs["label"] = [f"i{row}" for row in range(6)], np.arange(6)
        del file[part]
        write(file, h5py, secret)
        file.move("embeddings", part)
    with pytest.raises(InputError, match=r"in another file|is a link to another place"):
        make_pair(path, path, items=path)


def saved(folder: Path) -> Path:
    table = pa.table({"id": [f"i{row}" for row in range(6)], "vector": VALUES.tolist()})
    folder.mkdir()
    with pa.ipc.new_stream(str(folder / "data-0.arrow"), table.schema) as writer:
        writer.write_table(table)
    (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": "data-0.arrow"}]}))
    return folder


def by_name(folder: Path, name: str) -> None:
    (folder / "data-0.arrow").rename(folder.parent / "data-0.arrow")
    (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": name.format(above=folder.parent)}]}))


def by_link(folder: Path, name: str) -> None:
    (folder / "data-0.arrow").rename(folder.parent / "data-0.arrow")
    (folder / "data-0.arrow").symlink_to(folder.parent / "data-0.arrow")


def test_a_saved_data_set_as_it_was_saved_is_read(tmp_path):
    np.testing.assert_array_equal(read_embeddings(saved(tmp_path / "set")).values, VALUES)


@pytest.mark.parametrize(
    ("change", "name"), [(by_name, "../data-0.arrow"), (by_name, "{above}/data-0.arrow"), (by_link, "")]
)
def test_a_saved_data_set_reads_no_other_file(change, name, tmp_path):
    change(saved(tmp_path / "set"), name)
    with pytest.raises(InputError, match="no file of its own"):
        read_embeddings(tmp_path / "set")


@pytest.mark.parametrize("name", ["../secret.png", "inner/../../secret.png", "{above}/secret.png"])
def test_a_table_names_no_picture_outside_its_folder(name, tmp_path):
    from PIL import Image

    Image.new("RGB", (9, 9)).save(tmp_path / "secret.png")
    folder = tmp_path / "given"
    folder.mkdir()
    Image.new("RGB", (9, 9)).save(folder / "own.png")
    names = ["own.png", str(folder / "own.png"), name.format(above=tmp_path)]
    pd.DataFrame({"id": list("abc"), "image": names}).to_csv(folder / "t.csv", index=False)
    pictures = make_thumbnails(as_items(folder / "t.csv"), np.arange(3))
    assert pictures.rows.tolist() == [0, 1]
    assert "leads out of" in pictures.skipped[0]
    np.savez(tmp_path / "x.npz", embeddings=VALUES[:3], ids=np.array(list("abc")))
    pair = make_pair(tmp_path / "x.npz", tmp_path / "x.npz", items=folder / "t.csv")
    assert any("1 of 3 images lie outside of" in told and f"here {tmp_path}" in told for told in pair.warnings)
    encoded = repdiff.encode("pixels?size=2", folder / "t.csv", tmp_path / "p.npz")
    assert [one["id"] for one in encoded.skipped] == ["c"]
    asked = make_thumbnails(as_items(folder / "t.csv", images=tmp_path), np.array([2]))
    assert asked.rows.tolist() == ([2] if name.startswith("{above}") else [])


def pipe(path: Path) -> None:
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.mkdir()


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def listening(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(path.name)


SUFFIXES = (".npy", ".npz", ".csv", ".tsv", ".parquet", ".feather", ".arrow", ".safetensors", ".pt", ".h5", ".h5ad")


@pytest.mark.parametrize("make", [pipe, folder, device, listening])
def test_only_ordinary_files_are_opened(make, tmp_path, monkeypatch):
    """None of these doors waits for a pipe, fills the memory from a device, or shows a traceback."""
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", VALUES)
    pd.DataFrame({"id": [str(row) for row in range(6)]}).to_csv("t.csv", index=False)
    started = time.monotonic()
    for suffix in SUFFIXES:
        path = Path(f"odd{suffix}")
        make(path)
        with pytest.raises(InputError):
            read_embeddings(path)
        if make is not folder:  # a folder of images is a table of items
            with pytest.raises(InputError):
                as_items(path)
    for model in ("onnx:odd.csv", "pt2:odd.csv", "hf:odd-model"):
        if model == "hf:odd-model":
            Path("odd-model").mkdir()
            make(Path("odd-model/config.json"))
        with pytest.raises(repdiff.RepdiffError):
            repdiff.encode(model, ".", "made.npz")
    with pytest.raises(InputError):
        repdiff.embed_triplets("odd.csv")
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("make", [pipe, device, listening])
@pytest.mark.parametrize("name", ["x.npy.manifest.json", "x.npy.items.parquet", "state.json"])
def test_only_ordinary_files_are_opened_beside_what_was_given(name, make, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", VALUES)
    if name.endswith("parquet"):
        sha256 = read_embeddings("x.npy").sha256()
        facts = {"format": "repdiff embeddings", "schema_version": 1, "embeddings": {"sha256": sha256, "shape": [6, 3]}}
        Path("x.npy.manifest.json").write_text(json.dumps(facts))
    make(Path(name))
    started = time.monotonic()
    with pytest.raises(InputError):
        make_pair("." if name == "state.json" else "x.npy", "x.npy")
    assert time.monotonic() - started < 10
