"""What the pipeline promises whatever the model is."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from encoders import values_of, write_pictures
from PIL import Image

import repdiff
from repdiff.encoding.pipeline import _predicted
from repdiff.inputs import read_embeddings
from repdiff.inputs.encoded import items_path, manifest_path


def mean_colour(images: list[Image.Image]) -> np.ndarray:
    return np.stack([np.asarray(image, np.float32).mean((0, 1)) for image in images])


def first_letters(texts: list[str]) -> list[list[float]]:
    return [[float(ord(letter)) for letter in text[:2]] for text in texts]


def test_pixels_are_the_image_made_small(pictures, tmp_path):
    encoded = repdiff.encode("pixels?size=4", pictures, tmp_path / "x.npz")
    found = read_embeddings(encoded.path)
    assert found.ids is not None
    with Image.open(pictures / found.ids[3]) as image:
        expected = np.asarray(image.resize((4, 4), Image.Resampling.BILINEAR), np.float32) / 255
    np.testing.assert_allclose(found.values[3], expected.ravel(), atol=1e-6)
    assert encoded.n_items == 24
    assert encoded.skipped == []


def test_a_function_gets_images_in_the_order_of_their_paths(pictures, tmp_path):
    encoded = repdiff.encode(mean_colour, pictures, tmp_path / "x.npz", batch=5)
    values = values_of(encoded.path)
    assert values.shape == (24, 3)
    assert (values[:12, 2] > values[:12, 0]).all()  # blue comes before red
    assert (values[12:, 2] < values[12:, 0]).all()


def test_a_function_gets_texts(tmp_path):
    table = pd.DataFrame({"id": ["p", "q", "r"], "text": ["ab", None, "cd"]})
    encoded = repdiff.encode(first_letters, table, tmp_path / "x.npz")
    assert values_of(encoded.path).tolist() == [[97, 98], [99, 100]]
    assert read_embeddings(encoded.path).ids.tolist() == ["p", "r"]
    assert encoded.skipped == [{"id": "q", "reason": "q has no text"}]


def test_tfidf_puts_texts_with_the_same_words_together(tmp_path):
    texts = ["red red apple", "apple red", "blue sea", "sea blue blue"]
    encoded = repdiff.encode("tfidf", pd.DataFrame({"text": texts}), tmp_path / "x.npz")
    values = values_of(encoded.path)
    assert values.shape == (4, 4)
    likeness = values @ values.T
    assert likeness[0, 1] > 0.9 > 0.1 > likeness[0, 2]


@pytest.mark.usefixtures("opened_here")
@pytest.mark.parametrize("suffix", [".npz", ".parquet", ".npy"])
def test_every_format_holds_the_same(pictures, tmp_path, suffix):
    expected = values_of(repdiff.encode(mean_colour, pictures, tmp_path / "expected.npz").path)
    encoded = repdiff.encode(mean_colour, pictures, tmp_path / f"x{suffix}")
    found = read_embeddings(encoded.path)
    np.testing.assert_array_equal(found.values, expected)
    assert found.sha256() == encoded.manifest["embeddings"]["sha256"]
    assert (found.ids is None) == (suffix == ".npy")
    rows = pd.read_parquet(items_path(encoded.path))
    assert rows["id"].tolist() == sorted(str(path.relative_to(pictures)) for path in pictures.rglob("*.png"))
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(f"x{suffix}")) == [
        f"x{suffix}", f"x{suffix}.items.parquet", f"x{suffix}.manifest.json"
    ]  # fmt: skip


def test_the_manifest_tells_how_it_was_made(pictures, tmp_path):
    encoded = repdiff.encode("pixels", pictures, tmp_path / "x.npz", batch=7)
    manifest = json.loads(manifest_path(encoded.path).read_text())
    assert manifest == encoded.manifest
    assert manifest["model"]["spec"] == "pixels"
    assert "32 x 32" in manifest["model"]["preprocessing"]
    assert manifest["batch"] == 7
    assert manifest["items"]["n_listed"] == 24
    assert set(manifest["versions"]) >= {"repdiff", "python", "numpy", "pillow"}


@pytest.mark.usefixtures("opened_here")
def test_the_hash_of_the_items_is_that_of_their_contents(tmp_path):
    folder = write_pictures(tmp_path / "p", 6)
    first = repdiff.encode("pixels", folder, tmp_path / "x.npz").manifest["items"]["sha256"]
    moved = folder.rename(tmp_path / "q")
    assert repdiff.encode("pixels", moved, tmp_path / "y.npz").manifest["items"]["sha256"] == first
    Image.new("RGB", (9, 9), "green").save(moved / "red" / "0001.png")
    assert repdiff.encode("pixels", moved, tmp_path / "z.npz").manifest["items"]["sha256"] != first


@pytest.mark.usefixtures("opened_here")
def test_the_batch_size_changes_nothing_but_rounding(pictures, tmp_path):
    one = values_of(repdiff.encode("pixels", pictures, tmp_path / "x.npz", batch=1).path)
    many = values_of(repdiff.encode("pixels", pictures, tmp_path / "y.npz", batch=1000).path)
    measured = repdiff.encode("pixels", pictures, tmp_path / "z.npz", batch="auto")
    np.testing.assert_array_equal(one, many)
    np.testing.assert_array_equal(one, values_of(measured.path))
    assert measured.manifest["batch"] in (1, 2, 4, 8, 16, 32, 64, 128)


def test_what_is_done_is_not_done_again(pictures, tmp_path):
    calls: list[int] = []

    def told(stage: str, done: int, total: int) -> None:
        calls.append(done)

    repdiff.encode("pixels", pictures, tmp_path / "x.npz", progress=told)
    assert calls[0] == 0
    assert calls[-1] == 24
    calls.clear()
    again = repdiff.encode("pixels", pictures, tmp_path / "x.npz", progress=told)
    assert calls == []
    assert again.n_items == 24


@pytest.mark.usefixtures("opened_here")
def test_another_embedding_is_replaced_only_when_asked(pictures, tmp_path):
    repdiff.encode("pixels", pictures, tmp_path / "x.npz")
    with pytest.raises(repdiff.RepdiffError, match=r"exists with other settings.*--overwrite"):
        repdiff.encode("pixels?size=8", pictures, tmp_path / "x.npz")
    encoded = repdiff.encode("pixels?size=8", pictures, tmp_path / "x.npz", overwrite=True)
    assert values_of(encoded.path).shape == (24, 192)


@pytest.mark.usefixtures("opened_here")
def test_changed_code_is_noticed(pictures, tmp_path):
    def scaled(scale: float):
        return lambda images: mean_colour(images) * scale

    repdiff.encode(scaled(1.0), pictures, tmp_path / "x.npz")
    with pytest.raises(repdiff.RepdiffError, match="exists with other settings"):
        repdiff.encode(scaled(2.0), pictures, tmp_path / "x.npz")


def test_items_of_a_table_are_found_below_the_folder_of_images(pictures, tmp_path):
    names = sorted(str(path.relative_to(pictures)) for path in pictures.rglob("*.png"))
    pd.DataFrame({"file": [*names[:4], None, "nowhere.png"]}).to_csv(tmp_path / "t.csv", index=False)
    encoded = repdiff.encode("pixels", tmp_path / "t.csv", tmp_path / "x.npz", images=pictures, image="file")
    assert read_embeddings(encoded.path).ids.tolist() == ["0", "1", "2", "3"]
    assert [entry["id"] for entry in encoded.skipped] == ["4", "5"]
    assert [entry["reason"] for entry in encoded.skipped] == ["4 names no image", "nowhere.png does not exist"]
    assert encoded.manifest["items"]["numbered"]


def test_predictions_are_the_most_likely_class_and_its_share():
    prediction, confidence = _predicted(np.array([[0.0, np.log(3.0)], [1000.0, 0.0]], np.float32))
    assert prediction.tolist() == [1, 0]
    np.testing.assert_allclose(confidence, [0.75, 1.0])
    assert _predicted(None) == (None, None)


MISTAKES = {
    "no such kind": (("torchscript:x.pt", "pictures", "x.npz"), {}, r"torchscript:x.pt: is not a model spec; use hf:"),
    "no model": ((3, "pictures", "x.npz"), {}, r"model: is int, but must be a spec"),
    "unknown option": (("pixels?side=3", "pictures", "x.npz"), {}, r"no option 'side'; options are size"),
    "size is no number": (("pixels?size=big", "pictures", "x.npz"), {}, r"size must be a positive whole number"),
    "layer of pixels": (("pixels", "pictures", "x.npz"), {"layer": "conv1"}, r"pixels has no layers"),
    "pool of pixels": (("pixels", "pictures", "x.npz"), {"pool": "mean"}, r"nothing to pool"),
    "unknown pool": (("pixels", "pictures", "x.npz"), {"pool": "sum"}, r"must be one of cls, last, mean, max, none"),
    "no batch": (("pixels", "pictures", "x.npz"), {"batch": 0}, r"batch must be a positive number"),
    "unknown format": (("pixels", "pictures", "x.h5"), {}, r"written to \.npz, \.parquet, \.npy, not \.h5"),
    "output is a folder": (("pixels", "pictures", "d.npz"), {}, r"d\.npz: is a folder"),
    "no folder for the output": (("pixels", "pictures", "no/x.npz"), {}, r"there is no folder no"),
    "empty folder": (("pixels", "empty", "x.npz"), {}, r"empty: holds no image \(it is empty\)"),
    "folder of texts": (("tfidf", "pictures", "x.npz"), {}, r"is a folder of images, but the model takes text"),
    "text for pixels": (("pixels", "t.csv", "x.npz"), {}, r"t\.csv: has no column 'image'; name the column"),
    "wrong column": (("tfidf", "t.csv", "x.npz"), {"text": "txt"}, r"no column 'txt' for text; did you mean 'text'"),
    "image column for tfidf": (("tfidf", "t.csv", "x.npz"), {"image": "text"}, r"the model takes text, not image"),
    "no words": (("tfidf", "dots.csv", "x.npz"), {}, r"the texts hold no words"),
    "nothing readable": (("pixels", "broken", "x.npz"), {}, r"none of 1 items can be encoded: a\.png is empty"),
    "no such items": (("pixels", "no.csv", "x.npz"), {}, r"no\.csv: no such file of items"),
    "images for a folder": (("pixels", "pictures", "x.npz"), {"images": "pictures"}, r"images was given, but"),
    "py without attribute": (("py:os", "pictures", "x.npz"), {}, r"must name a module and an attribute"),
    "py of no module": (("py:nosuchmodule:f", "pictures", "x.npz"), {}, r"there is no module 'nosuchmodule'"),
    "py of no file": (("py:no.py:f", "pictures", "x.npz"), {}, r"no\.py: no such file of Python"),
    "py without that attribute": (("py:json:nothing", "pictures", "x.npz"), {}, r"no attribute 'nothing'"),
    "py of a number": (("py:sys:maxsize", "pictures", "x.npz"), {}, r"is int, but must be a \(torch module"),
    "layer of a function": ((mean_colour, "pictures", "x.npz"), {"layer": "a"}, r"a function has no layers"),
    "function of wrong shape": ((lambda b: [[1.0]], "pictures", "x.npz"), {}, r"returned shape \(1, 1\) for 24 items"),
    "function that fails": (
        (lambda b: [][1], "pictures", "x.npz"), {}, r"the model failed on items 0 to 23 with IndexError"
    ),
    "onnx of no file": (("onnx:no.onnx", "pictures", "x.npz"), {}, r"onnx:no\.onnx: no such file"),
    "pt2 of no file": (("pt2:no.pt2", "pictures", "x.npz"), {}, r"pt2:no\.pt2: no such file"),
    "pt2 of something else": (("pt2:t.csv", "pictures", "x.npz"), {}, r"is not a file that torch\.export saved"),
    "unknown normalization": (("onnx:t.csv?normalise=half", "pictures", "x.npz"), {}, r"no option 'normalise'"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line_and_leaves_nothing(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_pictures(Path("pictures"))
    Path("empty").mkdir()
    Path("d.npz").mkdir()
    Path("broken").mkdir()
    Path("broken/a.png").touch()
    pd.DataFrame({"text": ["a word", "two words"]}).to_csv("t.csv", index=False)
    pd.DataFrame({"text": ["...", "!!"]}).to_csv("dots.csv", index=False)
    before = sorted(tmp_path.rglob("*"))
    arguments, options, says = MISTAKES[name]
    with pytest.raises(repdiff.RepdiffError, match=says) as caught:
        repdiff.encode(*arguments, **options)
    assert "\n" not in str(caught.value)
    assert sorted(tmp_path.rglob("*")) == before
