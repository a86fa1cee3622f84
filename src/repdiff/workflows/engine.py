"""The engine that settings name, and its device."""

from __future__ import annotations

from repdiff.affinity.engine import Engine, UsesDevice
from repdiff.affinity.engines import engine_of
from repdiff.core.device import Device
from repdiff.settings import ComputingSettings


def engine_for(settings: ComputingSettings, *, n_neighbors: int = 0) -> Engine:
    """The engine by name with its device, or the user's own.

    Parameters
    ----------
    settings : ComputingSettings
        Which.
    n_neighbors : int
        Nearest neighbours of each item that it is to read off its ranks, if it can.
    """
    return engine_of(
        settings.engine, settings.device, device_memory_limit=settings.device_memory_bytes, n_neighbors=n_neighbors
    )


def device_for(settings: ComputingSettings) -> Device | None:
    """The device of that engine, if it has one: for the steps after the affinities."""
    engine = engine_for(settings)
    return engine.open_device() if isinstance(engine, UsesDevice) else None
