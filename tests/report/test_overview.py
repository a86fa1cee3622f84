"""The page of a matrix, and where it leads."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest

import repdiff
from repdiff.report import write_matrix_report, write_report
from repdiff.store.matrix import matrix_run_of, read_matrix_run


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    three = {name: rng.normal(size=(60, 5)) for name in ("a & b", "50 % of #2", "gr\u00fcn")}
    return repdiff.compare_matrix(three, n_clusters=2).save(tmp_path_factory.mktemp("matrix") / "a run")


def links(page: Path) -> list[Path]:
    found = re.findall(r'href="([^"#]+report\.html)"', page.read_text(encoding="utf-8"))
    return [page.parent / unquote(link) for link in dict.fromkeys(found)]


@pytest.mark.parametrize("place", ["a run/report.html", "page.html", "other place/deep/page.html"])
def test_the_page_leads_to_the_report_of_every_run_wherever_it_lies(saved: Path, place: str) -> None:
    page = saved.parent / place
    page.parent.mkdir(parents=True, exist_ok=True)
    write_matrix_report(saved, page)
    assert len(links(page)) == 3
    for report in links(page):
        assert "<html" in report.read_text(encoding="utf-8")
    assert {report.resolve().parent for report in links(page)} == {
        path.resolve() for path in (saved / "runs").iterdir()
    }


def test_reports_that_are_there_are_left_as_they_are(saved: Path) -> None:
    write_matrix_report(saved, saved / "report.html")
    first, *_ = links(saved / "report.html")
    first.write_text("mine", encoding="utf-8")
    write_matrix_report(saved, saved / "report.html")
    assert first.read_text(encoding="utf-8") == "mine"
    first.unlink()


def test_a_matrix_that_was_never_saved_has_a_page_that_leads_nowhere(saved: Path, tmp_path: Path) -> None:
    matrix = read_matrix_run(saved).matrix
    page = matrix.report(tmp_path / "page.html")
    text = page.read_text(encoding="utf-8")
    assert not links(page)
    assert "leads to the report" not in text
    assert text.count('class="pair"') == 6
    assert write_report(matrix_run_of(matrix), tmp_path / "again.html").read_text(encoding="utf-8") == text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again.html", "page.html"]
