from __future__ import annotations

import base64
import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from report_pages import Page
from report_runs import HOSTILE, pictures
from series_runs import CHECKPOINTS, REFERENCE, learning_series, series_run

import repdiff
from repdiff.core.errors import RepdiffError, RunError
from repdiff.inputs.images import Thumbnails
from repdiff.report import render_series, write_series_report
from repdiff.report.series_page import series_subject
from repdiff.report.shown_items import choose_shown_items
from repdiff.report.wording.evidence import verdict
from repdiff.store.series import SeriesRun, write_series
from repdiff.workflows.series import timeline_of


@pytest.fixture(scope="module")
def html(learning: SeriesRun) -> str:
    return render_series(learning)


@pytest.fixture(scope="module")
def shown(html: str) -> Page:
    return Page(html)


@pytest.fixture(scope="module")
def data(shown: Page) -> dict[str, object]:
    told: dict[str, object] = json.loads(shown.scripts[0][1])
    return told


def unpack(packed: dict[str, str]) -> list[int]:
    return list(base64.b64decode(packed["data"]))


def test_nothing_is_loaded_from_outside_and_what_items_say_stays_text(shown: Page) -> None:
    for attribute in ("src", "href", "srcset", "action", "data", "poster"):
        assert all(value.startswith(("#", "data:")) for value in shown.values(attribute)), attribute
    assert not {tag for tag, _ in shown.elements} & {"s", "u", "iframe", "object"}
    assert not shown.values("onerror")
    for words in (f"{HOSTILE} described", REFERENCE, *CHECKPOINTS):
        assert words in shown.text


def test_a_warning_about_one_checkpoint_is_shown_whatever_the_slider_shows(learning: SeriesRun) -> None:
    *before, last = learning.timeline.comparisons
    odd = replace(last, provenance=replace(last.provenance, warnings=("something is odd",)))
    page = Page(render_series(replace(learning, timeline=replace(learning.timeline, comparisons=(*before, odd)))))
    assert "1\N{NO-BREAK SPACE}warning: see below" in " ".join(page.text.split("\n"))
    assert f"something is odd ({CHECKPOINTS[-1]})" in page.text
    assert "warnings" in page.values("id")
    assert "No warnings." not in page.text


def test_every_section_is_there_once_and_every_image_has_words(shown: Page) -> None:
    ids = shown.values("id")
    assert {"growth", "flow", "maps", "clusters", "affinity", "settling", "numbers", "provenance", "checkpoint"} <= set(
        ids
    )
    assert len(ids) == len(set(ids))
    assert all("alt" in attributes for tag, attributes in shown.elements if tag == "img")
    targets = {href.removeprefix("#") for href in shown.values("href") if href.startswith("#")}
    assert targets <= set(ids)


def test_frames_say_what_the_comparisons_say(data: dict, learning: SeriesRun) -> None:  # type: ignore[type-arg]
    timeline = learning.timeline
    assert [frame["names"] for frame in data["frames"]] == [[REFERENCE, name] for name in CHECKPOINTS]
    assert unpack(data["settled"]) == timeline.settled.tolist()
    for frame, comparison in zip(data["frames"], timeline.comparisons, strict=True):
        for name in ("x_only", "y_only"):
            direction = getattr(comparison, name)
            assert unpack(frame["directions"][name]["labels"]) == direction.labels.tolist()


def test_a_cluster_keeps_its_colour_and_letter_through_its_track(data: dict, learning: SeriesRun) -> None:  # type: ignore[type-arg]
    for name in ("x_only", "y_only"):
        history = getattr(learning.timeline, name)
        for track in history.tracks:
            told = [
                data["frames"][step]["directions"][name]["clusters"][cluster]
                for step, cluster in enumerate(track.clusters, start=track.first)
            ]
            assert len({(cluster["colour"], cluster["letter"], cluster["track"]) for cluster in told}) == 1
        for frame in data["frames"]:
            clusters = frame["directions"][name]["clusters"]
            assert all(("track" in cluster) is (cluster["colour"] is not None) for cluster in clusters)
            colours = [cluster["colour"] for cluster in clusters if cluster["colour"] is not None]
            assert len(colours) == len(set(colours))


def test_maps_of_neighbouring_checkpoints_point_the_same_way(learning: SeriesRun) -> None:
    turned = []
    for step, one in enumerate(learning.timeline.comparisons):
        flipped = one.projection.y * np.float32([(-1) ** step, (-1) ** (step // 2)])
        turned.append(replace(one, projection=replace(one.projection, y=flipped)))
    run = replace(learning, timeline=timeline_of(turned))
    maps = [frame.comparison.projection for frame in series_subject(run).frames]
    chain = [*(projection.y for projection in maps), maps[-1].x]
    for one, other in pairwise(chain):
        centred = (one - one.mean(axis=0)) * (other - other.mean(axis=0))
        assert (centred.sum(axis=0) >= 0).all()


def test_cards_of_the_first_checkpoint_are_seen_and_the_others_wait(shown: Page) -> None:
    parts = [attributes for _, attributes in shown.elements if "data-frame" in attributes]
    assert {attributes["data-frame"] for attributes in parts} == {"0", "1", "2", "3"}
    for attributes in parts:
        first = attributes["data-frame"] == "0" and attributes.get("data-direction", "x_only") == "x_only"
        assert ("hidden" in attributes) is not first


def test_tracks_are_told_on_cards_and_in_tables(shown: Page) -> None:
    text = " ".join(shown.text.split())
    assert "There from the start; lasts to the end." in text
    assert "splits off at" in text or "split off at" in text
    for title in (
        "Checkpoint by checkpoint, in numbers",
        "Clusters through the checkpoints",
        "Items from each cluster to the next",
    ):
        assert title in text


def test_every_node_of_the_drawing_can_be_read_out(shown: Page, learning: SeriesRun) -> None:
    nodes = [attributes for _, attributes in shown.elements if attributes.get("class") == "node"]
    timeline = learning.timeline
    directions = (*timeline.directions("x_only"), *timeline.directions("y_only"))
    expected = sum(len(direction.difference_clusters) + bool(direction.no_change.any()) for direction in directions)
    assert len(nodes) == expected
    assert all(attributes["role"] == "button" and "items," in str(attributes["aria-label"]) for attributes in nodes)


def test_many_frames_lower_the_number_of_items(learning: SeriesRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("repdiff.report.shown_items.MOST_IN_FRAMES", 4 * 250)
    shown_items = choose_shown_items(series_subject(replace(learning, thumbnails=pictures([]))))
    assert len(shown_items.rows) == 250
    assert not shown_items.holds_all


def test_twelve_checkpoints_of_two_thousand_pictures_stay_under_fifteen_megabytes() -> None:
    rng = np.random.default_rng(0)
    n = 2000
    items = pd.DataFrame({"id": [f"a/rather/long/path/to/an/image-{row:06d}.jpeg" for row in range(n)]})
    items["kind"] = rng.choice(["three", "five", "eight"], n)
    x, y = (rng.normal(size=(n, 4)).astype(np.float32) for _ in range(2))
    one = repdiff.compare(x, y, items=items, label="kind", n_clusters=10)
    assert len(one.x_only.difference_clusters) > 7
    comparisons = [replace(one, names=("epoch 60", f"epoch {step}")) for step in range(12)]
    sizes = np.full(n, 64, np.int32)
    filled = Thumbnails(np.arange(n), sizes, sizes, (bytes(1800),) * n)  # a 64-pixel photograph takes 1.2 to 1.8 kB
    assert len(render_series(series_run(timeline_of(comparisons), filled)).encode()) < 15e6


def test_a_directory_is_reported_on(learning: SeriesRun, html: str, tmp_path: Path) -> None:
    folder = write_series(learning, tmp_path / "series")
    target = write_series_report(folder, tmp_path / "report.html")
    assert target.read_text(encoding="utf-8") == html
    assert learning.timeline.report(tmp_path / "again.html").read_text(encoding="utf-8") == html


def test_a_failed_report_leaves_nothing(learning: SeriesRun, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no such run"):
        write_series_report(tmp_path / "none", tmp_path / "report.html")
    (tmp_path / "taken").mkdir()
    with pytest.raises(RepdiffError, match="taken: is a folder"):
        write_series_report(learning, tmp_path / "taken")
    assert [entry.name for entry in tmp_path.iterdir()] == ["taken"]


def test_evidence_is_told_of_the_checkpoint_that_is_shown() -> None:
    with_evidence = series_run(learning_series(evidence=True))
    page = Page(render_series(with_evidence))
    verdicts = [verdict(comparison).plain for comparison in with_evidence.timeline.comparisons]
    assert len(set(verdicts)) > 1
    for told in verdicts:
        assert " ".join(told.split()) in " ".join(page.text.split())
    assert "#evidence" in page.values("href")
    for column in ("stability", "robustness", "of random neighbourhoods"):
        assert column in page.text


def test_a_series_without_evidence_says_nothing_of_it(shown: Page) -> None:
    assert "#evidence" not in shown.values("href")
    assert "Whether to believe it" not in shown.text
