"""How far the clusters of an engine that draws depend on its seed."""

from __future__ import annotations

import json

import numpy as np
import pytest

import repdiff
from repdiff.affinity.auto import Auto
from repdiff.affinity.sampled.engine import Sampled
from repdiff.affinity.sampled.exact_ranks import ExactRanks
from repdiff.workflows import two_seeds

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


def agreement_in(found):
    return found.provenance.engine["two_seeds"]["adjusted_rand"]


@pytest.mark.parametrize("engine", [FEW, ExactRanks(64, FEW)], ids=["sampled", "exact ranks"])
def test_clear_groups_are_the_same_for_two_seeds_and_groups_of_noise_are_not(engine):
    clear = repdiff.compare(*kinds(), engine=engine, n_clusters=6)
    assert clear.provenance.engine["two_seeds"]["items"] == 900
    assert agreement_in(clear)["x_only"] > 0.9
    unclear = repdiff.compare(*noise(), engine=engine, n_clusters=6)
    assert max(agreement_in(unclear).values()) < 0.6


def test_it_is_what_two_comparisons_with_different_seeds_show():
    first, second = (repdiff.compare(*noise(), engine=FEW, n_clusters=6, random_state=seed) for seed in (1, 2))
    for name in ("x_only", "y_only"):
        shown = two_seeds.agreement(getattr(first, name).labels, getattr(second, name).labels)
        assert agreement_in(first)[name] == pytest.approx(shown, abs=0.25)


def test_of_many_items_a_sample_is_drawn_for_again(monkeypatch):
    monkeypatch.setattr(two_seeds, "MOST_ITEMS", 500)
    found = repdiff.compare(*kinds(), engine=FEW, n_clusters=6)
    assert found.provenance.engine["two_seeds"]["items"] == 500
    again = repdiff.compare(*kinds(), engine=FEW, n_clusters=6, n_jobs=1)
    assert agreement_in(again) == agreement_in(found)
    monkeypatch.setattr(two_seeds, "MOST_ITEMS", 100)  # half of the pairs at most, as near as there are items
    assert repdiff.compare(*kinds(), engine=FEW, n_clusters=6).provenance.engine["two_seeds"]["items"] == 400


@pytest.mark.parametrize(
    "options", [{"engine": "exact"}, {"engine": "sampled"}, {"engine": FEW, "evidence": False}], ids=str
)
def test_nothing_is_said_where_nothing_is_drawn_or_no_evidence_is_wanted(options):
    assert "two_seeds" not in repdiff.compare(*kinds(n=300), n_clusters=6, **options).provenance.engine


def test_it_is_told_in_the_manifest_on_the_page_and_with_the_engine_that_was_chosen(monkeypatch, tmp_path):
    monkeypatch.setattr("repdiff.affinity.auto._LARGE", {"exact-ranks": ExactRanks(64, FEW), "sampled": FEW})
    x, y = kinds()
    found = repdiff.compare(x, y, engine=Auto(longest=0), n_clusters=6)
    shown = agreement_in(found)
    (told,) = (line for line in found.provenance.warnings if "engine was chosen" in line)
    assert f"agree to {shown['x_only']:.2f} (x_only) and {shown['y_only']:.2f} (y_only)" in told
    found.save(tmp_path / "run")
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert manifest["engine"]["two_seeds"]["adjusted_rand"] == shown
    found.report(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert "clusters of two seeds · agreement (adjusted Rand) · only in x" in page
