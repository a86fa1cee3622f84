"""What exported graphs (onnx, pt2) share: they give the shape of their input, but not how to make it from images."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from repdiff.core.errors import InputError
from repdiff.core.memory import format_bytes
from repdiff.encoding.models.base import options_of, positive

if TYPE_CHECKING:
    from PIL.Image import Image

NORMALIZATIONS = {
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "half": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "none": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
}
_USUAL_SIZE = 224
_LARGEST_BATCH = 1 << 30  # bytes
_GREY, _COLOUR = 1, 3
_LAYOUTS = {"first": 1, "last": 3}  # which axis holds the colours


@dataclass(frozen=True)
class ToTensor:
    """An image cut to the shape of the input around its centre, resized, and normalised.

    Attributes
    ----------
    height, width, channels : int
        Of the input; one channel gets grey levels.
    channels_last : bool
        Whether it is (height, width, channels).
    normalize : str
        A name of :data:`NORMALIZATIONS`; integer inputs get 0 to 255.
    dtype : str
        NumPy's name for the input's type.
    """

    height: int
    width: int
    channels: int
    channels_last: bool
    normalize: str
    dtype: str

    def __call__(self, image: Image) -> npt.NDArray[Any]:
        """The image as the graph's input, without the batch axis."""
        # Cutting is part of resizing: a line of 1 x 10,000 pixels is never enlarged 224 times.
        scale = min(image.width / self.width, image.height / self.height)
        width, height = scale * self.width, scale * self.height
        left, top = (image.width - width) / 2, (image.height - height) / 2
        picture = image.convert("L") if self.channels == _GREY else image
        picture = picture.resize(
            (self.width, self.height), 3, box=(left, top, left + width, top + height)
        )  # 3: bicubic
        values = np.asarray(picture).reshape(self.height, self.width, self.channels)
        values = self._normalized(values)
        return np.ascontiguousarray(values if self.channels_last else values.transpose(2, 0, 1))

    def _normalized(self, values: npt.NDArray[np.uint8]) -> npt.NDArray[Any]:
        if np.dtype(self.dtype).kind != "f":
            return values.astype(self.dtype)
        mean, std = (np.array(part[: self.channels], np.float32) for part in NORMALIZATIONS[self.normalize])
        scaled: npt.NDArray[Any] = (values * (1 / (255 * std)) - mean / std).astype(self.dtype)
        return scaled

    def __str__(self) -> str:
        """For the manifest."""
        values = f"normalised: {self.normalize}" if np.dtype(self.dtype).kind == "f" else "levels 0 to 255"
        colours = "grey" if self.channels == _GREY else "RGB"
        return f"cut around the centre, resized to {self.width} x {self.height}, bicubic; {colours}, {values}"


def to_tensor(shape: Sequence[Any], dtype: str, options: dict[str, str], what: str) -> ToTensor:
    """The conversion of an image to input of this shape; sides that the graph leaves open are ``size=``, or 224.

    Parameters
    ----------
    shape : sequence of int or other
        Shape of the input. An open side is None or the name of the axis.
    dtype : str
        NumPy's name for the type of the input.
    options : mapping
        The ``normalize``, ``size`` and ``layout`` options of the spec.
    what : str
        Name of the model in messages.

    Raises
    ------
    InputError
        If the input is not an image, it is unclear which axis holds the colours, or an option is invalid.
    """
    shape = list(shape) or [None] * 4  # onnxruntime has an empty one where the graph says nothing
    sides = [size if isinstance(size, int) and size > 0 else None for size in shape]
    channels_last = _channels_last(shape, sides, options.get("layout"), what)
    height, width, channels = sides[1:] if channels_last else [*sides[2:], sides[1]]
    normalize = options.get("normalize", "imagenet")
    if normalize not in NORMALIZATIONS:
        raise InputError(f"{what}: normalize must be one of {', '.join(NORMALIZATIONS)}, but is {normalize!r}")
    size = positive(options.get("size", str(_USUAL_SIZE)), f"{what}: size")
    return ToTensor(height or size, width or size, channels or _COLOUR, channels_last, normalize, dtype)


def check_batch(batch_size: int | None, prepare: ToTensor, what: str) -> None:
    """Refuse a graph whose fixed batch would fill the memory: the last one is filled up to its size.

    Raises
    ------
    InputError
        With the size that it claims.
    """
    one = prepare.height * prepare.width * prepare.channels * np.dtype(prepare.dtype).itemsize
    size = (batch_size or 1) * one
    if size > _LARGEST_BATCH:
        raise InputError(
            f"{what}: takes {batch_size or 1:,} images of {prepare.width} x {prepare.height} at once, "
            f"{format_bytes(size)}; export it with an open batch"
        )


def _channels_last(shape: list[Any], sides: list[int | None], layout: str | None, what: str) -> bool:
    """Whether the colours are the last axis: by ``layout=``, by an axis of 1 or 3, or by the name of an open axis."""
    if layout is not None and layout not in _LAYOUTS:
        raise InputError(f"{what}: layout must be one of {', '.join(_LAYOUTS)}, but is {layout!r}")
    fits = {name: len(sides) == 4 and sides[axis] in (_GREY, _COLOUR, None) for name, axis in _LAYOUTS.items()}
    if not any(fits.values()) or (layout and not fits[layout]):
        raise InputError(f"{what}: takes input of shape {shape}, which is not a batch of images; use py: for it")
    if layout:
        return layout == "last"
    known = [name for name, axis in _LAYOUTS.items() if sides[axis] in (_GREY, _COLOUR)]
    named = [name for name, axis in _LAYOUTS.items() if _names_colours(shape[axis])]
    for found in (known, named):
        if found:
            return found[0] == "last"
    raise InputError(
        f"{what}: takes input of shape {shape}, which does not say which axis holds the colours; add layout=first "
        "(batch, colours, height, width) or layout=last (batch, height, width, colours), as in ?layout=first"
    )


def _names_colours(name: Any) -> bool:
    return isinstance(name, str) and ("chan" in name.lower() or name.lower() in ("c", "colors", "colours"))


def open_graph(target: str, kind: str) -> tuple[Path, dict[str, str]]:
    """The file of a spec, and its options.

    Raises
    ------
    InputError
        If there is no such file, or for an unknown option.
    """
    name, options = options_of(
        target, {"normalize": "|".join(NORMALIZATIONS), "size": "PIXELS", "layout": "first|last"}
    )
    path = Path(name)
    if not path.is_file():
        raise InputError(f"{kind}:{name}: no such file; check the path")
    return path, options


def file_sha256(path: Path) -> str:
    """Hash of the file, and of weight files whose names start with its name."""
    digest = hashlib.sha256()
    beside = sorted(other for other in path.parent.glob(f"{path.name}*data") if other.is_file())
    for part in (path, *beside):
        with part.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def filled(samples: list[Any], batch_size: int | None) -> npt.NDArray[Any]:
    """The samples as a batch; if the graph fixes its size, the last one is repeated to fill it."""
    lacking = 0 if batch_size is None else batch_size - len(samples)
    return np.stack(samples + samples[-1:] * lacking)
