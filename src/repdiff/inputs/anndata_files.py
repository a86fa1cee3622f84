"""AnnData files (.h5ad), read with h5py: a matrix of ``obsm`` or ``X``, and ``obs`` as the table of items.

The layout is that of the on-disk format of anndata (https://anndata.readthedocs.io, "On-disk format").
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from repdiff.core.errors import InputError, MissingExtraError
from repdiff.inputs.wording import few


def read_anndata(path: Path, name: str | None) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """A matrix, (n, d), and the names of its rows, (n,).

    Parameters
    ----------
    path : Path
        The file.
    name : str or None
        Such as ``obsm/X_pca``, ``layers/counts`` or ``X``; None takes the only one there is.

    Raises
    ------
    InputError
        Where there are several, or the named one is sparse or missing.
    """
    h5py = _h5py(path)
    with h5py.File(path, "r") as file:
        known = [*(f"obsm/{key}" for key in file.get("obsm", ())), *(["X"] if "X" in file else [])]
        if name is None and len(known) != 1:
            raise InputError(f"{path}: holds {few(known) or 'no matrix'}; choose one, as in {path}:{(*known, 'X')[0]}")
        name = known[0] if name is None else name
        node = file.get(name, file.get(f"obsm/{name}"))
        if node is None:
            raise InputError(f"{path}: there is no {name!r}; it holds {few(known)}")
        return _matrix(node, f"{path}:{name}", h5py), _index(file["obs"], h5py)


def read_obs(path: Path) -> pd.DataFrame:
    """The table ``obs``, with its index as ``id`` unless it has a column of that name."""
    h5py = _h5py(path)
    with h5py.File(path, "r") as file:
        obs = file["obs"]
        frame = _frame(obs, h5py)
        frame.index = pd.Index(_index(obs, h5py), name="id" if "id" not in frame else None)
    return frame


def _h5py(path: Path) -> Any:
    try:
        import h5py
    except ImportError as error:
        raise MissingExtraError("h5py", "hdf5", f"reading {path}") from error
    return h5py


def _matrix(node: Any, title: str, h5py: Any) -> npt.NDArray[Any]:
    if isinstance(node, h5py.Dataset):
        values: npt.NDArray[Any] = node[()]
        return values
    kind = str(node.attrs.get("encoding-type", ""))
    if kind == "dataframe":
        return _frame(node, h5py).to_numpy(dtype=np.float64)
    raise InputError(
        f"{title}: is {'sparse (' + kind + ')' if kind else 'not a matrix'}, but embeddings must be dense; reduce it "
        "first, for instance with scanpy.pp.pca, and choose the result"
    )


def _index(obs: Any, h5py: Any) -> npt.NDArray[Any]:
    if isinstance(obs, h5py.Dataset):
        raise InputError(f"{obs.file.filename}: was written by anndata before 0.7; save it again with a newer version")
    return np.asarray(_column(obs[str(obs.attrs.get("_index", "_index"))], h5py))


def _frame(group: Any, h5py: Any) -> pd.DataFrame:
    names = [str(name) for name in group.attrs.get("column-order", ())]
    return pd.DataFrame({name: _column(group[name], h5py) for name in names if name in group})


def _column(node: Any, h5py: Any) -> Any:
    if isinstance(node, h5py.Dataset):
        return node.asstr()[()] if h5py.check_string_dtype(node.dtype) else node[()]
    kind = str(node.attrs.get("encoding-type", ""))
    if kind == "categorical":
        codes, categories = node["codes"][()], np.asarray(_column(node["categories"], h5py), dtype=object)
        return [None if code < 0 else categories[code] for code in codes.tolist()]
    if kind.startswith("nullable"):
        values = np.asarray(_column(node["values"], h5py), dtype=object)
        values[node["mask"][()]] = None
        return pd.Series(values).infer_objects().array
    return np.full(len(node[next(iter(node))]), None, dtype=object)
