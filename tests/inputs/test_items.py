from __future__ import annotations

from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from repdiff import InputError
from repdiff.inputs import as_items, read_items


def table() -> pd.DataFrame:
    return pd.DataFrame({"kind": ["a", "b"], "id": [10, 20], "image": ["p/1.png", "p/2.png"]})


@pytest.mark.parametrize("make", [lambda t: t, pl.from_pandas, pa.Table.from_pandas], ids=["pandas", "polars", "arrow"])
def test_a_table_of_any_kind_has_its_id_first(make) -> None:
    items = as_items(make(table()))
    assert list(items.frame) == ["id", "kind", "image"]
    assert items.frame["id"].tolist() == ["10", "20"]
    assert items.has_ids


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_file_gives_the_folder_that_images_start_from(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"items.{suffix}"
    table().to_csv(path, index=False) if suffix == "csv" else table().to_parquet(path)
    assert read_items(path).image_root == tmp_path
    (tmp_path / "elsewhere").mkdir()
    assert read_items(path, images=tmp_path / "elsewhere").image_root == tmp_path / "elsewhere"


def test_rows_without_ids_are_numbered() -> None:
    items = as_items(table().drop(columns="id"))
    assert items.frame["id"].tolist() == ["0", "1"]
    assert not items.has_ids


def test_a_plain_list_is_one_of_ids() -> None:
    assert as_items(["cat", "dog"]).frame["id"].tolist() == ["cat", "dog"]
    with pytest.raises(InputError, match="id 'cat' is in rows 0 and 1"):
        as_items(["cat", "cat"])
    with pytest.raises(InputError, match="must be a table"):
        as_items([["cat"], ["dog"]])


def test_columns_that_bear_a_role_s_name_have_that_role() -> None:
    items = as_items(table().assign(label=1, prediction_y=1))
    assert (items.image, items.label, items.prediction_x, items.prediction_y) == (
        "image",
        "label",
        None,
        "prediction_y",
    )
    assert as_items(table(), label="kind").label == "kind"
    assert as_items(table(), text="id").text == "id"


def test_words_that_look_like_gaps_stay_words(tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text("id,country,score\n1,NA,0.5\n2,None,NaN\n3,,\n")
    frame = read_items(tmp_path / "items.csv").frame
    assert frame["country"].tolist()[:2] == ["NA", "None"]
    assert frame["country"].isna().tolist() == [False, False, True]
    assert frame["score"].isna().tolist() == [False, True, True]


def test_a_column_of_several_kinds_is_kept_as_text() -> None:
    frame = as_items(pd.DataFrame({"mixed": [1, "two", None]})).frame
    assert frame["mixed"].tolist()[:2] == ["1", "two"]
    assert pd.isna(frame["mixed"][2])


def test_two_columns_of_one_name_are_refused() -> None:
    with pytest.raises(InputError, match="two columns are called 'a'"):
        as_items(pd.DataFrame([[1, 2]], columns=["a", "a"]))
