"""Pictures that a table names or holds: those that are not there are counted, and the folder that fits is proposed."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from PIL import Image

import repdiff
from repdiff import InputError, cli
from repdiff.inputs.images import make_thumbnails
from repdiff.inputs.items import as_items
from repdiff.inputs.pair import make_pair

N = 12
NAMES = [f"{row}.png" for row in range(N)]
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(N, 4)), RNG.normal(size=(N, 4))


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    (tmp_path / "data" / "pics").mkdir(parents=True)
    for row, name in enumerate(NAMES):
        Image.new("RGB", (8, 6), (20 * row, 0, 0)).save(tmp_path / "data" / "pics" / name)
    return tmp_path


def table(folder: Path, names: list[Any]) -> Path:
    pd.DataFrame({"id": range(N), "image": names}).to_csv(folder / "items.csv", index=False)
    return folder / "items.csv"


@pytest.mark.parametrize(
    ("prefix", "given", "fits"),
    [("pics/", "data/pics", "data"), ("", "data", "data/pics"), ("data/pics/", "data", "."), ("pics/", ".", "data")],
    ids=["doubled", "above", "far above", "below"],
)
def test_images_of_which_none_is_there_are_an_error_that_names_the_folder(pictures, prefix, given, fits) -> None:
    items = table(pictures, [prefix + name for name in NAMES])
    says = r"items\.csv: 12 of 12 images are not there \(first: .*0\.png\); they are in (\S+): pass that with --images"
    with pytest.raises(InputError, match=says) as caught:
        make_pair(X, Y, items=items, images=pictures / given)
    found = re.search(says, str(caught.value))
    assert found is not None
    assert Path(found[1]).resolve() == (pictures / fits).resolve()
    assert make_pair(X, Y, items=items, images=found[1]).warnings == ()


def test_images_that_nobody_asked_for_are_only_told_of(pictures: Path) -> None:
    (told,) = make_pair(X, Y, items=table(pictures, [f"pics/{name}" for name in NAMES])).warnings
    assert re.search(r"12 of 12 images are not there .* they are in \S+/data: pass that with --images", told)
    (told,) = make_pair(X, Y, items=table(pictures, [f"https://host/{name}" for name in NAMES])).warnings
    assert "say with --images" in told


def test_some_images_that_are_missing_are_counted(pictures: Path) -> None:
    names = [*NAMES[:9], "gone.png", None, NAMES[11]]
    told = make_pair(X, Y, items=table(pictures, names), images=pictures / "data" / "pics").warnings
    assert re.search(r"1 of 12 items name no image", told[0])
    assert re.search(r"1 of 12 images are not there \(first: .*gone\.png\)", told[1])


def test_a_run_tells_how_many_images_could_not_be_opened(pictures: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(pictures)
    items = table(pictures, NAMES)
    for name in NAMES[:4]:
        Path("data", "pics", name).write_bytes(b"no picture")
    np.save("x.npy", X)
    np.save("y.npy", Y)
    options = ["--items", str(items), "--images", "data/pics", "-n", "2", "--no-evidence", "-o", "run"]
    assert cli.run(["compare", "x.npy", "y.npy", *options]) == 0
    says = r"4 of 12 images could not be opened \(first: item 0: 0\.png is not an image"
    assert re.search(says, " ".join(capsys.readouterr().out.split()))
    assert len(json.loads(Path("run", "manifest.json").read_text())["skipped_images"]) == 4
    thumbnails = repdiff.load("run").thumbnails
    assert thumbnails is not None
    assert re.search(says, thumbnails.warnings[0])


def test_images_inside_a_table_are_shown_in_the_order_of_the_items() -> None:
    def png(row: int) -> bytes:
        file = io.BytesIO()
        Image.new("RGB", (8, 6), (20 * row, 0, 0)).save(file, "PNG")
        return file.getvalue()

    rows = RNG.permutation(N)
    held = pa.table({
        "id": [NAMES[row] for row in rows], "image": [{"bytes": png(row), "path": None} for row in rows],
    })  # fmt: skip
    pair = make_pair({"e": X, "id": np.array(NAMES)}, Y, items=held)
    assert pair.items.frame["image"].map(type).unique().tolist() == [str]
    thumbnails = make_thumbnails(pair.items, np.arange(N))
    assert thumbnails.skipped == ()
    reds = [np.asarray(Image.open(io.BytesIO(image)).convert("RGB"))[..., 0].mean() for image in thumbnails.images]
    np.testing.assert_allclose(reds, 20 * np.arange(N), atol=6)
    assert as_items(held).pictures is not None
