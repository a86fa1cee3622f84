"""The part of the study of verdicts that trains networks, with fewer and smaller ones."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

import repdiff


@pytest.fixture(scope="module")
def study():
    path = Path(__file__).parents[2] / "studies/verdicts/replicates.py"
    spec = importlib.util.spec_from_file_location("verdicts_replicates", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def rows(study):
    """Twelve networks on half of the digits: merged labels against ten, and four seeds against four others."""
    digits = study.digits_of(900)
    ten = [study.hidden_layer(digits, seed, rounds=30) for seed in range(8)]
    merged = [study.hidden_layer(digits, seed, merged=True, rounds=30) for seed in range(4)]
    found = {}
    for truth, y in (("labels merged", merged), ("seeds only", ten[4:])):
        found[truth] = repdiff.compare(
            ten[0], y[0], replicates_x=ten[1:4], replicates_y=y[1:], n_clusters=8, n_resamples=1, n_jobs=1
        )
    return [
        {"truth": truth, "pair": 0, **study._figures(one, name, digits)}
        for truth, one in found.items()
        for name in study.DIRECTIONS
    ]


def test_merged_labels_are_found_again_and_seeds_are_not(rows):
    codes = {(one["truth"], one["direction"]): one["code"] for one in rows}
    assert codes["labels merged", "x_only"] == codes["labels merged", "y_only"] == "found"
    assert "found" not in (codes["seeds only", "x_only"], codes["seeds only", "y_only"])


def test_the_groups_found_are_of_digits_that_one_side_was_told_apart(rows):
    named = {digit for one in rows if one["code"] == "found" for group in one["digits"].split(", ") for digit in group}
    assert set("3459") <= named


def test_the_table_has_a_line_for_each_direction(study, rows):
    lines = study.table_of_replicates(rows).splitlines()
    assert len(lines) == 2 + len(rows) == 6
    assert {line.count("|") for line in lines} == {lines[0].count("|")}
