"""One way to save and to report whatever was found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import repdiff
from repdiff import RepdiffError, RunError
from repdiff.store.directory import kind_of
from repdiff.store.kinds import KINDS, as_run


@pytest.fixture(scope="module")
def found() -> dict[str, repdiff.Comparison | repdiff.Timeline | repdiff.ComparisonMatrix]:
    rng = np.random.default_rng(0)
    one, two, three = (rng.normal(size=(40, 3)) for _ in range(3))
    return {
        "repdiff run": repdiff.compare(one, two, n_clusters=2, evidence=False),
        "repdiff series": repdiff.compare_series([one, two], three, n_clusters=2),
        "repdiff matrix": repdiff.compare_matrix([one, two, three], n_clusters=2),
    }


@pytest.mark.parametrize("kind", [kind.format for kind in KINDS])
def test_each_kind_is_saved_read_and_reported_on(found, tmp_path: Path, kind: str) -> None:
    path = repdiff.save(found[kind], tmp_path / "run")
    assert kind_of(path) == kind
    with pytest.raises(RunError, match="is a run already"):
        found[kind].save(path)
    found[kind].save(path, overwrite=True)
    run = as_run(path)
    assert run.manifest["schema_version"] == 3
    assert as_run(run) is run
    by_method = found[kind].report(tmp_path / "one.html").read_text(encoding="utf-8")
    assert repdiff.write_report(found[kind], tmp_path / "two.html").read_text(encoding="utf-8") == by_method
    assert repdiff.write_report(path, tmp_path / "three.html").is_file()


def test_what_is_no_result_is_refused_in_a_line(tmp_path: Path) -> None:
    for act in (repdiff.save, repdiff.write_report):
        with pytest.raises(RepdiffError, match="a dict cannot be saved; give a Comparison, Timeline or Comp"):
            act({}, tmp_path / "run")
    assert not list(tmp_path.iterdir())
