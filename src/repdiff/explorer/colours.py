"""What the maps may be coloured by besides clusters: labels, who is right, how many neighbours are kept, any column."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from repdiff.core.errors import RepdiffError
from repdiff.explorer.explored import N_SHOWN, Explored
from repdiff.report.payload import packed

_MOST_COLOURS = 11  # values with a colour of their own; the others share one
MISSING = 255
Codes = npt.NDArray[np.uint8]
_RIGHT = ("both right", "only {x} right", "only {y} right", "both wrong")


def choices(explored: Explored) -> list[list[str]]:
    """What the maps can be coloured by: key and words."""
    x, y = explored.right
    found = [["kept", "neighbours kept"]] if explored.lists is not None else []
    found += [["right", "who is right"]] if x is not None and y is not None else []
    own = explored.comparison.items
    able = [name for name in explored.columns if name not in ("id", own.image, own.text)]
    return found + [[f"column:{name}", name] for name in able]


def colours(explored: Explored, by: str) -> dict[str, Any]:
    """A code for each item, (n,) bytes, and what the codes mean.

    Raises
    ------
    RepdiffError
        Where there is no such thing to colour by.
    """
    if by not in {key for key, _ in choices(explored)}:
        raise RepdiffError(f"the maps cannot be coloured by {by[:40]!r}")
    if by == "kept":
        return _of_numbers(explored.kept, 0.0, float(N_SHOWN))
    if by == "right":
        x, y = explored.right
        assert x is not None
        assert y is not None
        codes = (2 * (x != 1) + (y != 1)).astype(np.uint8)
        codes[np.isnan(x) | np.isnan(y)] = MISSING
        names = dict(zip("xy", explored.comparison.names, strict=True))
        return {
            "kind": "names",
            "names": [words.format_map(names) for words in _RIGHT],
            "codes": packed(codes, np.uint8),
        }
    name = by.removeprefix("column:")
    values = explored.comparison.items.frame[name]
    numbers = values.dtype
    if pd.api.types.is_numeric_dtype(numbers) and not pd.api.types.is_bool_dtype(numbers) and values.nunique() > 12:
        found = values.to_numpy(np.float64, na_value=np.nan)
        return _of_numbers(found, float(np.nanmin(found)), float(np.nanmax(found)))
    return _of_names(explored.columns[name])


def _of_numbers(values: npt.NDArray[np.float64], low: float, high: float) -> dict[str, Any]:
    scaled = (values - low) / ((high - low) or 1.0)
    codes = np.where(np.isnan(scaled), MISSING, np.clip(np.nan_to_num(scaled), 0, 1) * 254)
    return {"kind": "numbers", "low": low, "high": high, "codes": packed(np.rint(codes), np.uint8)}


def _of_names(values: list[str]) -> dict[str, Any]:
    counts = Counter(filter(None, values))
    common = [value for value, _ in counts.most_common(_MOST_COLOURS)]
    place = {value: code for code, value in enumerate(common)}
    others = len(counts) > len(common)
    rest = len(common) if others else MISSING
    codes = np.array([place.get(value, rest if value else MISSING) for value in values], np.uint8)
    names = [*common, f"{len(counts) - len(common)} others"] if others else common
    return {"kind": "names", "names": names, "codes": packed(codes, np.uint8)}
