"""What an interactive session shows of a result."""

from __future__ import annotations

from dataclasses import replace

import pytest
from report_pages import Page

import repdiff
from repdiff.store.run import Run
from repdiff.store.series import SeriesRun

ALLOWED = {"div", "p", "strong", "table", "caption", "thead", "tbody", "tr", "th", "td", "img", "code"}


@pytest.fixture(scope="module")
def shown(hostile_run: Run) -> str:
    return replace(hostile_run.comparison, thumbnails=hostile_run.thumbnails)._repr_html_()


def test_a_comparison_prints_as_one_line(hostile_run: Run) -> None:
    comparison = hostile_run.comparison
    told = repr(comparison)
    assert told.startswith("<Comparison of <u>x (x) and y & co (y): 320 items, ")
    assert len(told) < 120
    assert len(repr(comparison.x_only)) < 120
    assert repr(comparison.x_only.clusters[-1]).startswith("<DifferenceCluster 5: ")


def test_a_series_and_a_matrix_print_as_one_line(learning: SeriesRun, pair_xy) -> None:
    assert len(repr(learning.timeline)) < 250
    assert f"against {len(learning.timeline.checkpoints)} checkpoints" in repr(learning.timeline)
    x, y = (side[:60] for side in pair_xy)
    matrix = repdiff.compare_matrix({"a": x, "b": y, "c": x + y[:, :1]}, n_clusters=3)
    assert repr(matrix) == "<ComparisonMatrix of 3 representations (a, b, c): 3 pairs, 60 items>"
    assert "a and b" in Page(matrix._repr_html_()).text


def test_a_notebook_shows_the_answer_and_every_group_and_no_markup_of_items(shown: str, hostile_run: Run) -> None:
    page = Page(shown)
    assert {tag for tag, _ in page.elements} <= ALLOWED
    assert page.values("onerror") == []
    told = repdiff.answer(hostile_run.comparison)
    assert told is not None
    assert told.headline.plain in page.text.replace("\n", "")
    assert sum(tag == "tr" for tag, _ in page.elements) == 2 + 2 * 6
    assert len(shown) < 250_000
    assert all(address.startswith("data:image/webp") for address in page.values("src") if address)
    assert page.values("src")


def test_a_series_is_a_row_for_each_checkpoint(learning: SeriesRun) -> None:
    page = Page(learning.timeline._repr_html_())
    assert sum(tag == "tr" for tag, _ in page.elements) == 1 + len(learning.timeline.checkpoints)
    assert {tag for tag, _ in page.elements} <= ALLOWED


@pytest.mark.filterwarnings("ignore:IPython3 lexer unavailable")
def test_nbconvert_shows_it(shown: str) -> None:
    nbconvert, nbformat = pytest.importorskip("nbconvert"), pytest.importorskip("nbformat")
    v4 = nbformat.v4
    output = v4.new_output("display_data", data={"text/html": shown, "text/plain": "<Comparison>"})
    notebook = v4.new_notebook(cells=[v4.new_code_cell("c", outputs=[output])])
    whole, _ = nbconvert.HTMLExporter().from_notebook_node(notebook)
    before, after = Page(shown), Page(whole)
    told = "".join(before.text.split())
    assert told in "".join(after.text.split())
    assert [found for tag, found in after.elements if tag == "td"] == [
        found for tag, found in before.elements if tag == "td"
    ]


def test_it_needs_nothing_that_a_notebook_takes_out_of_results_that_it_does_not_trust(shown: str) -> None:
    """JupyterLab takes out scripts, style sheets, forms, frames and all attributes but a few."""
    page = Page(shown)
    attributes = {name for _, found in page.elements for name in found}
    assert attributes <= {"style", "alt", "src", "height"}
    assert "position" not in shown
    assert "url(" not in shown
