"""Texts and a clustering -> the words that each cluster has more than the others (class-based tf-idf)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

_MOST_TEXTS, _MOST_CHARACTERS = 20_000, 2000  # more of them would tell no other words
_MOST_WORDS = 5
_FEWEST_TEXTS = 3  # of a cluster that a word must be in


def distinctive_words(
    texts: pd.Series, labels: npt.NDArray[np.int32], *, random_state: int | None = 0
) -> tuple[tuple[str, ...], ...]:
    """For each cluster the words that it has more than the others, the most telling first; at most five.

    Class-based tf-idf (Grootendorst 2022): the frequency of a word within a cluster, times log(1 + A / f), where f is
    its frequency in all clusters and A the mean number of words of a cluster. English function words are left out.

    Parameters
    ----------
    texts : Series, n rows
        Missing values allowed; of many items a random sample is read, of long texts the beginning.
    labels : ndarray of int32, (n,)
        Cluster of each item, 0 to k - 1.
    random_state : int or None
        Seed of the sample.
    """
    from sklearn.feature_extraction.text import CountVectorizer

    n_clusters = int(labels.max()) + 1
    rows = np.arange(len(texts))
    if len(rows) > _MOST_TEXTS:
        rows = np.sort(np.random.default_rng(random_state).choice(rows, _MOST_TEXTS, replace=False))
    read = texts.iloc[rows].fillna("").astype(str).str.slice(0, _MOST_CHARACTERS)
    try:
        vectorizer = CountVectorizer(stop_words="english", min_df=_FEWEST_TEXTS)
        counts = vectorizer.fit_transform(read).tocsr()
    except ValueError:  # no word is in three texts
        return ((),) * n_clusters
    words = vectorizer.get_feature_names_out()
    total = np.asarray(counts.sum(axis=0)).ravel().astype(np.float64)
    weight = np.log1p(total.sum() / n_clusters / total)
    found = []
    for cluster in range(n_clusters):
        own = counts[np.flatnonzero(labels[rows] == cluster)]
        frequency = np.asarray(own.sum(axis=0)).ravel().astype(np.float64)
        share = frequency / max(1.0, frequency.sum())
        telling = (np.asarray((own > 0).sum(axis=0)).ravel() >= _FEWEST_TEXTS) & (share > total / total.sum())
        order = np.argsort(-share * weight, kind="stable")
        found.append(tuple(str(words[place]) for place in order[telling[order]][:_MOST_WORDS]))
    return tuple(found)
