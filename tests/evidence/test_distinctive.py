"""The words that a cluster has more than the others."""

from __future__ import annotations

import numpy as np
import pandas as pd

from repdiff.evidence.distinctive import distinctive_words


def test_each_cluster_is_told_by_its_own_words_and_none_by_words_of_all():
    rng = np.random.default_rng(0)
    own = [["stock", "shares", "market"], ["goal", "match", "league"], ["film", "actor", "scene"]]
    labels = np.repeat(np.arange(3, dtype=np.int32), 30)
    texts = pd.Series(
        [" ".join([*rng.choice(own[label], 2, replace=False), "the", "news", "today"]) for label in labels]
    )
    found = distinctive_words(texts, labels)
    for words, expected in zip(found, own, strict=True):
        assert set(words[:3]) == set(expected)
        assert "the" not in words


def test_words_of_one_text_or_none_are_left_out():
    labels = np.zeros(6, np.int32)
    labels[3:] = 1
    assert distinctive_words(pd.Series([None, "", "one", "two", "three", "four"]), labels) == ((), ())
    texts = pd.Series(["rare"] * 2 + ["plenty"] * 3 + ["common"] * 4)
    assert distinctive_words(texts, (np.arange(9) > 4).astype(np.int32)) == (("plenty",), ("common",))


def test_of_many_items_a_sample_is_read_and_the_same_one_again():
    labels = (np.arange(30_000) % 2).astype(np.int32)
    texts = pd.Series(np.where(labels == 0, "apple pie", "plum cake"))
    assert distinctive_words(texts, labels) == (("apple", "pie"), ("cake", "plum"))
