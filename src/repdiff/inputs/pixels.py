"""An opened image -> upright pixels of 8-bit RGB on white, no larger than asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image

SPARE_PIXELS = 2.0  # pixels of a shrunken decode per pixel of the result, each way

_BAND = 256  # rows that are laid on white at a time
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def upright_rgb(image: Image.Image, longest_side: int | None) -> Image.Image:
    """The pixels of a loaded image as a person should see them.

    Parameters
    ----------
    image : Image
        Of any mode. Greyscale of 16 bits is scaled to 8, not clipped; what is transparent is laid on white; the
        rotation in its EXIF block is applied.
    longest_side : int or None
        Shrink to at most this many pixels on the longest side, at true aspect ratio; never enlarged.

    Returns
    -------
    Image
        A new one, in mode RGB.
    """
    picture = _on_white(_fit(_with_8_bits(image), longest_side))
    turn = _turn(image)
    return picture if turn is None else picture.transpose(turn)


def _with_8_bits(image: Image.Image) -> Image.Image:
    """The image as RGB, or RGBA where anything may be transparent."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        return Image.fromarray(_grey_levels(np.asarray(image))).convert("RGB")
    mode = "RGBA" if image.has_transparency_data else "RGB"
    return image if image.mode == mode else image.convert(mode)


def _grey_levels(values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Levels 0 to 255: floats from 0 to 1 and integers of 16 bits keep their scale, else from least to greatest."""
    levels = np.nan_to_num(values.astype(np.float32), posinf=0.0, neginf=0.0)
    low, high = 0.0, 1.0 if values.dtype.kind == "f" else 65535.0
    if levels.min() < low or levels.max() > high:
        low, high = float(levels.min()), float(levels.max())
    scaled: npt.NDArray[np.float32] = np.rint((levels - low) * (255 / (high - low or 1.0)))
    return scaled.astype(np.uint8)


def _fit(image: Image.Image, longest_side: int | None) -> Image.Image:
    longest = max(image.size)
    if longest_side is None or longest <= longest_side:
        return image
    width, height = (max(1, round(pixels * longest_side / longest)) for pixels in image.size)
    return image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=SPARE_PIXELS)


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        return image.copy()  # the file's own image is closed with the file
    picture = Image.new("RGB", image.size)
    for top in range(0, image.height, _BAND):  # in bands, since each step would take as much memory as the image
        band = image.crop((0, top, image.width, min(top + _BAND, image.height)))
        picture.paste(Image.alpha_composite(Image.new("RGBA", band.size, "white"), band).convert("RGB"), (0, top))
    return picture


def _turn(image: Image.Image) -> Image.Transpose | None:
    """How to set a loaded image upright; None where it is so already, or its EXIF block is broken."""
    try:
        return _UPRIGHT.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # a broken EXIF block may raise anything; the image is shown all the same
        return None
