"""Where the work is done: a Dask cluster, and the folder that its workers share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias, runtime_checkable

from repdiff.settings.fields import SettingsGroup, setting

MOST_WORKERS = 1024  # that are started on this machine
ON_CLUSTERS = ("auto", "sampled")  # engines


@runtime_checkable
class DaskLike(Protocol):
    """A Client or a cluster of ``dask.distributed``."""

    @property
    def scheduler_info(self) -> Any:
        """Which workers there are."""

    def close(self) -> Any:
        """End the connection or the cluster."""


DaskChoice: TypeAlias = int | str | DaskLike


def _is_number_or_address(dask: Any) -> bool:
    if isinstance(dask, int):
        return 1 <= dask <= MOST_WORKERS
    return bool(dask.strip()) if isinstance(dask, str) else True


@dataclass(frozen=True, kw_only=True)
class DaskSettings(SettingsGroup):
    """Where the work is done."""

    dask: DaskChoice | None = setting(
        None,
        "Run on a Dask cluster: address of its scheduler, or number of workers to start here.",
        more="Also a Client or a cluster of ``dask.distributed``. The result has the same bits as the sampled engine's "
        "without a cluster; see docs/scale.md.",
        check=_is_number_or_address,
        allowed=f"a number of workers from 1 to {MOST_WORKERS:,}, the address of a scheduler such as "
        "tcp://10.0.0.1:8786, or a Client of dask.distributed",
        kind="int, str, Client or cluster",
        metavar="N|ADDRESS",
    )
    dask_folder: str | Path | None = setting(
        None,
        "Folder that this process and all workers share.",
        more="Arrays that are not in .npy files go there while the work is done.",
        unset="the system's folder for temporary files",
        kind="path",
        metavar="FOLDER",
    )
