"""Models that would give something else than what was published are refused, in one line that says what to do."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from encoders import need, values_of
from model_checks import SIDE

import repdiff
from repdiff.encoding.models.graphs import to_tensor
from repdiff.encoding.models.sentence import read_sentence
from repdiff.encoding.repeatable import check_repeatable

LIBRARY = "sentence_transformers.models"
TRANSFORMER = {"path": "", "type": f"{LIBRARY}.Transformer"}
POOLING = {"path": "1_Pooling", "type": f"{LIBRARY}.Pooling"}
DENSE = {"path": "2_Dense", "type": f"{LIBRARY}.Dense"}
MEAN = {"pooling_mode": "mean"}
LINEAR = {"in_features": 4, "out_features": 2}


def sentence_files(*steps: dict[str, str], **files: Any) -> dict[str, Any]:
    return {"modules.json": list(steps), "1_Pooling/config.json": MEAN, **files}


SENTENCES = {
    "unknown step": (sentence_files(TRANSFORMER, POOLING, {"path": "2", "type": f"{LIBRARY}.LSTM"}), "step LSTM"),
    "static": (sentence_files({"path": "", "type": f"{LIBRARY}.StaticEmbedding"}), "the step StaticEmbedding"),
    "router": (sentence_files({"path": "", "type": f"{LIBRARY}.Router"}), "the step Router"),
    "no pooling": (sentence_files(TRANSFORMER), "the steps Transformer"),
    "pooled twice": (sentence_files(TRANSFORMER, POOLING, POOLING), "the steps Transformer, Pooling, Pooling"),
    "unknown pooling": (
        sentence_files(TRANSFORMER, POOLING, **{"1_Pooling/config.json": {"pooling_mode": "attention"}}),
        "the pooling attention",
    ),
    "unknown flag": (
        sentence_files(TRANSFORMER, POOLING, **{"1_Pooling/config.json": {"pooling_mode_new_tokens": True}}),
        "Pooling with pooling_mode_new_tokens",
    ),
    "other output": (
        sentence_files(TRANSFORMER, POOLING, **{"sentence_bert_config.json": {"transformer_task": "fill-mask"}}),
        "Transformer with transformer_task",
    ),
    "residual": (
        sentence_files(TRANSFORMER, POOLING, DENSE, **{"2_Dense/config.json": {**LINEAR, "use_residual": True}}),
        "Dense with use_residual",
    ),
    "own activation": (
        sentence_files(
            TRANSFORMER, POOLING, DENSE, **{"2_Dense/config.json": {**LINEAR, "activation_function": "os.system"}}
        ),
        "the activation os.system",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SENTENCES)
def test_steps_that_are_not_known_are_refused_with_the_way_out(name):
    files, says = SENTENCES[name]
    with pytest.raises(repdiff.RepdiffError, match=rf"hf:m: is a sentence encoder with .*{says}.*use st:") as caught:
        read_sentence(files.get, "hf:m")
    assert "\n" not in str(caught.value)


def test_a_step_without_its_settings_is_refused():
    with pytest.raises(repdiff.RepdiffError, match=r"no settings of its step Pooling \(1_Pooling/config.json\)"):
        read_sentence({"modules.json": [TRANSFORMER, POOLING]}.get, "hf:m")


@pytest.mark.parametrize("kind", ["hf", "st"])
def test_a_step_of_its_own_code_is_refused(kind, tmp_path):
    need("torch", "transformers", *(["sentence_transformers"] if kind == "st" else []))
    (tmp_path / "modules.json").write_text(json.dumps([{"path": "", "type": "evil.Module"}]))
    (tmp_path / "evil.py").write_text("raise SystemExit")
    refused(f"{kind}:{tmp_path}", "step evil.Module is code of its own, which is never run", tmp_path)


OWN_CODE = {
    "its own class under a known name": {"model_type": "bert", "architectures": ["OwnBert"]},
    "its own type": {"model_type": "own", "architectures": ["OwnModel"]},
}


@pytest.mark.parametrize("name", OWN_CODE)
def test_code_of_a_folder_is_not_run_and_nobody_is_asked(name, tmp_path, monkeypatch):
    need("torch", "transformers")
    auto = {"AutoConfig": "own.OwnConfig", "AutoModel": "own.OwnModel"}
    (tmp_path / "config.json").write_text(json.dumps({**OWN_CODE[name], "auto_map": auto}))
    (tmp_path / "own.py").write_text("raise SystemExit")

    class NotAsked:
        def readline(self) -> str:
            pytest.fail("standard input was read")

    monkeypatch.setattr(sys, "stdin", NotAsked())
    refused(f"hf:{tmp_path}", "needs code of its own .* which is never run; load the model yourself", tmp_path)


def test_a_folder_of_model2vec_is_refused(tmp_path):
    need("torch", "transformers")
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "model2vec"}))
    refused(f"hf:{tmp_path}", "static embeddings of model2vec.*py:", tmp_path)


def test_st_is_for_sentence_encoders_only(tmp_path):
    need("torch", "sentence_transformers")
    refused(f"st:{tmp_path}", "has no modules.json.*use hf:", tmp_path)


def test_st_names_its_extra(tmp_path, monkeypatch):
    need("torch")
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    refused(f"st:{tmp_path}", r'needs sentence-transformers.*pip install "repdiff\[st\]"', tmp_path)


def refused(model: Any, says: str, folder: Path, **options: Any) -> None:
    table = pd.DataFrame({"text": ["a", "bb", "cccc", "d e", "f"]})
    with pytest.raises(repdiff.RepdiffError, match=says) as caught:
        repdiff.encode(model, table, folder / "x.npz", **options)
    assert "\n" not in str(caught.value)
    assert not list(folder.glob("*x.npz*"))


def lengths(texts: list[str]) -> np.ndarray:
    return np.array([[len(text), 1.0 + text.count(" ")] for text in texts])


def test_a_model_that_draws_at_random_is_refused(tmp_path):
    random = np.random.default_rng(0)
    noisy = lambda texts: lengths(texts) + random.normal(size=(len(texts), 2))  # noqa: E731
    for batch in (1, 3):
        refused(noisy, "another embedding each time for the same items", tmp_path, batch=batch)


def test_a_model_that_depends_on_the_batch_is_refused_but_not_one_by_one(tmp_path):
    def padded(texts: list[str]) -> np.ndarray:
        return lengths(texts) / max(map(len, texts))

    refused(padded, r"in another batch \(they differ by .*%.*--batch 1\)", tmp_path, batch=4)
    table = pd.DataFrame({"text": ["a", "bb", "cccc"]})
    encoded = repdiff.encode(padded, table, tmp_path / "x.npz", batch=1)
    np.testing.assert_allclose(values_of(encoded.path), [[1, 1], [1, 0.5], [1, 0.25]])


def test_rounding_is_no_reason(tmp_path):
    rounded = lambda texts: lengths(texts) * (1 + 1e-6 * len(texts))  # noqa: E731
    assert repdiff.encode(rounded, pd.DataFrame({"text": ["a", "bb"]}), tmp_path / "x.npz").n_items == 2


def test_the_first_batch_of_a_job_is_checked_and_again_when_it_goes_on(tmp_path, monkeypatch):
    checked: list[int] = []

    def check(model: Any, samples: list[Any], output: Any, spec: str) -> None:
        checked.append(len(samples))
        check_repeatable(model, samples, output, spec)

    def stop(stage: str, done: int, total: int) -> None:
        if done >= 280:
            raise KeyboardInterrupt

    monkeypatch.setattr("repdiff.encoding.pipeline.check_repeatable", check)
    table = pd.DataFrame({"text": ["a", "bb", "cccc"] * 110})
    with pytest.raises(KeyboardInterrupt):
        repdiff.encode(lengths, table, tmp_path / "x.npz", batch=5, progress=stop)
    assert len(list(tmp_path.glob(".x.npz.unfinished/*.npz"))) == 1
    assert repdiff.encode(lengths, table, tmp_path / "x.npz", batch=5).n_items == 330
    assert checked == [5, 5]


LAYOUTS = {
    "named first": (["batch", "num_channels", "height", "width"], {}, False),
    "named last": (["n", None, None, "channels"], {}, True),
    "of three first": ([None, 3, None, None], {}, False),
    "of one last": ([None, 28, 28, 1], {}, True),
    "told first": ([None, None, None, None], {"layout": "first"}, False),
    "told last": ([None, None, None, None], {"layout": "last"}, True),
    "told of no shape": ([], {"layout": "first"}, False),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_graphs_that_leave_their_colours_open(name):
    shape, options, last = LAYOUTS[name]
    made = to_tensor(shape, "float32", {**options, "size": str(SIDE)}, "onnx:g")
    assert made.channels_last == last
    assert made.channels == (1 if name == "of one last" else 3)


NO_LAYOUT = {
    "nothing named": ([None, "a", None, None], {}, "does not say which axis holds the colours; add layout=first"),
    "no shape": ([], {}, "does not say which axis holds the colours"),
    "told wrongly": ([None, 3, 8, 8], {"layout": "last"}, "which is not a batch of images"),
    "no image": ([None, 77], {}, "which is not a batch of images"),
    "no such layout": ([None, 3, 8, 8], {"layout": "nchw"}, "layout must be one of first, last"),
}


@pytest.mark.parametrize("name", NO_LAYOUT)
def test_graphs_without_a_layout_are_refused(name):
    shape, options, says = NO_LAYOUT[name]
    with pytest.raises(repdiff.RepdiffError, match=says):
        to_tensor(shape, "float32", options, "onnx:g")
