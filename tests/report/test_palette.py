from __future__ import annotations

import numpy as np
import pytest

from repdiff.report.palette import Colour, cluster_colours, diverging, no_change_colour

GROUNDS = {"light": "#fcfbf8", "dark": "#131416"}


def luminance(code: str) -> float:
    rgb = np.array([int(code[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_stand_out_from_the_ground_and_their_ink_from_them(theme: str) -> None:
    for colour in cluster_colours(24):
        code, ink = getattr(colour, theme), getattr(colour, f"ink_{theme}")
        assert contrast(code, GROUNDS[theme]) > 2
        assert contrast(code, ink) > 4.3


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_two_of_thirty_clusters_share_a_colour(theme: str) -> None:
    codes = [getattr(colour, theme) for colour in cluster_colours(30)]
    rgb = np.array([[int(code[place : place + 2], 16) for place in (1, 3, 5)] for code in codes], dtype=float)
    apart = np.linalg.norm(rgb[:, None] - rgb[None], axis=2) + 1e3 * np.eye(len(rgb))
    assert apart.min() > 12
    assert apart[:12, :12].min() > 30


def test_no_change_is_grey() -> None:
    grey = no_change_colour()
    assert isinstance(grey, Colour)
    for code in (grey.light, grey.dark):
        channels = [int(code[place : place + 2], 16) for place in (1, 3, 5)]
        assert max(channels) - min(channels) < 12


@pytest.mark.parametrize("dark", [False, True])
def test_the_middle_of_the_diverging_scale_is_the_ground(dark: bool) -> None:
    palette = diverging(201, dark=dark).astype(int)
    middle = palette[100]
    assert np.ptp(middle) < 6
    assert (middle.mean() < 70) if dark else (middle.mean() > 240)
    assert palette[0, 2] > palette[0, 0]  # less than no change: blue
    assert palette[-1, 0] > palette[-1, 2]  # more: red
