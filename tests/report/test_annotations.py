"""What people say of clusters stands on the cards and in the summary, as text."""

from __future__ import annotations

from dataclasses import replace

from report_runs import HOSTILE

import repdiff
from repdiff import Annotations, ClusterNote
from repdiff.report.page import render
from repdiff.store.run import Run, run_of


def annotated(run: Run) -> Run:
    index = run.comparison.x_only.difference_clusters[0].index
    note = ClusterNote("x_only", index, HOSTILE, ("tag & <b>",), "A note.\n<script>alert(2)</script>", "real")
    said = Annotations(1, (note,))
    return run_of(replace(run.comparison, annotations=said, thumbnails=run.thumbnails))


def test_cards_show_names_and_notes_as_text(hostile_run: Run) -> None:
    html = render(annotated(hostile_run))
    assert '<p class="said"><b>&lt;img src=x onerror=alert(1)&gt;</b>' in html
    assert "taken for real" in html
    assert "tag &amp; &lt;b&gt;" in html
    assert "A note.\n&lt;script&gt;alert(2)&lt;/script&gt;" in html
    assert "taken for" not in render(hostile_run)


def test_the_summary_names_them(hostile_run: Run) -> None:
    told = repdiff.describe(annotated(hostile_run).comparison)
    assert f": {HOSTILE}; taken for real; tag & <b>; A note. <script>" in told
    assert "taken for" not in repdiff.describe(hostile_run.comparison)
