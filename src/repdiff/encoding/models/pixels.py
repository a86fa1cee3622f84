"""``pixels``: the image itself, reduced in size; a baseline without a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from repdiff.encoding.models.base import (
    USUAL,
    Matrix,
    Model,
    ModelKind,
    Output,
    Request,
    no_layers,
    options_of,
    positive,
)

if TYPE_CHECKING:
    from PIL.Image import Image

_SIDE = 32


@dataclass(frozen=True)
class _Shrink:
    """RGB from 0 to 1 of the image at ``side`` x ``side`` pixels, in rows."""

    side: int

    def __call__(self, image: Image) -> Matrix:
        small = image.resize((self.side, self.side), 2)  # 2: bilinear, over all pixels within an output pixel
        return np.asarray(small, np.float32).ravel() / np.float32(255)


@dataclass(frozen=True)
class _Pixels:
    prepare: _Shrink
    classes: None = None
    batch_size: None = None

    @property
    def facts(self) -> Mapping[str, Any]:
        side = self.prepare.side
        return {"weights_sha256": None, "preprocessing": f"resized to {side} x {side}, bilinear; RGB / 255"}

    def collate(self, samples: list[Any]) -> Matrix:
        return np.stack(samples)

    def embed(self, batch: Matrix) -> Output:
        return Output({USUAL: batch}, {USUAL: ""})


def _load(target: str, request: Request) -> Model:
    _, options = options_of(target, {"size": "PIXELS"})
    no_layers(request, "pixels")
    return _Pixels(_Shrink(positive(options.get("size", str(_SIDE)), "pixels: size")))


KIND = ModelKind(
    "pixels", "pixels", f"the image itself at {_SIDE} x {_SIDE} pixels (pixels?size=64)", ("image",), _load
)
