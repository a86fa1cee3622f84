"""UMAP of a run's kept embeddings, made in the background when it is asked for and kept in the run."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from repdiff.core.errors import MissingExtraError, RepdiffError
from repdiff.core.metrics import metrics_of
from repdiff.report.payload import packed
from repdiff.results.comparison import Comparison
from repdiff.results.reference import Reference
from repdiff.store.umap import Maps, read_umap, write_umap

N_NEIGHBORS, MIN_DIST, SEED = 15, 0.1, 0
_FEWEST = 10  # items of which UMAP makes anything
_START = (
    "import runpy, sys; sys.path[:] = sys.argv[2:]; "
    "runpy.run_module('repdiff.explorer.layout', run_name='__main__', alter_sys=True)"
)
_STEPS = {"start": (0.0, 0.1), "x": (0.1, 0.55), "y": (0.55, 1.0)}  # shares of the whole, roughly


class UmapJob:
    """The UMAP of one comparison: not there, being made, there, or impossible.

    Parameters
    ----------
    comparison : Comparison
        Whose maps.
    folder : Path
        Its run, in which they are kept.
    """

    def __init__(self, comparison: Comparison, folder: Path) -> None:
        self._comparison, self._folder = comparison, folder
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._maps: Maps | None = None
        self._looked = False
        self._share, self._step, self._failure, self._not_kept = 0.0, "", "", ""

    def told(self) -> dict[str, Any]:
        """How it stands, as the page is told: the state, words for it, and the maps where they are ready."""
        with self._lock:
            if self._process is not None:
                return {"state": "working", "words": f"{self._about}: {self._doing}", "share": self._share}
            if reason := self._why_not:
                return {"state": "impossible", "words": reason}
            if self._found() is not None:
                return self._ready()
            if find_spec("umap") is None:
                return {"state": "impossible", "words": str(MissingExtraError("umap-learn", "umap", "a UMAP"))}
            if self._failure:
                return {"state": "failed", "words": self._failure}
            return {"state": "idle", "words": self._about}

    def start(self) -> None:
        """Begin, unless it is being made, is there, or cannot be made."""
        if self.told()["state"] not in ("idle", "failed"):
            return
        with self._lock:
            if self._process is not None:
                return
            self._failure, self._share, self._step = "", 0.0, "start"
            place = TemporaryDirectory(prefix="repdiff-umap-")
            self._lay_out(Path(place.name))
            with (Path(place.name) / "errors.txt").open("w") as errors:
                self._process = subprocess.Popen(
                    [sys.executable, "-c", _START, place.name, *sys.path],
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
                )  # fmt: skip
            threading.Thread(target=self._follow, args=(self._process, place), daemon=True).start()

    def cancel(self) -> None:
        """End the work; nothing of it is kept."""
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.kill()

    @cached_property
    def _reference(self) -> Reference | None:
        return self._comparison.reference

    @cached_property
    def _why_not(self) -> str:
        """Why there can be no UMAP; empty where there can."""
        kept = self._reference
        if kept is None or kept.x is None or kept.y is None:
            return "a UMAP needs embeddings, and this run keeps none; compare again with keep_rows=True, without align"
        if len(kept.rows) < _FEWEST:
            return f"a UMAP needs at least {_FEWEST} items"
        return ""

    @cached_property
    def _settings(self) -> dict[str, Any]:
        kept = self._reference
        assert kept is not None
        digest = hashlib.sha256()
        for side in (kept.x, kept.y):
            assert side is not None
            digest.update(np.ascontiguousarray(side).tobytes())
        of_x, of_y = metrics_of(self._comparison.provenance.parameters["metric"])
        return {
            "n_neighbors": N_NEIGHBORS, "min_dist": MIN_DIST, "seed": SEED, "init": "pca",
            "metric_x": of_x, "metric_y": of_y, "embeddings": digest.hexdigest(),
        }  # fmt: skip

    @cached_property
    def _about(self) -> str:
        """What the map is of."""
        kept, n = self._reference, len(self._comparison.items.frame)
        assert kept is not None
        m = len(kept.rows)
        which = f"all {n:,} items" if m == n else f"{m:,} of {n:,} items, those whose embeddings the run keeps"
        x, y = self._comparison.names
        return (
            f"UMAP of {which} ({N_NEIGHBORS} neighbours, least distance {MIN_DIST}, seed {SEED}); "
            f"the layout of {y} starts from that of {x} and is turned onto it"
        )

    @property
    def _doing(self) -> str:
        x, y = self._comparison.names
        step = {"start": "starting", "x": f"laying out {x}", "y": f"laying out {y}"}[self._step]
        return f"{step}, {100 * self._share:.0f} %"

    def _found(self) -> Maps | None:
        """The maps, from memory or from the run."""
        if self._maps is None and not self._looked:
            assert self._reference is not None
            self._maps, self._looked = read_umap(self._folder, self._reference.rows, self._settings), True
        return self._maps

    def _ready(self) -> dict[str, Any]:
        assert self._reference is not None
        assert self._maps is not None
        x, y = (packed(side.ravel(), np.float32) for side in self._maps)
        words = f"{self._about}{self._not_kept}."
        return {"state": "ready", "words": words, "rows": packed(self._reference.rows, np.int32), "x": x, "y": y}

    def _lay_out(self, place: Path) -> None:
        """What the other process reads."""
        kept = self._reference
        assert kept is not None
        assert kept.x is not None
        assert kept.y is not None
        np.save(place / "x.npy", kept.x)
        np.save(place / "y.npy", kept.y)
        (place / "settings.json").write_text(json.dumps(self._settings), encoding="utf-8")

    def _follow(self, process: subprocess.Popen[str], place: TemporaryDirectory[str]) -> None:
        """Hear how far the other process is, and take what it has made."""
        with place, process:
            assert process.stdout is not None
            for line in process.stdout:
                told = json.loads(line)
                low, high = _STEPS[told["step"]]
                self._step, self._share = told["step"], low + (high - low) * told["share"]
            process.wait()
            with self._lock:
                if self._process is not process:  # cancelled
                    return
                self._process = None
                try:
                    self._take(np.load(Path(place.name) / "maps.npy", allow_pickle=False))
                except (OSError, ValueError):
                    lines = (Path(place.name) / "errors.txt").read_text(errors="replace").strip().splitlines()
                    self._failure = f"the UMAP could not be made: {lines[-1][:200] if lines else 'its process ended'}"

    def _take(self, maps: Maps) -> None:
        assert self._reference is not None
        if maps.shape != (2, len(self._reference.rows), 2) or not np.isfinite(maps).all():
            raise ValueError("not the maps of these items")
        self._maps = maps
        try:
            write_umap(self._folder, self._reference.rows, maps, self._settings)
        except RepdiffError as error:
            self._not_kept = f"; kept until the explorer ends, since {error}"
