from __future__ import annotations

from dataclasses import replace

from repdiff.report.origin import flatten, origin
from repdiff.results.comparison import Comparison, Warned, warnings_of
from repdiff.store.run import Run
from repdiff.store.series import SeriesRun


def warned(comparison: Comparison, *warnings: str) -> Comparison:
    return replace(comparison, provenance=replace(comparison.provenance, warnings=warnings))


def test_settings_are_told_in_words_and_sides_by_their_names(hostile_run: Run) -> None:
    tables = {table.title: dict(table.entries) for table in origin(hostile_run.comparison)}
    assert list(tables) == ["Parameters", "Engine", "Input", "Versions", "Seconds"]
    assert tables["Parameters"]["clusters asked for, in each direction"] == "6"
    assert tables["Parameters"]["beta: how far apart affinities may lie"] == "5"
    assert tables["Parameters"]["seed"] == "0"
    n, width = hostile_run.comparison.provenance.inputs["x"]["shape"]
    assert tables["Input"]["<u>x · items × dimensions"] == f"{n} × {width}"
    assert "only in y & co, clustering" in tables["Seconds"]


def test_what_has_no_name_of_its_own_keeps_that_of_the_manifest() -> None:
    rows = flatten({"new_setting": None, "alignment": {"held_out_fit": 0.123456}, "tf32": False, "memory_need": 2e9})
    assert rows == (
        ("new setting", "–"), ("alignment · held out fit", "0.123"), ("tf32", "no"), ("memory it takes", "2e+09"),
    )  # fmt: skip
    assert flatten({"memory_need": 2 * 10**9}) == (("memory it takes", "2\N{NO-BREAK SPACE}GB"),)


def test_a_warning_is_told_once_with_the_checkpoints_it_is_about(learning: SeriesRun) -> None:
    first, second, *others = learning.timeline.comparisons
    found = warnings_of(
        [warned(first, "all", "some"), warned(second, "all", "some"), *(warned(c, "all") for c in others)]
    )
    assert found == (Warned("all", ()), Warned("some", (first.names, second.names)))
    assert warnings_of([warned(first, "alone")]) == (Warned("alone", ()),)
