"""How the torch engine shares out memory: of the device, of the host, and of both where they are one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from repdiff.affinity.engine import Plan, spectral_bytes
from repdiff.affinity.exact import Exact, host_limit, ready_bytes
from repdiff.affinity.representation import Representation
from repdiff.affinity.torch_ranks import REFINING_BYTES
from repdiff.core.device import Device
from repdiff.core.errors import MemoryLimitError
from repdiff.core.memory import format_bytes
from repdiff.core.parallel import resolve_n_jobs
from repdiff.results.neighbors import lists_bytes

_SHARE_OF_FREE = 0.75
_MOST_TILE_ROWS, _FEWEST_TILE_ROWS = 1024, 16
_BYTES_PER_ENTRY = 80  # of a tile while it is sorted: distances, items, their sorted copies, the sort's own memory
AT_ONCE = 2  # steps after the affinities that are on the device together
K_MEANS_BYTES, _K_MEANS_BYTES_PER_ITEM = 400 * 10**6, 6000  # the most, and with few items


@dataclass(frozen=True)
class Layout:
    """What is on the device.

    Attributes
    ----------
    tile_rows : int
        Rows of a tile.
    holds_matrix : bool
        Whether the matrix is there; else it is kept on the host.
    need : int
        Bytes.
    """

    tile_rows: int
    holds_matrix: bool
    need: int

    @classmethod
    def of(cls, n: int, embeddings: int, tile_rows: int, holds_matrix: bool) -> Layout:
        """With its need."""
        computing = embeddings + _BYTES_PER_ENTRY * n * tile_rows
        if not holds_matrix:
            return cls(tile_rows, False, computing)
        k_means = min(K_MEANS_BYTES, _K_MEANS_BYTES_PER_ITEM * n)
        # The projection takes no more than the embeddings did.
        afterwards = embeddings + AT_ONCE * (spectral_bytes(n) + k_means)
        return cls(tile_rows, True, 4 * n**2 + max(computing, afterwards))

    @classmethod
    def least(cls, n: int, embeddings: int) -> Layout:
        """The one that needs the least."""
        return cls.of(n, embeddings, min(n, _FEWEST_TILE_ROWS), False)

    @classmethod
    def best(cls, n: int, embeddings: int, limit: int) -> Layout | None:
        """With the matrix if it fits into a limit, and then the tallest tiles; None if nothing fits."""
        for holds_matrix in (True, False):
            left = limit - embeddings - (4 * n**2 if holds_matrix else 0)
            rows = min(n, _MOST_TILE_ROWS, left // (_BYTES_PER_ENTRY * n))
            if rows >= min(n, _FEWEST_TILE_ROWS):
                found = cls.of(n, embeddings, rows, holds_matrix)
                if found.need <= limit:
                    return found
        return None


def plan_memory(
    x: Representation,
    y: Representation,
    device: Device,
    *,
    memory_limit: int | None,
    device_memory_limit: int | None,
    n_neighbors: int,
    n_jobs: int | None,
    held: int,
    like: Plan | None,
) -> Plan:
    """The plan; its details hold the layout and the need and limit of the device.

    On the CPU device, what is on the device counts towards both limits.

    Raises
    ------
    MemoryLimitError
        If it does not fit; the message says on which side.
    """
    beside = ready_bytes(x, y) + lists_bytes(x.n, n_neighbors)
    host = host_limit(memory_limit, held)
    one = device.kind == "cpu"
    limit = device_limit(device, device_memory_limit, host - beside)
    embeddings = _embedding_bytes(x, y)
    if like is not None:
        layout: Layout | None = Layout.of(
            x.n, embeddings, like.details["tile_rows"], like.details["matrix_on"] == "device"
        )
    else:
        layout = Layout.best(x.n, embeddings, min(limit, host - beside) if one else limit)
    if layout is None:
        least = Layout.least(x.n, embeddings).need
        raise MemoryLimitError(_too_little(x.n, least, limit, beside, host, one))
    details: dict[str, Any] = {
        "tile_rows": layout.tile_rows, "matrix_on": "device" if layout.holds_matrix else "host", "bits": 32,
        "device_memory_need": layout.need, "device_memory_limit": limit,
    }  # fmt: skip
    if not layout.holds_matrix:
        return _with_matrix_on_host(x, y, details, n_neighbors, memory_limit, n_jobs, held, like)
    need = beside + (layout.need if one else spectral_bytes(x.n))
    if need > host:
        raise MemoryLimitError(
            f"the torch engine needs {format_bytes(need)} of main memory for {x.n:,} items, but may use "
            f"{format_bytes(host)}; raise the memory limit"
        )
    return Plan(need, host, None, resolve_n_jobs(n_jobs), like.details if like else details)


def device_limit(device: Device, given: int | None, left_on_host: int) -> int:
    """Bytes of the device that may be used: as given, else a share of what is free, or what is left on the host."""
    if given is not None:
        return given
    return left_on_host if device.kind == "cpu" else int(_SHARE_OF_FREE * device.free_bytes())


def _with_matrix_on_host(
    x: Representation,
    y: Representation,
    details: dict[str, Any],
    n_neighbors: int,
    memory_limit: int | None,
    n_jobs: int | None,
    held: int,
    like: Plan | None,
) -> Plan:
    """The plan of the exact engine, whose storage is used."""
    try:
        host = Exact(n_neighbors=n_neighbors).plan(
            x, y, memory_limit=memory_limit, n_jobs=n_jobs, held=held, like=like
        )  # fmt: skip
    except MemoryLimitError as error:
        limit = format_bytes(details["device_memory_limit"])
        raise MemoryLimitError(
            f"the affinity of {x.n:,} items does not fit on the device, which may use {limit} (the device memory "
            f"limit), nor in main memory: {error}"
        ) from None
    found = {**details, "bits": host.details["bits"]}
    return Plan(host.need, host.limit, None, host.n_jobs, like.details if like else found)


def _embedding_bytes(x: Representation, y: Representation) -> int:
    """Rows as given and as they are multiplied; of the cosine metric, also those of length one."""
    per_value = (side.values.dtype.itemsize + 4 + (8 if side.metric == "cosine" else 0) for side in (x, y))
    return sum(side.values.size * size for side, size in zip((x, y), per_value, strict=True)) + REFINING_BYTES


def _too_little(n: int, least: int, limit: int, beside: int, host: int, one: bool) -> str:
    """Which memory is too little, and for what."""
    if least > limit and not (one and limit == host - beside):
        return (
            f"the torch engine needs {format_bytes(least)} on its device for {n:,} items, but may use "
            f'{format_bytes(limit)} there; raise the device memory limit, or use engine="exact"'
        )
    return (
        f"the torch engine needs {format_bytes(beside + least)} for {n:,} items, but may use {format_bytes(host)} of "
        'main memory, which its device, the CPU, uses too; raise the memory limit, or use engine="exact"'
    )
