"""Maps of tokens or of places -> one vector per item, for NumPy arrays and torch tensors."""

from __future__ import annotations

from typing import Any

from repdiff.core.errors import InputError


def pool_maps(
    maps: Any, pool: str | None, *, usual: str = "mean", mask: Any = None, channels_last: bool = False
) -> tuple[Any, str]:
    """One vector per item, and how it was made.

    Parameters
    ----------
    maps : array or tensor
        (b, d): vectors, which are returned unchanged. (b, tokens, d). (b, d, height, width), or (b, height, width, d)
        with ``channels_last``; if height and width are 1, nothing is pooled.
    pool : {"cls", "mean", "max", "none"} or None
        First token; mean or maximum over tokens or places; or all of them concatenated. None: ``usual``.
    usual : str
        The default pooling of token maps. The default for maps of places is the mean.
    mask : array or tensor of float32, (b, tokens), optional
        1 for tokens that count, 0 for padding.
    channels_last : bool
        See ``maps``.

    Raises
    ------
    InputError
        For maps of other shapes, or a pooling that they do not have.
    """
    shape = tuple(maps.shape)
    if len(shape) in (1, 2):
        return maps.reshape(shape[0], -1), ""
    if len(shape) == 3:
        return _pool_tokens(maps, pool or usual, mask if mask is not None and mask.shape[1] == shape[1] else None)
    if len(shape) == 4:
        return _pool_places(maps, pool or "mean", channels_last=channels_last)
    raise InputError(f"the layer gives maps of shape {shape}, which cannot be pooled; choose another layer")


def _pool_tokens(maps: Any, pool: str, mask: Any) -> tuple[Any, str]:
    if pool == "cls":
        return maps[:, 0], pool
    if pool == "none":
        if mask is not None and not bool((mask == 1).all()):
            raise InputError("pool none keeps every token, but texts differ in length; use mean, max or cls")
        return maps.reshape(maps.shape[0], -1), pool
    if mask is None:
        return (maps.mean(1) if pool == "mean" else _highest(maps, 1)), pool
    counts = mask[:, :, None]
    if pool == "mean":
        return (maps * counts).sum(1) / counts.sum(1), pool
    return _highest(maps - (1 - counts) * 1e30, 1), pool


def _pool_places(maps: Any, pool: str, *, channels_last: bool) -> tuple[Any, str]:
    places = (1, 2) if channels_last else (2, 3)
    if all(maps.shape[axis] == 1 for axis in places):
        return maps.reshape(maps.shape[0], -1), ""
    if pool == "cls":
        raise InputError("pool cls takes the first token, but the layer gives maps of places; use mean, max or none")
    if pool == "none":
        return maps.reshape(maps.shape[0], -1), pool
    return (maps.mean(places) if pool == "mean" else _highest(maps, places)), pool


def _highest(maps: Any, axes: int | tuple[int, int]) -> Any:
    # torch's max over an axis returns a pair; its amax is NumPy's max.
    return maps.amax(axes) if hasattr(maps, "amax") else maps.max(axes)
