"""Files and tables -> arrays and tables; one module per family of formats."""

from __future__ import annotations

from repdiff.inputs.embeddings import Embeddings, as_embeddings, read_embeddings
from repdiff.inputs.items import Items, as_items, bare_items, read_items

__all__ = ["Embeddings", "Items", "as_embeddings", "as_items", "bare_items", "read_embeddings", "read_items"]
