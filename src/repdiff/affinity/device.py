"""What the torch engine needs to know about a device; torch is imported when a device is created."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from repdiff.core.errors import MissingExtraError, RepdiffError
from repdiff.core.memory import available_bytes


@dataclass(frozen=True)
class Device:
    """A torch device, and how the engine uses it."""

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
        return self.kind != "mps" and not self.tf32

    def put(self, array: npt.NDArray[Any]) -> Any:
        """The array as a tensor on the device."""
        return self.torch.from_numpy(np.ascontiguousarray(array)).to(self.name)

    def empty(self, rows: int, columns: int) -> Any:
        """An uninitialised float32 matrix on the device."""
        return self.torch.empty((rows, columns), dtype=self.torch.float32, device=self.name)

    def free_bytes(self) -> int:
        """Bytes that are still free on the device."""
        if self.kind == "cuda":
            return int(self.torch.cuda.mem_get_info(self.name)[0])
        if self.kind == "mps":
            return int(self.torch.mps.recommended_max_memory() - self.torch.mps.driver_allocated_memory())
        return available_bytes()

    def wait(self) -> None:
        """Wait for queued work to finish, so that progress is true and Ctrl-C is noticed."""
        if self.kind != "cpu":
            getattr(self.torch, self.kind).synchronize()

    @contextmanager
    def precision(self) -> Iterator[None]:
        """Products in float32, or in TF32 if requested."""
        before, wanted = self.torch.get_float32_matmul_precision(), "high" if self.tf32 else "highest"
        if before == wanted:
            yield
            return
        self.torch.set_float32_matmul_precision(wanted)
        try:
            yield
        finally:
            self.torch.set_float32_matmul_precision(before)
