"""A torch device, for engines and for the steps after them; torch is imported when a device is created."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.core.arrays import FloatArray
from repdiff.core.errors import MissingExtraError, RepdiffError
from repdiff.core.memory import available_bytes
from repdiff.core.parallel import row_tiles

_BYTES_COPIED = 1 << 26


@dataclass(frozen=True)
class Device:
    """A torch device, and how it is used; its tensors are :class:`repdiff.core.arrays.Arrays`."""

    torch: Any
    name: str
    tf32: bool

    @classmethod
    def named(cls, name: str | None, *, tf32: bool) -> Device:
        """The device of that name; for None the first available of cuda, mps and cpu."""
        try:
            import torch
        except ImportError as error:
            raise MissingExtraError("torch", "torch", 'engine="torch"') from error
        count = {"cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available()), "cpu": 1}
        if name is None:
            name = next(kind for kind in count if count[kind])
        kind, _, index = name.partition(":")
        if kind not in count or not (index or "0").isdecimal():
            raise RepdiffError(f'device must be "cuda", "mps" or "cpu", with a number as in "cuda:1", but is {name!r}')
        if int(index or 0) >= count[kind]:
            there = ", ".join(f"{count[kind]} {kind}" for kind in count if count[kind])
            raise RepdiffError(f"torch finds no device {name!r} here (it finds {there}); choose another device")
        return cls(torch, name, tf32)

    @property
    def kind(self) -> str:
        """cuda, mps or cpu."""
        return self.name.partition(":")[0]

    @property
    def title(self) -> str:
        """The name to display: ``"cuda (NVIDIA H200)"``."""
        return f"{self.name} ({self.torch.cuda.get_device_name(self.name)})" if self.kind == "cuda" else self.name

    @property
    def refines(self) -> bool:
        """Whether near ties are put in order by float64 distances."""
        return self.knows_float64 and not self.tf32

    def put(self, array: npt.NDArray[Any]) -> Any:
        """The array as a tensor on the device."""
        given = np.ascontiguousarray(array)
        if given.flags.writeable:
            return self.torch.from_numpy(given).to(self.name)
        # torch takes writeable memory only; of a memory map a few rows are copied at a time.
        out = self.torch.empty(
            given.shape, dtype=self.torch.from_numpy(np.empty(0, given.dtype)).dtype, device=self.name
        )
        for rows in row_tiles(len(given), max(1, _BYTES_COPIED * len(given) // max(1, given.nbytes))):
            out[rows] = self.torch.from_numpy(np.array(given[rows]))
        return out

    @property
    def precise(self) -> Any:
        """float64, or float32 on a device that has no wider numbers."""
        return self.torch.float64 if self.knows_float64 else self.torch.float32

    @property
    def knows_float64(self) -> bool:
        """Whether it has numbers wider than float32."""
        return self.kind != "mps"

    def get(self, matrix: Any) -> npt.NDArray[Any]:
        """The tensor as an array on the host."""
        return np.asarray(matrix.cpu().numpy())

    def empty_columns(self, n: int, count: int) -> Any:
        """An uninitialised float32 matrix on the device, (n, count), whose columns are contiguous."""
        return self.empty(count, n).T

    def lengths(self, matrix: Any) -> FloatArray:
        """Length of each column."""
        return self.get(self.torch.linalg.vector_norm(matrix, dim=0))

    def orthonormal(self, matrix: Any) -> tuple[Any, FloatArray]:
        """By the Cholesky factor of the columns' products, which are small enough for the host.

        A column that depends on those before it is not scaled: what is left of it is rounding. Digits are lost where
        columns are nearly dependent, so callers repeat it until each column keeps most of its length (Cholesky QR 2;
        Yamamoto, Nakatsukasa, Yanagisawa & Fukaya 2015).
        """
        wide = matrix.to(self.precise)
        products = self.get(wide.T @ wide)
        lower, kept = _cholesky(products.astype(np.float64), 64 * float(np.finfo(products.dtype).eps))
        inverse = np.linalg.inv(lower).T.astype(products.dtype)
        return (wide @ self.put(inverse)).to(self.torch.float32), kept.astype(np.float32)

    def empty(self, rows: int, columns: int) -> Any:
        """An uninitialised float32 matrix on the device."""
        return self.torch.empty((rows, columns), dtype=self.torch.float32, device=self.name)

    def free_bytes(self) -> int:
        """Bytes that are still free on the device, with those that torch keeps for later use."""
        if self.kind == "cuda":
            kept = self.torch.cuda.memory_reserved(self.name) - self.torch.cuda.memory_allocated(self.name)
            return int(self.torch.cuda.mem_get_info(self.name)[0] + kept)
        if self.kind == "mps":
            return int(self.torch.mps.recommended_max_memory() - self.torch.mps.driver_allocated_memory())
        return available_bytes()

    def wait(self) -> None:
        """Wait for queued work to finish, so that progress is true and Ctrl-C is noticed."""
        if self.kind != "cpu":
            getattr(self.torch, self.kind).synchronize()

    def precision(self) -> AbstractContextManager[None]:
        """Products in float32, or in TF32 if requested, while the block runs."""
        return self._products_in("high" if self.tf32 else "highest")

    def exact_products(self) -> AbstractContextManager[None]:
        """Products in float32 while the block runs."""
        return self._products_in("highest")

    def _products_in(self, wanted: str) -> AbstractContextManager[None]:
        return _precision_of_products(self.torch, wanted)


class _PrecisionOfProducts:
    """Sets torch's precision of float32 products, which is that of the whole process, while any caller needs it.

    Callers are counted, so that one of several threads that ends first does not put back what was set before. Threads
    that want different precisions at the same time must not be started.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holders, self._before = 0, ""
        self._of_thread = threading.local()

    @contextmanager
    def __call__(self, torch: Any, wanted: str) -> Iterator[None]:
        own: list[str] = vars(self._of_thread).setdefault("wanted", [])
        with self._lock:
            if not self._holders:
                self._before = torch.get_float32_matmul_precision()
            self._holders += 1
            self._set(torch, wanted)
        own.append(wanted)
        try:
            yield
        finally:
            own.pop()
            with self._lock:
                self._holders -= 1
                if own:
                    self._set(torch, own[-1])
                elif not self._holders:
                    self._set(torch, self._before)

    @staticmethod
    def _set(torch: Any, wanted: str) -> None:
        if torch.get_float32_matmul_precision() != wanted:
            torch.set_float32_matmul_precision(wanted)


_precision_of_products = _PrecisionOfProducts()


def _cholesky(
    products: npt.NDArray[np.float64], smallest: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The Cholesky factor, and the length of each column less its projection on those before it.

    A column of which less than ``smallest`` of its squared length is left gets one on the diagonal, and takes no part.
    """
    size = len(products)
    lower, kept = np.eye(size), np.empty(size)
    for column in range(size):
        rest = products[column:, column] - lower[column:, :column] @ lower[column, :column]
        kept[column] = np.sqrt(max(rest[0], 0.0))
        if rest[0] > smallest * products[column, column]:
            lower[column:, column] = rest / kept[column]
    return lower, kept
