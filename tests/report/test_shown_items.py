from __future__ import annotations

from dataclasses import replace

import numpy as np
from report_runs import pictures

from repdiff.report.shown_items import carry
from repdiff.report.subject import subject_of
from repdiff.store.run import Run


def representatives(run: Run) -> np.ndarray:
    directions = (run.comparison.x_only, run.comparison.y_only)
    return np.unique(np.concatenate([c.representatives for d in directions for c in d.clusters]))


def test_few_items_are_all_there(hostile_run: Run) -> None:
    carried = carry(subject_of(hostile_run))
    assert carried.holds_all
    assert carried.draws_all
    assert carried.rows.tolist() == carried.drawn.tolist() == list(range(320))


def test_a_sample_holds_representatives_then_pictures_and_is_the_same_again(hostile_run: Run) -> None:
    shown = representatives(hostile_run)
    with_picture = np.setdiff1d(np.arange(0, 320, 9), shown)
    run = replace(hostile_run, thumbnails=pictures(with_picture))
    carried = carry(subject_of(run), most_drawn=len(shown) + len(with_picture) + 5, most_carried=50)
    assert np.isin(shown, carried.rows).all()
    assert np.isin(with_picture, carried.rows).all()
    assert len(carried.rows) == len(shown) + len(with_picture) + 5
    assert not carried.holds_all
    assert not carried.draws_all
    again = carry(subject_of(run), most_drawn=len(shown) + len(with_picture) + 5, most_carried=50)
    assert np.array_equal(carried.rows, again.rows)
    assert carried.rows[carried.places(shown)].tolist() == shown.tolist()


def test_representatives_are_there_even_beyond_the_limit(hostile_run: Run) -> None:
    carried = carry(subject_of(hostile_run), most_drawn=3, most_carried=320)
    assert carried.holds_all
    assert carried.rows[carried.drawn].tolist() == representatives(hostile_run).tolist()
