"""How far the clusters of an engine that draws depend on its seed."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import repdiff
from repdiff.affinity.auto import Auto
from repdiff.affinity.engines import compute_affinities
from repdiff.affinity.exact import Exact
from repdiff.affinity.sampled.engine import Sampled
from repdiff.affinity.sampled.exact_ranks import ExactRanks
from repdiff.core.errors import MemoryLimitError
from repdiff.evidence.agreement import agreement
from repdiff.inputs.pair import make_pair
from repdiff.results.clusters import DIRECTIONS
from repdiff.settings import Settings
from repdiff.workflows import two_seeds
from repdiff.workflows.two_seeds import agreement_of_two_seeds

FEW = Sampled(candidates=200, kept=64, block=2)


def kinds(seed=0, n=900):
    """Six kinds, of which y knows three pairs: three clear groups of x in y's eyes."""
    rng = np.random.default_rng(seed)
    kind = np.arange(n) % 6
    x = 8 * np.eye(6)[kind] + rng.normal(size=(n, 6))
    y = 8 * np.eye(3)[kind // 2] + rng.normal(size=(n, 3))
    return x.astype(np.float32), y.astype(np.float32)


def noise(seed=0, n=900):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 20)).astype(np.float32), rng.normal(size=(n, 20)).astype(np.float32)


def two_seeds_of(x, y, engine=FEW, **options):
    """What is said of an engine, without a comparison around it."""
    settings = replace(Settings(), n_clusters=6, **options)
    facts = compute_affinities(x, y, engine=engine).engine
    said = agreement_of_two_seeds(make_pair(x, y), {"x_only": 6, "y_only": 6}, facts, settings)
    return said.get("two_seeds")


@pytest.mark.parametrize("engine", [FEW, ExactRanks(64, FEW)], ids=["sampled", "exact ranks"])
def test_clear_groups_are_the_same_for_two_seeds_and_groups_of_noise_are_not(engine):
    clear = two_seeds_of(*kinds(), engine)
    assert clear["items"] == 900
    assert clear["adjusted_rand"]["x_only"] > 0.9
    assert max(two_seeds_of(*noise(), engine)["adjusted_rand"].values()) < 0.6


def test_it_is_what_two_comparisons_with_different_seeds_show():
    x, y = noise()
    first, second = (
        repdiff.compare(x, y, engine=FEW, n_clusters=6, random_state=seed, evidence=False) for seed in (1, 2)
    )
    said = two_seeds_of(x, y)["adjusted_rand"]
    for name in DIRECTIONS:
        shown = agreement(getattr(first, name).labels, getattr(second, name).labels)
        assert said[name] == pytest.approx(shown, abs=0.25)


def test_of_many_items_a_sample_is_drawn_for_again(monkeypatch):
    monkeypatch.setattr(two_seeds, "MOST_ITEMS", 500)
    found = two_seeds_of(*kinds())
    assert found["items"] == 500
    assert two_seeds_of(*kinds(), n_jobs=1) == found
    monkeypatch.setattr(two_seeds, "MOST_ITEMS", 100)  # half of the pairs at most, as far as there are items
    assert two_seeds_of(*kinds())["items"] == 400


@pytest.mark.parametrize("engine", [Exact(), Sampled()], ids=["exact", "all pairs"])
def test_nothing_is_said_where_nothing_is_drawn(engine):
    assert two_seeds_of(*kinds(n=300), engine) is None


def test_nothing_is_said_of_a_clusterer_of_the_users():
    assert two_seeds_of(*kinds(n=300), clusterer=lambda affinity: np.zeros(len(affinity), int)) is None


def test_a_comparison_is_not_lost_where_no_memory_is_left_for_it(monkeypatch):
    def too_much(*args, **options):
        raise MemoryLimitError("too much")

    monkeypatch.setattr(two_seeds, "_labels", too_much)
    found = repdiff.compare(*kinds(n=300), n_clusters=6, engine=FEW, n_resamples=1)
    assert found.provenance.engine["two_seeds"] is None


def test_nothing_is_said_where_no_evidence_is_wanted():
    found = repdiff.compare(*kinds(n=300), n_clusters=6, engine=FEW, evidence=False)
    assert "two_seeds" not in found.provenance.engine


def test_it_is_told_in_the_manifest_on_the_page_and_with_the_engine_that_was_chosen(monkeypatch, tmp_path):
    monkeypatch.setattr("repdiff.affinity.auto._LARGE", {"exact-ranks": ExactRanks(64, FEW), "sampled": FEW})
    x, y = kinds()
    found = repdiff.compare(x, y, engine=Auto(longest=0), n_clusters=6)
    shown = found.provenance.engine["two_seeds"]["adjusted_rand"]
    (told,) = (line for line in found.provenance.warnings if "engine was chosen" in line)
    assert f"agree to {shown['x_only']:.2f} (x_only) and {shown['y_only']:.2f} (y_only)" in told
    found.save(tmp_path / "run")
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert manifest["engine"]["two_seeds"]["adjusted_rand"] == shown
    found.report(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert "clusters of two seeds · agreement (adjusted Rand) · only in x" in page
