"""Maps of tokens or of places -> one vector per item, for NumPy arrays and torch tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
    pool : {"cls", "last", "mean", "max", "none", "mean_sqrt_len", "weighted_mean"} or None
        First or last token; mean or maximum over tokens or places; or all of them concatenated. For the
        tokens of sentence encoders also: the sum divided by the square root of the number of tokens, and the mean with
        weights 1, 2, 3, ... None: ``usual``.
    usual : str
        The default pooling of token maps. The default for maps of places is the mean.
    mask : array or tensor of float32, (b, tokens), optional
        1 for tokens that count, 0 for padding, which is on the right, and for tokens of a prompt that do not count.
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
    if pool == "none":
        if mask is not None and not bool((mask == 1).all()):
            raise InputError("pool none keeps every token, but texts differ in length; use mean, max, cls or last")
        return maps.reshape(maps.shape[0], -1), pool
    if mask is None and pool in ("mean", "max"):
        return (maps.mean(1) if pool == "mean" else _highest(maps, 1)), pool
    if mask is None:
        mask = maps[:, :, 0] * 0 + 1
    return _TOKENS[pool](maps, mask), pool


def _first(maps: Any, mask: Any) -> Any:
    return _token_at(maps, mask.argmax(1))


def _last(maps: Any, mask: Any) -> Any:
    return _token_at(maps, (mask.cumsum(1) * mask).argmax(1))


def _token_at(maps: Any, places: Any) -> Any:
    return maps[list(range(maps.shape[0])), places]


def _mean(maps: Any, mask: Any) -> Any:
    return _sum(maps, mask) / _count(mask)


def _mean_sqrt_len(maps: Any, mask: Any) -> Any:
    return _sum(maps, mask) / _count(mask) ** 0.5


def _weighted_mean(maps: Any, mask: Any) -> Any:
    """Later tokens weigh more: the first weighs 1, the second 2 (Muennighoff 2022, SGPT, equation 2)."""
    weights = (mask * 0 + 1).cumsum(1) * mask
    return _sum(maps, weights) / _count(weights)


def _sum(maps: Any, weights: Any) -> Any:
    return (maps * weights[:, :, None]).sum(1)


def _count(mask: Any) -> Any:
    return mask.sum(1)[:, None].clip(1e-9)  # a text without a token becomes zeros, as in sentence-transformers


def _highest_token(maps: Any, mask: Any) -> Any:
    return _highest(maps - (1 - mask[:, :, None]) * 1e30, 1)


_TOKENS: Mapping[str, Callable[[Any, Any], Any]] = {
    "cls": _first,
    "mean": _mean,
    "max": _highest_token,
    "last": _last,
    "mean_sqrt_len": _mean_sqrt_len,
    "weighted_mean": _weighted_mean,
}


def _pool_places(maps: Any, pool: str, *, channels_last: bool) -> tuple[Any, str]:
    places = (1, 2) if channels_last else (2, 3)
    if all(maps.shape[axis] == 1 for axis in places):
        return maps.reshape(maps.shape[0], -1), ""
    if pool in ("cls", "last"):
        which = "first" if pool == "cls" else "last"
        raise InputError(
            f"pool {pool} takes the {which} token, but the layer gives maps of places; use mean, max or none"
        )
    if pool == "none":
        return maps.reshape(maps.shape[0], -1), pool
    return (maps.mean(places) if pool == "mean" else _highest(maps, places)), pool


def _highest(maps: Any, axes: int | tuple[int, int]) -> Any:
    # torch's max over an axis returns a pair; its amax is NumPy's max.
    return maps.amax(axes) if hasattr(maps, "amax") else maps.max(axes)
