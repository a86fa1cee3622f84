"""Files and tables -> arrays and tables; one module per family of formats."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from repdiff.inputs.embeddings import Embeddings, as_embeddings, read_embeddings
    from repdiff.inputs.items import Items, as_items, bare_items, read_items

__all__ = ["Embeddings", "Items", "as_embeddings", "as_items", "bare_items", "read_embeddings", "read_items"]

_OF_EMBEDDINGS = ("Embeddings", "as_embeddings", "read_embeddings")


def __getattr__(name: str) -> Any:
    # Looked up on first use: the processes that read files import one reader each, and start in half the time.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "embeddings" if name in _OF_EMBEDDINGS else "items"
    return getattr(import_module(f"{__name__}.{home}"), name)
