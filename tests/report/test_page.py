from __future__ import annotations

import json
import re
import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from report_pages import Page
from report_runs import HOSTILE, make_run, pictures

from repdiff.core.errors import RepdiffError, RunError
from repdiff.inputs.images import Thumbnails
from repdiff.report import page, render, write_report
from repdiff.report.shown_items import choose_shown_items
from repdiff.report.subject import subject_of
from repdiff.report.wording.answer import answer
from repdiff.report.wording.evidence import verdict
from repdiff.report.wording.groups import in_order
from repdiff.store.run import Run, write_run


@pytest.fixture(scope="module")
def hostile_html(hostile_run: Run) -> str:
    return render(hostile_run)


@pytest.fixture(scope="module")
def hostile_page(hostile_html: str) -> Page:
    return Page(hostile_html)


def test_nothing_is_loaded_from_outside(hostile_page: Page, hostile_html: str) -> None:
    for attribute in ("src", "href", "srcset", "action", "data", "poster"):
        assert all(value.startswith(("#", "data:")) for value in hostile_page.values(attribute)), attribute
    assert not re.search(r"@import|url\((?!['\"]?data:)", hostile_html.partition("<script")[0])
    policy = next(attributes["content"] for tag, attributes in hostile_page.elements if "http-equiv" in attributes)
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]


def test_what_items_say_stays_text(hostile_page: Page) -> None:
    tags = {tag for tag, _ in hostile_page.elements}
    assert not tags & {"s", "u", "iframe", "object"}
    assert not hostile_page.values("onerror")
    images = [attributes for tag, attributes in hostile_page.elements if tag == "img"]
    assert all(image.get("src", "data:").startswith("data:") for image in images)  # type: ignore[union-attr]
    for words in (f"{HOSTILE} described", "<u>x", "y & co", "<s>rows</s> left out", "<img src=y> cannot be opened"):
        assert words in hostile_page.text
    assert len(hostile_page.scripts) == 1 + 3 + 1  # the data, three of Bokeh's, our own


def test_the_data_reads_back(hostile_page: Page, hostile_run: Run) -> None:
    attributes, text = hostile_page.scripts[0]
    assert attributes == {"type": "application/json", "id": "data"}
    assert json.loads(text)["items"]["ids"] == hostile_run.comparison.items.frame["id"].tolist()


def test_each_picture_is_embedded_once(hostile_run: Run) -> None:
    run = replace(hostile_run, thumbnails=pictures(range(320), width=5, height=7))
    data = json.loads(Page(render(run)).scripts[0][1])
    images = data["pictures"]["images"]
    assert len(images) == 320
    assert render(run).count(images[0]) == images.count(images[0])


def test_collages_keep_the_aspect_ratio(hostile_page: Page) -> None:
    tiles = [a for tag, a in hostile_page.elements if tag == "span" and "tile picture" in (a.get("class") or "")]
    assert tiles
    assert {tile["style"] for tile in tiles} == {"--ratio:1.5000"}


def test_every_section_is_there_and_every_image_has_words(hostile_page: Page) -> None:
    ids = hostile_page.values("id")
    assert {"maps", "clusters", "affinity", "numbers", "provenance", "data"} <= set(ids)
    assert len(ids) == len(set(ids))
    assert all("alt" in attributes for tag, attributes in hostile_page.elements if tag == "img")
    targets = {href.removeprefix("#") for href in hostile_page.values("href") if href.startswith("#")}
    assert targets <= set(ids)


def test_cards_run_from_strong_to_weak_and_no_change_stands_apart(hostile_page: Page, hostile_run: Run) -> None:
    cards = [a["data-cluster"] for tag, a in hostile_page.elements if tag == "article" and "card" in (a["class"] or "")]
    quiet = [a["data-cluster"] for tag, a in hostile_page.elements if a.get("class") == "quiet-card"]
    for direction in (hostile_run.comparison.x_only, hostile_run.comparison.y_only):
        changed = [str(cluster.index) for cluster in in_order(direction)]
        assert cards[: len(changed)] == changed
        del cards[: len(changed)]
    assert not cards
    assert quiet == ["0", "0"]


def test_provenance_is_told(hostile_page: Page, hostile_run: Run) -> None:
    provenance = hostile_run.comparison.provenance
    for words in ("gamma", "no change threshold", "seed", "exact", provenance.inputs["x"]["sha256"], "numpy"):
        assert words in hostile_page.text


def test_the_answer_comes_before_the_maps(hostile_page: Page, hostile_run: Run) -> None:
    text = " ".join(hostile_page.text.split())
    told = answer(hostile_run.comparison)
    for part in (told.headline.plain, *told.figures, told.verdict.plain):
        assert text.index(part) < text.index("The same items on two maps")
    assert verdict(hostile_run.comparison).plain in text[text.index("Whether to believe it") :]
    head = hostile_page.text.index("How this was tested")
    assert head < hostile_page.text.index("The same items on two maps")


def test_what_is_on_a_card_is_said(hostile_page: Page, text_run: Run) -> None:
    text = " ".join(hostile_page.text.split())
    for words in ("coloured bars are its most frequent labels", "the tick, on how many of all items", "(up to 148)"):
        assert words in text
    bare = Page(render(text_run)).text
    assert "coloured bars" not in bare
    assert "dark bars" not in bare


def test_nothing_differs_is_said(same_run: Run) -> None:
    shown = Page(render(same_run))
    assert "clustered again" not in shown.text  # nothing was there to be tested
    assert "one and two arrange all 80 items alike." in " ".join(shown.text.split())
    assert not [a for tag, a in shown.elements if tag == "article" and a.get("class") == "card"]


def test_texts_stand_in_for_pictures(text_run: Run) -> None:
    shown = Page(render(text_run))
    assert "words of 3 <em> words" in shown.text or "<em> words of" in shown.text
    assert not [a for _, a in shown.elements if "data-picture" in a]


def test_a_sample_is_stated(hostile_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        page, "choose_shown_items", lambda subject: choose_shown_items(subject, most_drawn=60, most_listed=100)
    )
    run = replace(hostile_run, thumbnails=pictures(range(30)))
    text = " ".join(Page(render(run)).text.split())
    drawn = len(choose_shown_items(subject_of(run), most_drawn=60).drawn)
    assert f"The maps draw {drawn} of 320 items: all representatives and a random sample (seed 0)." in text
    assert "30 of 320 items bring a picture" in text
    assert f"The labels of the {drawn} items that this page carries, of 320" in text


def test_four_thousand_items_with_pictures_stay_under_thirteen_megabytes() -> None:
    rng = np.random.default_rng(0)
    n = 4000
    x = rng.normal(size=(n, 4)).astype(np.float32)
    y = rng.normal(size=(n, 4)).astype(np.float32)
    items = pd.DataFrame({"id": [f"a/rather/long/path/to/an/image-{row:06d}.jpeg" for row in range(n)]})
    run = make_run(x, y, items=items, n_clusters=3)
    # What thumbnails may take; the test says that the rest of the page leaves room for it.
    sizes = np.full(n, 96, np.int32)
    filled = Thumbnails(np.arange(n), sizes, sizes, (bytes(1800),) * n)
    assert len(render(replace(run, thumbnails=filled)).encode()) < 13e6


def test_a_run_directory_is_reported_on_and_the_file_replaced(same_run: Run, tmp_path: Path) -> None:
    folder = write_run(same_run, tmp_path / "run")
    target = tmp_path / "out" / "report.html"
    target.parent.mkdir()
    assert write_report(folder, target) == target
    first = target.read_text(encoding="utf-8")
    assert first.startswith("<!DOCTYPE html>")
    write_report(same_run, target)
    assert target.read_text(encoding="utf-8") == first
    assert [entry.name for entry in target.parent.iterdir()] == ["report.html"]
    assert stat.S_IMODE(target.stat().st_mode) & 0o444 == 0o444


def test_a_failed_report_leaves_nothing(same_run: Run, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no such run"):
        write_report(tmp_path / "none", tmp_path / "report.html")
    (tmp_path / "taken").mkdir()
    with pytest.raises(RepdiffError, match="taken: is a folder"):
        write_report(same_run, tmp_path / "taken")
    assert [entry.name for entry in tmp_path.iterdir()] == ["taken"]
