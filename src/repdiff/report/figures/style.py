"""How figures look, and how they become files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from repdiff.core.errors import MissingExtraError, RepdiffError
from repdiff.core.files import written_whole
from repdiff.results.clusters import DIRECTIONS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, SOFT, FAINT = "#1d1c1a", "#6b6963", "#dedcd6"
_STYLE = {
    "font.family": ["DejaVu Sans"],
    "font.size": 9.0,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": SOFT,
    "axes.linewidth": 0.7,
    "axes.titlesize": 10.0,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.6,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "legend.frameon": False,
    "legend.fontsize": 8.0,
    "lines.linewidth": 1.8,
    "lines.markersize": 4.5,
    "figure.facecolor": "white",
    "svg.hashsalt": "repdiff",
}
_FORMATS = (".png", ".svg", ".pdf", ".webp")
_UNDATED = {".png": {"Software": None}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}


def save_figure(figure: Figure, path: str | Path, *, dpi: int = 200) -> Path:
    """Write a figure, whole or not at all; the same figure gives the same bytes.

    Parameters
    ----------
    figure : Figure
        What a function of this module gave.
    path : path
        ``.png``, ``.svg``, ``.pdf`` or ``.webp``; missing folders are made.
    dpi : int
        Dots per inch of what is not drawn as lines.

    Raises
    ------
    RepdiffError
        For another format, and where the file cannot be written.
    """
    target = Path(path)
    suffix = target.suffix.lower()
    if suffix not in _FORMATS:
        raise RepdiffError(f"{path}: a figure is written as {', '.join(_FORMATS[:-1])} or {_FORMATS[-1]}")
    from matplotlib import rc_context

    # The salt and the absence of dates make the bytes depend on the figure alone.
    with rc_context(_STYLE), written_whole(target) as partial:
        figure.savefig(partial, format=suffix[1:], dpi=dpi, metadata=_UNDATED.get(suffix))
    return target


@contextmanager
def drawing(purpose: str) -> Iterator[Any]:
    """A function that makes a figure of a size in inches, in our style."""
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("matplotlib", "plot", purpose) from error
    with rc_context(_STYLE):
        yield lambda size: Figure(size, layout="constrained")


def plain(text: str) -> str:
    """Text escaped for matplotlib, so that a dollar sign does not begin a formula."""
    return text.replace("$", r"\$")


def checked(direction: str) -> str:
    """The direction, where it is one."""
    if direction not in DIRECTIONS:
        raise RepdiffError(f"direction must be x_only or y_only, but is {direction!r}")
    return direction
