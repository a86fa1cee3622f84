"""The synthetic pair of :mod:`data`, drawn on a torch device, where a billion numbers take no time."""

from __future__ import annotations

from typing import Any

import torch
from data import KINDS, SHARED, SPECTRAL_DECAY, Pair

_ROWS_AT_A_TIME = 1 << 16


def synthetic_pair_on(device: str, n: int, d_x: int, d_y: int, *, copied: float = 0.0, seed: int = 0) -> Pair:
    """Two representations of n items as arrays on the host; see :func:`data.synthetic_pair`.

    Parameters
    ----------
    device : str
        Where they are drawn; other devices draw other numbers.
    n, d_x, d_y : int
        Items, and columns of both.
    copied : float
        Share of the rows that are overwritten by others, the same on both sides.
    seed : int
        Seed.
    """
    draw = torch.Generator(device).manual_seed(seed)
    on = {"generator": draw, "device": device}
    shares = torch.rand(KINDS, **on).add_(0.1)
    kind_x = torch.multinomial(shares, n, replacement=True, generator=draw)
    other = torch.multinomial(shares, n, replacement=True, generator=draw)
    kind_y = torch.where(torch.rand(n, **on) < SHARED, kind_x, other)
    within = torch.randn((n, min(d_x, d_y)), **on)
    x, y = _side(kind_x, within, d_x, on), _side(kind_y, within, d_y, on)
    if copied:
        rows = torch.randperm(n, **on)[: int(copied * n)]
        sources = torch.randint(n, (len(rows),), **on)
        x[rows], y[rows] = x[sources], y[sources]
    return x.cpu().numpy(), y.cpu().numpy()


def _side(kind: Any, within: Any, d: int, on: dict[str, Any]) -> Any:
    spectrum = torch.arange(1, d + 1, device=on["device"]) ** -SPECTRAL_DECAY
    centres, widths = torch.randn((KINDS, d), **on), torch.rand(KINDS, **on) + 0.5
    mixing = torch.linalg.qr(torch.randn((d, d), **on))[0] * spectrum[:, None]
    out = torch.empty((len(kind), d), device=on["device"])
    for start in range(0, len(kind), _ROWS_AT_A_TIME):
        rows = slice(start, start + _ROWS_AT_A_TIME)
        values = torch.randn(out[rows].shape, **on)
        values[:, : within.shape[1]] += within[rows]
        out[rows] = (values * widths[kind[rows], None] + centres[kind[rows]]) @ mixing
    return out
