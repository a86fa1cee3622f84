"""How a sentence encoder is pooled, from the small files beside its weights."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_POOLS = {"pooling_mode_cls_token": "cls", "pooling_mode_mean_tokens": "mean", "pooling_mode_max_tokens": "max"}


@dataclass(frozen=True)
class SentenceSettings:
    """A sentence encoder's own settings.

    Attributes
    ----------
    pool : str or None
        Its pooling; None if not specified.
    normalize : bool
        Whether its embeddings have unit length.
    most_tokens : int or None
        Tokens after which a text is cut.
    """

    pool: str | None = None
    normalize: bool = False
    most_tokens: int | None = None


def sentence_settings(transformers: Any, target: str) -> SentenceSettings:
    """The settings of a model's folder or hub id; the defaults if it is not a sentence encoder."""
    modules = _json_of(transformers, target, "modules.json")
    if not isinstance(modules, list):
        return SentenceSettings()
    kinds = [str(module.get("type", "")).rpartition(".")[2] for module in modules]
    pooling = next((m["path"] for m, kind in zip(modules, kinds, strict=True) if kind == "Pooling"), None)
    flags = (_json_of(transformers, target, f"{pooling}/config.json") or {}) if pooling else {}
    chosen = [pool for flag, pool in _POOLS.items() if flags.get(flag)]
    limit = (_json_of(transformers, target, "sentence_bert_config.json") or {}).get("max_seq_length")
    return SentenceSettings(chosen[0] if len(chosen) == 1 else None, "Normalize" in kinds, limit)


def _json_of(transformers: Any, target: str, name: str) -> Any:
    try:
        path = transformers.utils.cached_file(target, name)
        return None if path is None else json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # no such file, or not readable as JSON
        return None
