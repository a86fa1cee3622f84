"""What the server answers: items and their neighbours, groups, searches, colours, and annotations."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from explorer_client import Client
from report_runs import HOSTILE

import repdiff
from repdiff.explorer import page
from repdiff.explorer.explored import Explored
from repdiff.explorer.library import open_library
from repdiff.explorer.search import search
from repdiff.store.run import read_run


@pytest.fixture(scope="module")
def explored(saved: Path) -> Explored:
    return Explored(read_run(saved), saved)


def test_an_item_has_its_columns_and_ten_neighbours_on_both_sides(client: Client, saved: Path) -> None:
    found = client.get("/api/item", row=0).plain
    assert found["id"] == HOSTILE
    assert found["title"] == "the 0th <i>"
    assert ["weight", "0"] in found["columns"]
    assert found["predictions"] == {"x": "<b>group 0", "y": "?"}
    assert found["right"] == {"x": True, "y": False}
    lists = repdiff.load(saved).neighbors
    assert lists is not None
    for side, rows, there in (("x", lists.x, lists.x_in_y), ("y", lists.y, lists.y_in_x)):
        near = found["neighbours"][side]
        assert [one["row"] for one in near] == rows[0, :10].tolist()
        assert [one["here"] for one in near] == list(range(1, 11))
        assert [one["there"] for one in near] == there[0, :10].tolist()
        assert [one["kept"] for one in near] == (there[0, :10] <= 10).tolist()
    assert found["kept"] == sum(one["kept"] for one in found["neighbours"]["x"])


def test_a_group_is_described_by_both_sides(client: Client, explored: Explored) -> None:
    cluster = explored.comparison.x_only.difference_clusters[-1]
    found = client.get("/api/cluster", direction="x_only", index=cluster.index).plain
    assert sorted(found["rows"]) == cluster.items.tolist()
    facts = found["facts"]
    assert facts["count"] == cluster.size
    assert facts["cohesion"]["x"] > facts["cohesion"]["y"] > 0  # x holds it together
    assert facts["labels"][0]["label"].startswith("<b>group")
    assert facts["right"]["x"] == {"here": 1.0, "overall": 1.0}
    assert facts["closest"]["x_only"]["index"] == cluster.index
    assert [one["row"] for one in found["tiles"]] == found["rows"][:120]


def test_the_order_of_members(client: Client, explored: Explored) -> None:
    cluster = explored.comparison.x_only.difference_clusters[-1]
    asked = {"direction": "x_only", "index": cluster.index}
    typical, edge, changed, rows = (
        client.get("/api/cluster", sort=sort, **asked).plain["rows"] for sort in ("typical", "edge", "changed", "row")
    )
    assert rows == cluster.items.tolist()
    assert typical != rows
    assert edge[0] == typical[-1]
    assert (np.diff(explored.kept[changed]) >= 0).all()
    # Those that belong most, by the kept eigenvectors, are those whose neighbours in x are fellow members.
    inside = np.isin(explored.lists.x, cluster.items).sum(axis=1)
    half = len(typical) // 2
    assert inside[typical[:half]].mean() >= inside[typical[half:]].mean()


def test_whatever_is_picked_out_has_the_same_facts(client: Client, explored: Explored) -> None:
    cluster = explored.comparison.x_only.difference_clusters[-1]
    asked = client.get("/api/cluster", direction="x_only", index=cluster.index).plain
    given = client.post("/api/group", {"rows": cluster.items.tolist(), "direction": "x_only"}).plain
    assert given == asked
    nobody = client.post("/api/group", {"rows": [], "direction": "x_only"}).plain
    assert nobody["rows"] == []
    assert nobody["facts"]["cohesion"] is None


@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ("", lambda e: np.ones(e.n, bool)),
        ("17TH", lambda e: ["17th" in name for name in e.columns["name"]]),
        ("label:blob", lambda e: ["blob" in value for value in e.columns["kind"]]),
        ('kind:"blob 1"', lambda e: [value == "blob 1" for value in e.columns["kind"]]),
        ('"blob 1"', lambda e: [value == "blob 1" for value in e.columns["kind"]]),
        ('"says y":?', lambda e: [value == "?" for value in e.columns["says y"]]),
        ("only:x", lambda e: ~e.comparison.x_only.no_change),
        ("same:x", lambda e: e.comparison.x_only.no_change),
        ("right:x wrong:y", lambda e: (e.right[0] == 1) & (e.right[1] == 0)),
        ("only:x -blob", lambda e: ~e.comparison.x_only.no_change & ["blob" not in one for one in e.columns["kind"]]),
        ("kept:10", lambda e: e.kept == 10),
        ("-label:blob", lambda e: ["blob" not in value for value in e.columns["kind"]]),
        ("nothing-like-it", lambda e: np.zeros(e.n, bool)),
    ],
)
def test_a_search_finds_what_fits_all_terms(explored: Explored, query: str, fits) -> None:
    assert search(explored, query).tolist() == np.flatnonzero(fits(explored)).tolist()


def test_a_group_is_found_by_its_number(explored: Explored) -> None:
    (index,) = [index for index, number in explored.numbers["x_only"].items() if number == 1]
    found = set(search(explored, "group:1").tolist())
    assert set(explored.comparison.x_only.clusters[index].items.tolist()) <= found


@pytest.mark.parametrize(
    ("path", "asked", "words"),
    [
        ("/api/search", {"q": "colour:red"}, "there is no column 'colour' to search in; there are id, name, kind"),
        ("/api/search", {"q": "only:z"}, "'z' is neither side; say x (<u>x) or y (y & co)"),
        ("/api/search", {"q": "a" * 501}, "has 501 characters"),
        ("/api/item", {}, "row must be a whole number"),
        ("/api/item", {"row": "999"}, "there is no item 999; rows go from 0 to 319"),
        ("/api/item", {"row": "1", "frame": "1"}, "there is no comparison 1; there are 1"),
        ("/api/cluster", {"direction": "x_only", "index": "6"}, "there is no cluster 6 of x_only"),
        ("/api/cluster", {"direction": "x", "index": "0"}, "direction must be x_only or y_only"),
        ("/api/cluster", {"direction": "x_only", "index": "0", "sort": "best"}, "sort must be one of typical"),
        ("/api/tiles", {"rows": "1,-2"}, "rows must be at most 500 whole numbers"),
        ("/api/colours", {"by": "column:image"}, "cannot be coloured by"),
        ("/api/recut", {"k": "900"}, "n_clusters must be"),
        ("/picture", {"row": "319"}, "this item has no picture"),
    ],
)
def test_mistakes_are_one_line(client: Client, path: str, asked: dict[str, str], words: str) -> None:
    answer = client.get(path, **asked)
    assert answer.status == 400
    assert words in answer.error


@pytest.mark.parametrize(
    "given",
    [[], {"rows": "1"}, {"rows": [1.5]}, {"rows": [True]}, {"rows": [-1]}, {"rows": [320]}, {"rows": [0] * 321}],
)
def test_rows_that_are_none_are_refused(client: Client, given: object) -> None:
    assert client.post("/api/group", given).status == 400


def test_pictures_are_those_of_the_run(client: Client, explored: Explored) -> None:
    answer = client.get("/picture", row=3)
    assert answer.headers["content-type"] == "image/webp"
    assert answer.body == explored.run.thumbnails.images[3]


def test_the_page_holds_its_data_as_text(client: Client) -> None:
    html = client.get("/").body.decode()
    assert HOSTILE not in html
    assert "<script>alert(1)" not in html
    assert "&lt;u&gt;x" in html
    data = json.loads(html.split('id="data">')[1].split("</script>")[0])
    assert data["items"]["ids"][0] == HOSTILE
    assert data["neighbours"] == 10
    assert {one["index"] for one in data["findings"]["x_only"]} == set(range(6))


def test_colours_of_a_column_and_of_numbers(client: Client) -> None:
    kinds = client.get("/api/colours", by="column:kind").plain
    assert kinds["kind"] == "names"
    assert "<b>group 0" in kinds["names"]
    weight = client.get("/api/colours", by="column:weight").plain
    assert (weight["kind"], weight["low"], weight["high"]) == ("numbers", 0.0, 1.0)
    assert client.get("/api/colours", by="right").plain["names"][1] == "only <u>x right"


def test_another_number_of_groups(client: Client) -> None:
    found = client.get("/api/recut", k=3).plain
    assert sum(found["x_only"]["sizes"]) == 320
    assert len(found["x_only"]["means"]) <= 3
    quick = client.get("/api/recut", k=3, quick=1).plain
    assert sum(quick["y_only"]["sizes"]) == 320


def note(index: int, **facts: object) -> dict[str, object]:
    return {"direction": "x_only", "index": index, **facts}


def test_names_are_kept_in_the_run_and_seen_everywhere(client: Client, run: Path, tmp_path: Path) -> None:
    index = repdiff.load(run).x_only.difference_clusters[0].index
    said = {"version": 0, "clusters": [note(index, name="Split <b>", decision="real", tags=["t"])], "selections": []}
    written = client.put("/api/annotations", said)
    assert written.plain["version"] == 1
    assert client.get("/api/annotations").plain == written.plain
    comparison = repdiff.load(run)
    assert comparison.annotations.of("x_only", index).name == "Split <b>"
    assert '<span class="makeup">Split &lt;b&gt;</span>' in comparison.report(tmp_path / "report.html").read_text()
    assert "Split <b>; taken for real; t" in repdiff.describe(comparison)


def test_a_kept_selection_is_found_by_its_name(client: Client) -> None:
    selection = {"name": "two & three", "items": ['item "5"', "=cmd()"], "note": ""}
    client.put("/api/annotations", {"version": 0, "clusters": [], "selections": [selection]})
    found = client.get("/api/selection", name="two & three", sort="row").plain
    assert found["rows"] == [1, 5]
    assert found["facts"]["count"] == 2
    assert "there is no selection 'three'" in client.get("/api/selection", name="three").error


def test_of_two_windows_the_second_gets_a_conflict(client: Client) -> None:
    first = {"version": 0, "clusters": [note(0, name="first")], "selections": []}
    assert client.put("/api/annotations", first).status == 200
    second = client.put("/api/annotations", {**first, "clusters": [note(0, name="second")]})
    assert second.status == 409
    assert "was changed elsewhere" in second.error
    assert client.get("/api/annotations").plain["clusters"][0]["name"] == "first"


@pytest.mark.parametrize(
    "given",
    [
        None, [], {"version": 0, "clusters": [note(6)], "selections": []}, {"clusters": [{"index": 0}]},
        {"version": 0, "clusters": [note(0, name="\x07")]}, {"selections": [{"name": "s", "items": ["no item"]}]},
        {"version": 2**70}, {"clusters": [note(0, decision="maybe")]},
    ],
)  # fmt: skip
def test_annotations_that_do_not_fit_are_refused(client: Client, run: Path, given: object) -> None:
    assert client.put("/api/annotations", given).status in (400, 409)
    assert not (run / "annotations.json").exists()


def test_a_damaged_file_of_annotations_is_one_line(client: Client, run: Path) -> None:
    (run / "annotations.json").write_text("{")
    answer = client.get("/api/annotations")
    assert answer.status == 400
    assert "is damaged" in answer.error


def test_the_memo_says_what_was_decided(client: Client, run: Path) -> None:
    clusters = repdiff.load(run).x_only.difference_clusters
    real = note(clusters[0].index, name="Real <one>", decision="real", note="<i>why")
    notes = [real, note(clusters[1].index, decision="noise")]
    selections = [{"name": "a few", "items": ["=cmd()"], "note": ""}]
    client.put("/api/annotations", {"version": 0, "clusters": notes, "selections": selections})
    html = client.get("/memo").body.decode()
    assert "Real &lt;one&gt;" in html
    assert "&lt;i&gt;why" in html
    assert "1 taken for real, 1 for noise" in html
    assert "a few" in html
    assert "<i>" not in html
    assert "data:image/webp;base64," in html


def test_a_series_is_looked_at_frame_by_frame(series: Path) -> None:
    library = open_library(series)
    client = Client(series)
    assert len(library.shelves) > 1
    assert b'<select id="frame">' in client.get("/", frame=1).body
    names = library.shelves[1].explored.comparison.names
    data = json.loads(client.get("/", frame=1).body.decode().split('id="data">')[1].split("</script>")[0])
    assert data["frames"][0]["names"] == list(names)
    assert client.put("/api/annotations", {"version": 0, "clusters": [note(0, name="n")]}, frame=1).status == 200
    assert client.get("/api/annotations", frame=0).plain["clusters"] == []
    assert (library.shelves[1].folder / "annotations.json").exists()
    assert repdiff.load_series(series).comparisons[1].annotations.of("x_only", 0).name == "n"


def test_a_matrix_is_looked_at_pair_by_pair(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    sides = [rng.normal(size=(60, 5)) for _ in range(3)]
    matrix = repdiff.compare_matrix(sides, names=["a", "b", "c"], n_clusters=3)
    client = Client(matrix.save(tmp_path / "matrix"))
    for place, title in enumerate(("a and b", "a and c", "b and c")):
        html = client.get("/", frame=place).body.decode()
        assert f'<option value="{place}" selected>{title}</option>' in html
        assert client.get("/api/item", row=7, frame=place).plain["id"] == "7"
    assert client.get("/", frame=3).status == 400


def test_a_run_that_keeps_no_neighbours_is_shown_without_them(tmp_path: Path) -> None:
    x = np.random.default_rng(6).normal(size=(50, 4))
    found = repdiff.compare(x, x[:, ::-1].copy(), n_clusters=2, n_neighbors=0, evidence=False)
    client = Client(found.save(tmp_path / "run"))
    item = client.get("/api/item", row=3).plain
    assert (item["neighbours"], item["kept"]) == (None, None)
    cluster = client.get("/api/cluster", direction="x_only", index=0, sort="changed").plain
    assert (cluster["facts"]["cohesion"], cluster["facts"]["kept"]) == (None, None)
    assert client.get("/api/search", q="kept:3").plain["rows"] == []
    assert client.get("/api/search", q="right:x").status == 400
    data = json.loads(client.get("/").body.decode().split('id="data">')[1].split("</script>")[0])
    assert (data["neighbours"], data["rightMeans"]) == (None, "")


def test_of_many_items_a_sample_is_drawn_and_all_are_found(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "MOST_DRAWN", 100)
    client = Client(run)
    data = json.loads(client.get("/").body.decode().split('id="data">')[1].split("</script>")[0])
    assert data["rows"] is not None
    assert 100 <= len(data["items"]["ids"]) < 320 == data["total"]
    assert len(client.get("/api/search", q="").plain["rows"]) == 320
