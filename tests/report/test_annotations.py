"""What people say of clusters stands on the cards and in the summary, as text."""

from __future__ import annotations

from dataclasses import replace

from report_runs import HOSTILE

import repdiff
from repdiff import Annotations, ClusterNote
from repdiff.report.page import render
from repdiff.report.wording.names import shown_name
from repdiff.store.run import Run, run_of


def annotated(run: Run) -> Run:
    index = run.comparison.x_only.difference_clusters[0].index
    note = ClusterNote("x_only", index, HOSTILE, ("tag & <b>",), "A note.\n<script>alert(2)</script>", "real")
    said = Annotations(1, (note,))
    return run_of(replace(run.comparison, annotations=said, thumbnails=run.thumbnails))


def test_cards_show_names_and_notes_as_text(hostile_run: Run) -> None:
    html = render(annotated(hostile_run))
    assert '<span class="makeup">&lt;img src=x onerror=alert(1)&gt;</span>' in html
    assert "taken for real" in html
    assert "tag &amp; &lt;b&gt;" in html
    assert "A note.\n&lt;script&gt;alert(2)&lt;/script&gt;" in html
    assert "taken for" not in render(hostile_run)


def test_the_summary_names_them(hostile_run: Run) -> None:
    told = repdiff.describe(annotated(hostile_run).comparison)
    assert f": {HOSTILE}; taken for real; tag & <b>; A note. <script>" in told
    assert "taken for" not in repdiff.describe(hostile_run.comparison)


def test_figures_and_the_legend_use_the_names(hostile_run: Run) -> None:
    comparison = annotated(hostile_run).comparison
    cluster = comparison.x_only.difference_clusters[0]
    assert shown_name(comparison, "x_only", cluster) == HOSTILE
    assert shown_name(comparison, "y_only", comparison.y_only.clusters[0]) != HOSTILE
    figure = repdiff.plot_comparison(comparison, clusters=[cluster.index])
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert any("<img" in title for title in titles), titles
