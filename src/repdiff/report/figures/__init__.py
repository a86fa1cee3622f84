"""Figures for papers (matplotlib): growth through a series, and the maps and collages of one comparison.

A figure is a :class:`matplotlib.figure.Figure` of its own: no state of pyplot and no global setting is touched.
"""

from __future__ import annotations

from repdiff.report.figures.growth import plot_growth
from repdiff.report.figures.maps import plot_checkpoint, plot_comparison
from repdiff.report.figures.style import save_figure

__all__ = ["plot_checkpoint", "plot_comparison", "plot_growth", "save_figure"]
