"""A library called umap that lays items out by their first two columns, and takes as long as a file says."""

from __future__ import annotations

from pathlib import Path

_TEXT = """
import time
from pathlib import Path

class UMAP:
    def __init__(self, **options):
        self.told = options["tqdm_kwds"]["file"]

    def fit_transform(self, values):
        self.told.write("1 2")
        time.sleep(float(Path(__file__).with_name("seconds").read_text()))
        return values[:, :2]
"""


def write_small_umap(folder: Path) -> Path:
    """Write it into a folder; the file that says how many seconds it takes, none at first."""
    (folder / "umap.py").write_text(_TEXT)
    (folder / "seconds").write_text("0")
    return folder / "seconds"
