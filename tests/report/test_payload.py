from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from report_runs import HOSTILE, pictures

from repdiff.report.payload import LONGEST_TEXT, as_script_text, column_text, labels_packed, payload, shortened
from repdiff.report.shown_items import choose_shown_items
from repdiff.report.subject import subject_of
from repdiff.store.run import Run


def payload_of(run: Run, **limits: int) -> dict[str, Any]:
    subject = subject_of(run)
    return payload(subject, choose_shown_items(subject, **limits), {})


def unpack(text: str, dtype: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype)


def test_script_text_cannot_end_its_element_and_reads_back() -> None:
    data = {"a": "</script><!--&\u2028\u2029", "b": [HOSTILE]}
    text = as_script_text(data)
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == data


def test_script_text_refuses_what_is_not_json() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        as_script_text({"a": float("nan")})


def test_payload_says_what_the_comparison_says(hostile_run: Run) -> None:
    comparison = hostile_run.comparison
    data = payload_of(hostile_run)
    assert data["drawn"] is None
    assert data["items"]["ids"] == comparison.items.frame["id"].tolist()
    assert data["items"]["labelColumn"] == "<i>kind"
    for direction in (comparison.x_only, comparison.y_only):
        packed = data["frames"][0]["directions"][direction.name]
        assert packed["labels"]["bytes"] == 1
        assert unpack(packed["labels"]["data"], "u1").tolist() == direction.labels.tolist()
        assert [entry["noChange"] for entry in packed["clusters"]] == [c.is_no_change for c in direction.clusters]
        own = [packed["means"][c.index][c.index] for c in direction.clusters]
        np.testing.assert_allclose(own, [c.mean_affinity for c in direction.clusters], rtol=2e-3)
    for coordinates, values in (
        (data["coordinates"], comparison.projection.x),
        (data["frames"][0]["coordinates"], comparison.projection.y),
    ):
        np.testing.assert_allclose(unpack(coordinates, "<f4").reshape(-1, 2), values, atol=1e-6)


def test_many_labels_take_four_bytes_each() -> None:
    labels = np.arange(300, dtype=np.int32)
    packed = labels_packed(labels, 300)
    assert packed["bytes"] == 4
    assert unpack(packed["data"], "<i4").tolist() == labels.tolist()


def test_the_strongest_difference_has_the_first_colour(hostile_run: Run) -> None:
    clusters = payload_of(hostile_run)["frames"][0]["directions"]["x_only"]["clusters"]
    shown = sorted(clusters, key=lambda entry: entry["number"])
    changed = [entry["colour"] for entry in shown if not entry["noChange"]]
    assert changed == list(range(len(changed)))
    assert all(entry["colour"] is None for entry in clusters if entry["noChange"])


def test_each_picture_is_there_once_and_under_its_item(hostile_run: Run) -> None:
    rows = np.arange(5, 300, 7)
    run = replace(hostile_run, thumbnails=pictures(rows))
    shown_items = choose_shown_items(subject_of(run), most_drawn=20, most_listed=30)
    packed = payload(subject_of(run), shown_items, {})["pictures"]
    kept = shown_items.rows[packed["places"]]
    assert kept.tolist() == [row for row in rows if row in set(shown_items.rows.tolist())]
    by_row = dict(zip(rows.tolist(), run.thumbnails.images, strict=True))
    assert [base64.b64decode(image) for image in packed["images"]] == [by_row[row] for row in kept.tolist()]


def test_a_sample_is_told_from_the_whole(hostile_run: Run) -> None:
    shown_items = choose_shown_items(subject_of(hostile_run), most_drawn=40, most_listed=320)
    data = payload(subject_of(hostile_run), shown_items, {})
    assert unpack(data["drawn"], "<i4").tolist() == shown_items.drawn.tolist()
    assert len(data["items"]["ids"]) == data["total"] == 320


def test_texts_are_shortened_for_the_page(text_run: Run) -> None:
    texts = payload_of(text_run)["items"]["texts"]
    assert max(map(len, texts)) <= LONGEST_TEXT
    assert texts[3].startswith("words of 3 <em> words")
    assert shortened(" a \n b ") == "a b"


def test_values_are_written_as_a_person_would() -> None:
    assert column_text(pd.Series([1.0, np.nan, 2.5])) == ["1", "", "2.5"]
    assert column_text(pd.Series(["a", None, 3], dtype=object)) == ["a", "", "3"]
    assert column_text(pd.Series([7, 8])) == ["7", "8"]
