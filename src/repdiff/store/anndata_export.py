"""A comparison -> an ``.h5ad`` file: clusters and items in ``obs``, coordinates and neighbours in ``obsm``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from repdiff.core.errors import MissingExtraError
from repdiff.results.comparison import Comparison


def write_anndata(comparison: Comparison, frame: pd.DataFrame, path: str | Path) -> None:
    """Write the file; it holds no embeddings, so ``X`` is empty.

    ``obs`` has the columns of ``frame``, a row per item, ids first; clusters and all texts as categories. ``obsm`` has
    the maps (``X_pca_x``, ``X_pca_y``), the eigenvectors that the clusters were cut from (``X_x_only``, ``X_y_only``),
    and, where they are known of all items, the rows of the nearest neighbours (``nearest_x``, ``nearest_y``) with their
    places on the other side (``nearest_x_in_y``, ``nearest_y_in_x``).
    ``uns["repdiff"]`` has the names of both sides and the answer.

    Raises
    ------
    MissingExtraError
        Without anndata.
    """
    try:
        from anndata import AnnData
    except ImportError as error:
        raise MissingExtraError("anndata", "anndata", "exporting to anndata") from error

    ids = pd.Index(frame["id"].astype(str).to_numpy(dtype=object), dtype=object, name="item")
    columns = {str(name): _column(frame[name], of_clusters=name in ("x_only", "y_only")) for name in frame.columns[1:]}
    told = {"names": np.array(comparison.names, dtype=object), "answer": comparison.answer}
    written = AnnData(
        obs=pd.DataFrame({name: pd.Series(values, index=ids) for name, values in columns.items()}, index=ids),
        var=pd.DataFrame(index=pd.Index([], dtype=object)),  # text of a type that older versions read, too
        obsm=_places(comparison),
        uns={"repdiff": told},
    )
    written.write_h5ad(path)


def _column(column: pd.Series, *, of_clusters: bool) -> Any:
    """Values that the format holds: numbers and truth values as they are, all else as categories of text."""
    kinds = pd.api.types
    if of_clusters:
        return pd.Categorical(column.astype(str).to_numpy(dtype=object), categories=_in_order(column))
    plain = isinstance(column.dtype, np.dtype) and column.dtype.kind in "biuf"
    if plain:
        return column.to_numpy()
    if kinds.is_numeric_dtype(column.dtype) and not kinds.is_bool_dtype(column.dtype):
        return column.to_numpy(np.float64, na_value=np.nan)
    known = column.notna().to_numpy()
    texts = np.array([str(value) if there else None for value, there in zip(column, known, strict=True)], dtype=object)
    return pd.Categorical(texts, categories=np.array(sorted({*texts[known]}), dtype=object))


def _in_order(labels: pd.Series) -> Any:
    return np.array([str(label) for label in sorted(labels.unique())], dtype=object)


def _places(comparison: Comparison) -> dict[str, Any]:
    found: dict[str, Any] = {"X_pca_x": comparison.projection.x, "X_pca_y": comparison.projection.y}
    for direction in (comparison.x_only, comparison.y_only):
        if direction.spectrum is not None:
            found[f"X_{direction.name}"] = direction.spectrum.vectors
    lists = comparison.neighbors
    if lists is not None and lists.holds_all:
        found |= {"nearest_x": lists.x, "nearest_y": lists.y}
        found |= {"nearest_x_in_y": lists.x_in_y.astype(np.int32), "nearest_y_in_x": lists.y_in_x.astype(np.int32)}
    return found
