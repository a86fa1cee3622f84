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


# What a screen shows to readers who see no green or no red, in linear RGB (Machado, Oliveira and Fernandes 2009).
SIGHT = {
    "no green": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "no red": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
}


def oklab(linear: np.ndarray) -> np.ndarray:
    cones = np.array([[0.4122, 0.5363, 0.0514], [0.2119, 0.6807, 0.1074], [0.0883, 0.2817, 0.6300]]) @ linear
    to_lab = np.array([[0.2105, 0.7936, -0.0041], [1.9780, -2.4286, 0.4506], [0.0259, 0.7828, -0.8087]])
    return to_lab @ np.cbrt(cones)


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_ten_clusters_are_told_apart_by_readers_who_confuse_hues(theme: str, sight: str) -> None:
    codes = [getattr(colour, theme) for colour in cluster_colours(10)]
    rgb = np.array([[int(code[place : place + 2], 16) for place in (1, 3, 5)] for code in codes]).T / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = oklab(np.clip(np.array(SIGHT[sight]) @ linear, 0, 1)).T
    apart = np.linalg.norm(seen[:, None] - seen[None], axis=2) + 9 * np.eye(10)
    assert apart.min() > 0.05  # 0.02 is just noticed side by side


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
