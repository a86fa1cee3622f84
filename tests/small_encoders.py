"""Small random models of many architectures, in folders as transformers saves them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from encoders import need
from model_checks import SIDE, randomise

SIZES = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
WORDS = [f"w{number}" for number in range(40)]
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
VOCABULARY = len(SPECIAL) + len(WORDS)
TEXTS = [" ".join(WORDS[(7 * row + 3 * place) % 40] for place in range(1 + (5 * row) % 11)) for row in range(16)]


def write_images(folder: Path, model: Any) -> Path:
    """A model of images and its processor."""
    randomise(model).save_pretrained(folder)
    processor = {"image_processor_type": "ViTImageProcessor", "size": {"height": SIDE, "width": SIDE}, "resample": 2}
    (folder / "preprocessor_config.json").write_text(json.dumps(processor))
    return folder


def write_texts(folder: Path, model: Any, *, marks: bool = True, padding_side: str = "right", most: int = 32) -> Path:
    """A model of texts and a tokenizer of words, which puts marks around a text where it is told to."""
    randomise(model).save_pretrained(folder)
    tokenizer(marks=marks, padding_side=padding_side, most=most).save_pretrained(folder)
    return folder


def tokenizer(*, marks: bool, padding_side: str, most: int) -> Any:
    """Words as tokens; letters, without marks, as byte-level decoders have them."""
    transformers, tokenizers = need("transformers"), need("tokenizers")
    if not marks:
        letters = {letter: number for number, letter in enumerate([*SPECIAL, "w", "\u0120", *"0123456789"])}
        return transformers.Qwen2Tokenizer(
            vocab=letters, merges=[], unk_token="[UNK]", eos_token="[SEP]", pad_token=None, bos_token=None,
            padding_side=padding_side, model_max_length=most, model_input_names=["input_ids", "attention_mask"],
        )  # fmt: skip
    vocabulary = {word: number for number, word in enumerate([*SPECIAL, *WORDS])}
    made = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="[UNK]"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    made.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, padding_side=padding_side, model_max_length=most, unk_token="[UNK]",
        cls_token="[CLS]", sep_token="[SEP]", pad_token="[PAD]", model_input_names=["input_ids", "attention_mask"],
    )  # fmt: skip


def _bert(t: Any) -> Any:
    return t.BertModel(t.BertConfig(vocab_size=VOCABULARY, max_position_embeddings=32, **SIZES))


def _mpnet(t: Any) -> Any:
    return t.MPNetModel(t.MPNetConfig(vocab_size=VOCABULARY, max_position_embeddings=34, pad_token_id=0, **SIZES))


def _t5(t: Any) -> Any:
    return t.T5Model(
        t.T5Config(vocab_size=VOCABULARY, d_model=16, d_kv=8, d_ff=24, num_layers=2, num_heads=2, pad_token_id=0)
    )


def _bart(t: Any) -> Any:
    sizes = {"encoder_layers": 1, "decoder_layers": 1, "encoder_attention_heads": 2, "decoder_attention_heads": 2}
    return t.BartModel(
        t.BartConfig(
            vocab_size=VOCABULARY, d_model=16, encoder_ffn_dim=24, decoder_ffn_dim=24, max_position_embeddings=32,
            pad_token_id=0, bos_token_id=2, eos_token_id=3, decoder_start_token_id=3, forced_eos_token_id=3, **sizes,
        )
    )  # fmt: skip


def _gpt2(t: Any) -> Any:
    return t.GPT2Model(t.GPT2Config(vocab_size=VOCABULARY, n_embd=16, n_layer=2, n_head=2, n_positions=64))


def _qwen2(t: Any) -> Any:
    return t.Qwen2Model(
        t.Qwen2Config(vocab_size=VOCABULARY, num_key_value_heads=1, max_position_embeddings=64, **SIZES)
    )


def _towers(t: Any, name: str) -> Any:
    text = {"vocab_size": VOCABULARY, "max_position_embeddings": 16, **SIZES}
    if name == "CLIP":
        text |= {"bos_token_id": 2, "eos_token_id": 3, "pad_token_id": 0}
    if name == "Siglip":
        text |= {"projection_size": 16}
    vision = {"image_size": SIDE, "patch_size": 4, **SIZES}
    projection = {"projection_dim": 12} if name == "CLIP" else {}
    config = getattr(t, f"{name}Config")(text_config=text | projection, vision_config=vision | projection, **projection)
    return getattr(t, f"{name}Model")(config)


TEXT_MODELS: dict[str, Callable[[Any], Any]] = {
    "bert": _bert, "mpnet": _mpnet, "t5": _t5, "bart": _bart, "gpt2": _gpt2, "qwen2": _qwen2,
    "clip": lambda t: _towers(t, "CLIP"), "siglip": lambda t: _towers(t, "Siglip"),
}  # fmt: skip

IMAGE_MODELS: dict[str, Callable[[Any], Any]] = {
    "clip": lambda t: _towers(t, "CLIP"),
    "siglip": lambda t: _towers(t, "Siglip"),
    "vit": lambda t: t.ViTModel(t.ViTConfig(image_size=SIDE, patch_size=4, **SIZES)),
    "vit_mae": lambda t: t.ViTMAEModel(t.ViTMAEConfig(image_size=SIDE, patch_size=4, **SIZES)),
    "resnet": lambda t: t.ResNetModel(
        t.ResNetConfig(embedding_size=8, hidden_sizes=[8, 12], depths=[1, 1], layer_type="basic")
    ),
    "convnext": lambda t: t.ConvNextModel(
        t.ConvNextConfig(hidden_sizes=[8, 12], depths=[1, 1], num_stages=2, patch_size=2)
    ),
    "dinov2": lambda t: t.Dinov2Model(t.Dinov2Config(image_size=SIDE, patch_size=4, **SIZES)),
}
