"""``tfidf``: weighted counts of words; a baseline for text that needs no model."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from repdiff.core.errors import InputError
from repdiff.encoding.models.base import USUAL, Model, ModelKind, Output, Request, no_layers, options_of, positive

_MOST_WORDS = 4096


def _same(text: str) -> str:
    return text


@dataclass(frozen=True)
class _TfIdf:
    vectorizer: Any
    facts: Mapping[str, Any]
    classes: None = None
    batch_size: None = None

    prepare = staticmethod(_same)

    def collate(self, samples: list[str]) -> list[str]:
        return samples

    def embed(self, batch: list[str]) -> Output:
        return Output({USUAL: self.vectorizer.transform(batch).toarray()}, {USUAL: ""})


def _load(target: str, request: Request) -> Model:
    from sklearn import __version__
    from sklearn.feature_extraction.text import TfidfVectorizer

    _, options = options_of(target, {"words": "COUNT"})
    no_layers(request, "tfidf")
    most = positive(options.get("words", str(_MOST_WORDS)), "tfidf: words")
    vectorizer = TfidfVectorizer(max_features=most, sublinear_tf=True, dtype=np.float32)
    try:
        vectorizer.fit(request.source.texts())
    except ValueError as error:  # raised by scikit-learn for texts of only punctuation
        raise InputError(f"{request.source.name}: the texts hold no words to count") from error
    return _TfIdf(vectorizer, _facts(vectorizer, most, __version__))


def _facts(vectorizer: Any, most: int, version: str) -> Mapping[str, Any]:
    learned = "\n".join(f"{word} {weight!r}" for word, weight in _weights(vectorizer))
    return {
        "weights_sha256": hashlib.sha256(learned.encode()).hexdigest(),
        "preprocessing": f"words in lower case; the {most:,} most frequent",
        "versions": {"scikit-learn": version},
    }


def _weights(vectorizer: Any) -> list[tuple[str, float]]:
    return [(word, float(vectorizer.idf_[place])) for word, place in sorted(vectorizer.vocabulary_.items())]


KIND = ModelKind("tfidf", "tfidf", "weighted word counts, learned from the texts (tfidf?words=4096)", ("text",), _load)
