from __future__ import annotations

from dataclasses import replace

import numpy as np
from report_runs import pictures

from repdiff.report.shown_items import choose_shown_items
from repdiff.report.subject import subject_of
from repdiff.store.run import Run


def representatives(run: Run) -> np.ndarray:
    directions = (run.comparison.x_only, run.comparison.y_only)
    return np.unique(np.concatenate([c.representatives for d in directions for c in d.clusters]))


def test_few_items_are_all_there(hostile_run: Run) -> None:
    shown_items = choose_shown_items(subject_of(hostile_run))
    assert shown_items.holds_all
    assert shown_items.draws_all
    assert shown_items.rows.tolist() == shown_items.drawn.tolist() == list(range(320))


def test_a_sample_holds_representatives_then_pictures_and_is_the_same_again(hostile_run: Run) -> None:
    shown = representatives(hostile_run)
    with_picture = np.setdiff1d(np.arange(0, 320, 9), shown)
    run = replace(hostile_run, thumbnails=pictures(with_picture))
    shown_items = choose_shown_items(subject_of(run), most_drawn=len(shown) + len(with_picture) + 5, most_listed=50)
    assert np.isin(shown, shown_items.rows).all()
    assert np.isin(with_picture, shown_items.rows).all()
    assert len(shown_items.rows) == len(shown) + len(with_picture) + 5
    assert not shown_items.holds_all
    assert not shown_items.draws_all
    again = choose_shown_items(subject_of(run), most_drawn=len(shown) + len(with_picture) + 5, most_listed=50)
    assert np.array_equal(shown_items.rows, again.rows)
    assert shown_items.rows[shown_items.places(shown)].tolist() == shown.tolist()


def test_representatives_are_there_even_beyond_the_limit(hostile_run: Run) -> None:
    shown_items = choose_shown_items(subject_of(hostile_run), most_drawn=3, most_listed=320)
    assert shown_items.holds_all
    assert shown_items.rows[shown_items.drawn].tolist() == representatives(hostile_run).tolist()
