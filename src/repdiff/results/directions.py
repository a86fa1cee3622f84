"""The two directions of a comparison."""

from __future__ import annotations

from typing import Literal, get_args

DirectionName = Literal["x_only", "y_only"]

DIRECTIONS: tuple[DirectionName, ...] = get_args(DirectionName)
