"""Colours: one hue a cluster, grey for no change, each in a light and a dark version.

All are chosen in OKLCH, where equal steps of lightness look equal, and end as hex codes, which Bokeh and PNG need.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

# Lightness, chroma and hue (degrees) on white. Hues that look alike to readers who see no red or no green differ in
# lightness: the lightnesses are those of a search for the largest least distance of any two under such sight.
_HUES = (
    (0.52, 0.17, 258.0),
    (0.68, 0.16, 52.0),
    (0.63, 0.12, 158.0),
    (0.56, 0.21, 355.0),
    (0.72, 0.11, 210.0),
    (0.44, 0.18, 300.0),
    (0.76, 0.14, 88.0),
    (0.43, 0.19, 28.0),
    (0.52, 0.11, 125.0),
    (0.64, 0.14, 318.0),
    (0.58, 0.08, 60.0),
    (0.69, 0.10, 180.0),
)
_LAP_HUE, _LAP_LIGHTNESS = 14.0, 0.09


@dataclass(frozen=True)
class Colour:
    """One colour in both themes.

    Attributes
    ----------
    light, dark : str
        Hex codes, to be seen on a light and on a dark ground.
    ink_light, ink_dark : str
        Of text set upon it.
    """

    light: str
    dark: str
    ink_light: str
    ink_dark: str


def _colour(lightness: float, chroma: float, hue: float) -> Colour:
    # On a dark ground the same hue must be lighter, and the span between hues narrower, to be as quiet or as loud.
    light, dark = (_rgb(lightness, chroma, hue), _rgb(0.62 + (lightness - 0.45) * 0.75, chroma * 0.95, hue))
    return Colour(_hex(light), _hex(dark), _ink(light), _ink(dark))


def cluster_colours(count: int) -> tuple[Colour, ...]:
    """Colours of difference clusters, the first for the strongest.

    Beyond a dozen the hues come round again, shifted and by turns lighter and darker.
    """
    colours = []
    for place in range(count):
        lap, hue = divmod(place, len(_HUES))
        lightness, chroma, angle = _HUES[hue]
        shift = (lap + 1) // 2 * _LAP_LIGHTNESS * (-1 if lap % 2 else 1)
        colours.append(_colour(float(np.clip(lightness + shift, 0.35, 0.82)), chroma, angle + lap * _LAP_HUE))
    return tuple(colours)


def no_change_colour() -> Colour:
    """The grey of items that do not change."""
    return Colour("#b4b2ac", "#5f6166", "#1d1c1a", "#f4f2ee")


def diverging(count: int, *, dark: bool) -> npt.NDArray[np.uint8]:
    """Colours from less than no change over the ground colour to more: blue, paper, red; (count, 3)."""
    middle, ends = ((0.27, 0.0), (0.80, 0.76)) if dark else ((0.985, 0.0), (0.42, 0.46))
    palette = np.empty((count, 3), np.uint8)
    for place in range(count):
        position = 2 * place / (count - 1) - 1
        strength = abs(position) ** 0.9
        end, hue, peak = (ends[0], 250.0, 0.13) if position < 0 else (ends[1], 35.0, 0.16)
        lightness = middle[0] + (end - middle[0]) * strength
        palette[place] = np.round(_rgb(lightness, peak * math.sin(strength * math.pi * 0.62) / 0.93, hue) * 255)
    return palette


def _rgb(lightness: float, chroma: float, hue: float) -> npt.NDArray[np.float64]:
    """OKLCH -> sRGB in [0, 1]; chroma is lowered until the colour exists (Ottosson, "A perceptual color space")."""
    angle = math.radians(hue)
    for fraction in np.linspace(1.0, 0.0, 41):
        rgb = _oklab_to_srgb(lightness, *(fraction * chroma * np.array([math.cos(angle), math.sin(angle)])))
        if rgb.min() >= -1e-3 and rgb.max() <= 1 + 1e-3:
            break
    return np.clip(rgb, 0, 1)


def _oklab_to_srgb(lightness: float, a: float, b: float) -> npt.NDArray[np.float64]:
    cones = np.array(
        [[1, 0.3963377774, 0.2158037573], [1, -0.1055613458, -0.0638541728], [1, -0.0894841775, -1.2914855480]]
    )
    linear = (
        np.array(
            [
                [4.0767416621, -3.3077115913, 0.2309699292],
                [-1.2684380046, 2.6097574011, -0.3413193965],
                [-0.0041960863, -0.7034186147, 1.7076147010],
            ]
        )
        @ (cones @ np.array([lightness, a, b])) ** 3
    )
    gamma: npt.NDArray[np.float64] = np.where(
        linear <= 0.0031308, 12.92 * linear, 1.055 * np.maximum(linear, 0) ** (1 / 2.4) - 0.055
    )
    return gamma


def _hex(rgb: npt.NDArray[np.float64]) -> str:
    return "#" + "".join(f"{round(channel * 255):02x}" for channel in rgb.tolist())


def _ink(rgb: npt.NDArray[np.float64]) -> str:
    """Black or white, whichever stands out more (WCAG relative luminance)."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    luminance = float(linear @ np.array([0.2126, 0.7152, 0.0722]))
    return "#ffffff" if 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.0553 else "#15140f"
