"""Embeddings are those that the published model gives: called as its documentation says, one item at a time."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from encoders import need, values_of
from model_checks import batch_of
from small_encoders import IMAGE_MODELS, TEXT_MODELS, TEXTS, write_images, write_texts

import repdiff

torch = need("torch")
transformers = need("transformers")
pytestmark = pytest.mark.usefixtures("opened_here")
BATCHES = [1, 32]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Any:
    """Models this small only lose time to threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def agree(found: Any, expected: Any) -> None:
    """Equal but for 1e-5 of the largest value; and the items differ, so that this means something."""
    expected = np.asarray(expected.detach() if hasattr(expected, "detach") else expected, np.float64)
    assert found.shape == expected.shape
    assert np.ptp(expected, axis=0).max() > 1e-2 * np.abs(expected).max()
    assert np.abs(found - expected).max() <= 1e-5 * max(1.0, np.abs(expected).max())


def of_texts(spec: Any, folder: Path, **options: Any) -> np.ndarray:
    folder.mkdir(exist_ok=True)
    encoded = repdiff.encode(spec, pd.DataFrame({"text": TEXTS}), folder / "x.npz", overwrite=True, **options)
    return values_of(encoded.path)


def one_by_one(folder: Path, call: Callable[[Any], Any], **options: Any) -> Any:
    """What a documented call makes of each text alone, so without padding."""
    words = transformers.AutoTokenizer.from_pretrained(folder)
    with torch.inference_mode():
        return torch.cat([call(words(text, return_tensors="pt", **options)) for text in TEXTS])


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., SimpleNamespace]:
    """A model and its folder by name, made when they are first asked for."""
    made: dict[Any, SimpleNamespace] = {}
    root = tmp_path_factory.mktemp("parity")

    def folder(name: str, *, images: bool = False, **options: Any) -> SimpleNamespace:
        key = (name, images, *options.items())
        if key not in made:
            model = (IMAGE_MODELS if images else TEXT_MODELS)[name](transformers)
            path = root / str(len(made))
            (write_images if images else write_texts)(path, model, **options)
            made[key] = SimpleNamespace(path=path, model=type(model).from_pretrained(path))
        return made[key]

    return folder


IMAGES: dict[str, Callable[[Any, Any], Any]] = {
    "clip": lambda model, batch: model.get_image_features(batch).pooler_output,
    "siglip": lambda model, batch: model.get_image_features(batch).pooler_output,
    "vit": lambda model, batch: model(batch).pooler_output,
    "vit_mae": lambda model, batch: visible(model, batch),
    "resnet": lambda model, batch: model(batch).pooler_output.flatten(1),
    "convnext": lambda model, batch: model(batch).pooler_output,
    "dinov2": lambda model, batch: model(batch).pooler_output,
}


def visible(model: Any, batch: Any) -> Any:
    """The class token of a masked autoencoder that hides nothing: that of a ViT with the same weights."""
    config = transformers.ViTConfig(**{**model.config.to_dict(), "model_type": "vit"})
    vit = transformers.ViTModel(config, add_pooling_layer=False).eval()
    vit.load_state_dict(model.state_dict())
    return vit(batch).last_hidden_state[:, 0]


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("name", IMAGES)
def test_images_give_the_documented_features(name, batch, folders, pictures, tmp_path):
    made = folders(name, images=True)
    with torch.inference_mode():
        expected = IMAGES[name](made.model, batch_of(pictures))
    agree(values_of(repdiff.encode(f"hf:{made.path}", pictures, tmp_path / "x.npz", batch=batch).path), expected)


def mean(call: Any) -> Callable[[Any], Any]:
    return lambda inputs: call(**inputs).last_hidden_state.mean(1)


def last(call: Any) -> Callable[[Any], Any]:
    return lambda inputs: call(**inputs).last_hidden_state[:, -1]


def features(call: Any) -> Callable[[Any], Any]:
    return lambda inputs: call(**inputs).pooler_output


TEXT_CASES: dict[str, tuple[str, dict[str, Any], Callable[[Any], Any], dict[str, Any], str | None]] = {
    "bert": ("bert", {}, mean, {}, "mean"),
    "mpnet": ("mpnet", {}, mean, {}, "mean"),
    "t5": ("t5", {}, lambda model: mean(model.get_encoder()), {}, "mean"),
    "bart": ("bart", {}, lambda model: mean(model.get_encoder()), {}, "mean"),
    "gpt2, padded right": ("gpt2", {"marks": False, "most": 64}, last, {}, "last"),
    "gpt2, padded left": ("gpt2", {"marks": False, "most": 64, "padding_side": "left"}, last, {}, "last"),
    "qwen2, padded right": ("qwen2", {"marks": False, "most": 64}, last, {}, "last"),
    "qwen2, padded left": ("qwen2", {"marks": False, "most": 64, "padding_side": "left"}, last, {}, "last"),
    "clip": ("clip", {"most": 16}, lambda model: features(model.get_text_features), {}, None),
    "siglip": (
        "siglip", {"most": 16}, lambda model: features(model.get_text_features),
        {"padding": "max_length", "max_length": 16}, None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize("name", TEXT_CASES)
def test_texts_give_the_documented_features(name, batch, folders, tmp_path):
    model, options, call, tokens, pool = TEXT_CASES[name]
    made = folders(model, **options)
    expected = one_by_one(made.path, call(made.model), **tokens)
    encoded = repdiff.encode(f"hf:{made.path}", pd.DataFrame({"text": TEXTS}), tmp_path / "x.npz", batch=batch)
    agree(values_of(encoded.path), expected)
    assert encoded.manifest["pool"] == pool


def test_towers_saved_alone_keep_their_projection(folders, pictures, tmp_path):
    made = folders("clip", most=16)
    whole, config = made.model, made.model.config
    texts = transformers.CLIPTextModelWithProjection(config.text_config)
    texts.load_state_dict({**whole.state_dict()}, strict=False)
    write_texts_as_they_are(texts, made.path, tmp_path / "text")
    agree(of_texts(f"hf:{tmp_path / 'text'}", tmp_path / "a"), one_by_one(made.path, features(whole.get_text_features)))
    images = transformers.CLIPVisionModelWithProjection(config.vision_config)
    images.load_state_dict({**whole.state_dict()}, strict=False)
    images.save_pretrained(tmp_path / "image")
    processor = folders("vit", images=True).path / "preprocessor_config.json"
    (tmp_path / "image" / processor.name).write_bytes(processor.read_bytes())
    found = values_of(repdiff.encode(f"hf:{tmp_path / 'image'}", pictures, tmp_path / "x.npz").path)
    with torch.inference_mode():
        agree(found, whole.get_image_features(batch_of(pictures)).pooler_output)


def write_texts_as_they_are(model: Any, words: Path, folder: Path) -> None:
    model.save_pretrained(folder)
    transformers.AutoTokenizer.from_pretrained(words).save_pretrained(folder)


@pytest.mark.parametrize("name", ["bert", "gpt2"])
def test_the_last_token_can_be_asked_for(name, folders, tmp_path):
    made = folders(name, **({} if name == "bert" else {"marks": False, "most": 64}))
    agree(of_texts(f"hf:{made.path}", tmp_path, pool="last"), one_by_one(made.path, last(made.model)))


# Sentence encoders, against the library that made them.

POOLINGS = [
    "cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken", ("cls", "mean"),
    ("lasttoken", "max", "weightedmean"),
]  # fmt: skip


def sentence(folder: Path, base: Path, pooling: Any = "mean", *more: str, **settings: Any) -> Any:
    """A folder that sentence-transformers wrote, and the model that it reads from it."""
    library = need("sentence_transformers")
    modules = need("sentence_transformers.sentence_transformer.modules")
    first = modules.Transformer(str(base), max_seq_length=settings.pop("most", 24))
    first.tokenizer.pad_token = first.tokenizer.pad_token or first.tokenizer.eos_token
    include = settings.pop("include_prompt", True)
    steps = [first, modules.Pooling(16, pooling, include_prompt=include)]
    torch.manual_seed(1)
    size = 16 * (1 if isinstance(pooling, str) else len(pooling))
    for name in more:
        if name == "Normalize":
            steps.append(modules.Normalize())
        else:
            steps.append(modules.Dense(size, 10, activation_function=getattr(torch.nn, name)()))
            size = 10
    library.SentenceTransformer(modules=steps, device="cpu", **settings).save_pretrained(str(folder))
    return library.SentenceTransformer(str(folder), device="cpu")


def encoded_by(model: Any) -> np.ndarray:
    return model.encode(TEXTS, batch_size=1, show_progress_bar=False)


@pytest.mark.parametrize("pooling", POOLINGS, ids=str)
def test_every_pooling_of_a_sentence_encoder(pooling, folders, tmp_path):
    model = sentence(tmp_path / "model", folders("bert").path, pooling)
    expected = encoded_by(model)
    agree(of_texts(f"hf:{tmp_path / 'model'}", tmp_path / "new"), expected)
    path = next((tmp_path / "model").glob("*_Pooling/config.json"))
    modes = (pooling,) if isinstance(pooling, str) else pooling
    flags = {"cls": "cls_token", "max": "max_tokens", "mean": "mean_tokens", "weightedmean": "weightedmean_tokens"}
    old = {f"pooling_mode_{flags.get(mode, mode)}": True for mode in modes}
    if list(modes) == sorted(
        modes, key=["cls", "max", "mean", "mean_sqrt_len_tokens", "weightedmean", "lasttoken"].index
    ):
        path.write_text(json.dumps({"word_embedding_dimension": 16, **old}))  # as older versions wrote it
        agree(of_texts(f"hf:{tmp_path / 'model'}", tmp_path / "old", batch=1), expected)


SENTENCES: dict[str, tuple[str, Any, tuple[str, ...], dict[str, Any]]] = {
    "dense, then unit length": ("bert", "mean", ("Tanh", "Normalize"), {}),
    "dense without activation": ("bert", ("cls", "mean"), ("Identity",), {}),
    "unit length": ("mpnet", "mean", ("Normalize",), {}),
    "default prompt": ("bert", "mean", (), {"prompts": {"query": "w1 w2 "}, "default_prompt_name": "query"}),
    "prompt that is not pooled": (
        "bert", "weightedmean", (),
        {"prompts": {"query": "w1 w2 "}, "default_prompt_name": "query", "include_prompt": False},
    ),
    "short texts only": ("bert", "mean", (), {"most": 6}),
    "t5": ("t5", "mean", ("Identity", "Normalize"), {}),
    "qwen2, padded left": ("qwen2", "lasttoken", ("Normalize",), {"most": 40}),
}  # fmt: skip


@pytest.mark.parametrize("name", SENTENCES)
def test_all_steps_of_a_sentence_encoder(name, folders, tmp_path):
    base, pooling, more, settings = SENTENCES[name]
    decoder = {"marks": False, "most": 64, "padding_side": "left"} if base == "qwen2" else {}
    model = sentence(tmp_path / "model", folders(base, **decoder).path, pooling, *more, **settings)
    expected = encoded_by(model)
    agree(of_texts(f"hf:{tmp_path / 'model'}", tmp_path / "hf"), expected)
    agree(of_texts(f"st:{tmp_path / 'model'}", tmp_path / "st"), expected)
