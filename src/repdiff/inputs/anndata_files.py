"""AnnData files (.h5ad), read with h5py: a matrix of ``obsm`` or ``X``, and ``obs`` as the table of items.

The layout is that of the on-disk format of anndata (https://anndata.readthedocs.io, "On-disk format"). Like all HDF5
files they are read in another process; see :mod:`repdiff.inputs.hdf5`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from repdiff.core.apart import run_apart
from repdiff.core.errors import InputError
from repdiff.inputs.claims import check_claim
from repdiff.inputs.hdf5 import begin_reading, check_own_values, claim_of, joined, need_h5py, pieces
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
    need_h5py(f"reading {path}")
    found = dict(joined(run_apart(__name__, "send_matrix", str(path), name, source=str(path))))
    return found["values"], found["index"]


def read_obs(path: Path) -> pd.DataFrame:
    """The table ``obs``, with its index as ``id`` unless it has a column of that name."""
    need_h5py(f"reading {path}")
    frame: pd.DataFrame
    (frame,) = run_apart(__name__, "send_obs", str(path), source=str(path))
    return frame


# What follows runs in the other process.


def send_matrix(path: str, name: str | None) -> Iterator[Any]:
    """The pieces of ``values`` and ``index``."""
    import h5py

    with h5py.File(path, "r") as file:
        obsm = _member(file, "obsm", path, h5py)
        inner = obsm if isinstance(obsm, h5py.Group) else ()
        known = [*(f"obsm/{key}" for key in inner), *(["X"] if "X" in file else [])]
        if name is None and len(known) != 1:
            raise InputError(f"{path}: holds {few(known) or 'no matrix'}; choose one, as in {path}:{(*known, 'X')[0]}")
        name = known[0] if name is None else name
        node = _member(file, name, path, h5py) or _member(file, f"obsm/{name}", path, h5py)
        if node is None:
            raise InputError(f"{path}: there is no {few([name], quoted=True)}; it holds {few(known)}")
        yield from _matrix(node, f"{path}:{name}", path, h5py)
        index = np.asarray(_index(_required(file, "obs", path, h5py), path, h5py), dtype=object)
        yield "index", "O", index.shape
        yield index.tolist()


def send_obs(path: str) -> Iterator[Any]:
    """The table, whole."""
    import h5py

    with h5py.File(path, "r") as file:
        obs = _required(file, "obs", path, h5py)
        frame = _frame(obs, path, h5py)
        frame.index = pd.Index(_index(obs, path, h5py), name="id" if "id" not in frame else None)
        begin_reading(16 * frame.size, text=True)  # it is pickled, which takes as long
        yield frame


def _member(group: Any, name: str, path: str, h5py: Any) -> Any:
    """What has that name in the file itself, or nothing; links are not followed.

    Raises
    ------
    InputError
        Where it is a link.
    """
    for part in filter(None, name.split("/")):
        if not isinstance(group, h5py.Group) or part == "." or (link := group.get(part, getlink=True)) is None:
            return None
        if not isinstance(link, h5py.HardLink):
            raise InputError(
                f"{path}: {few([name], quoted=True)} is a link to another place, which is not followed; copy what it "
                "leads to into the file itself"
            )
        group = group[part]
    return group


def _required(group: Any, name: str, path: str, h5py: Any) -> Any:
    found = _member(group, name, path, h5py)
    if found is None:
        raise InputError(f"{path}: has no {few([name], quoted=True)}, which AnnData files have; write it again")
    return found


def _matrix(node: Any, title: str, path: str, h5py: Any) -> Iterator[Any]:
    if isinstance(node, h5py.Dataset):
        check_claim(title, claim_of(node), Path(path).stat().st_size)
        yield from pieces("values", node, title, h5py)
        return
    kind = str(node.attrs.get("encoding-type", ""))
    if kind != "dataframe":
        raise InputError(
            f"{title}: is {'sparse (' + kind[:40] + ')' if kind else 'not a matrix'}, but embeddings must be dense; "
            "reduce it first, for instance with scanpy.pp.pca, and choose the result"
        )
    values = _frame(node, path, h5py).to_numpy(dtype=np.float64)
    yield "values", values.dtype.str, values.shape
    yield values


def _index(obs: Any, path: str, h5py: Any) -> npt.NDArray[Any]:
    if isinstance(obs, h5py.Dataset):
        raise InputError(f"{path}: was written by anndata before 0.7; save it again with a newer version")
    return np.asarray(_column(_required(obs, str(obs.attrs.get("_index", "_index")), path, h5py), path, h5py))


def _frame(group: Any, path: str, h5py: Any) -> pd.DataFrame:
    names = [str(name) for name in group.attrs.get("column-order", ())]
    found = {name: _member(group, name, path, h5py) for name in names}
    return pd.DataFrame({name: _column(node, path, h5py) for name, node in found.items() if node is not None})


def _column(node: Any, path: str, h5py: Any) -> Any:
    if isinstance(node, h5py.Dataset):
        return _values(node, path, h5py)
    kind = str(node.attrs.get("encoding-type", ""))
    if kind == "categorical":
        codes = _column(_required(node, "codes", path, h5py), path, h5py)
        categories = np.asarray(_column(_required(node, "categories", path, h5py), path, h5py), dtype=object)
        return [None if code < 0 else categories[code] for code in codes.tolist()]
    if kind.startswith("nullable"):
        values = np.asarray(_column(_required(node, "values", path, h5py), path, h5py), dtype=object)
        values[_column(_required(node, "mask", path, h5py), path, h5py)] = None
        return pd.Series(values).infer_objects().array
    first = _required(node, next(iter(node), "values"), path, h5py)
    return np.full(len(first), None, dtype=object)


def _values(node: Any, path: str, h5py: Any) -> Any:
    check_own_values(node, path)
    check_claim(path, claim_of(node), Path(path).stat().st_size)
    text = h5py.check_string_dtype(node.dtype) is not None
    begin_reading(claim_of(node), text=text)
    return node.asstr(errors="replace")[()] if text else node[()]
