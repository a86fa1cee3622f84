"""How fast the explorer opens, pans and cuts, in headless Chromium: ``python benchmarks/explorer.py 50000``.

The run is made up, since only its size matters: random coordinates, neighbours, eigenvectors and labels.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
from harness import ResultTable, Section
from selenium import webdriver

import repdiff
from repdiff.inputs import Items
from repdiff.inputs.images import Thumbnails
from repdiff.results.clusters import AffinityMap, DifferenceCluster, Direction
from repdiff.results.neighbors import NeighborLists, place_type
from repdiff.results.projection import Projection
from repdiff.results.spectrum import KeptSpectrum

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from browser import chromium

K = 10
SIZES = (50_000, 1_000_000)
MOST_EXACT, SAMPLE = 100_000, 20_000  # of more items, the neighbours of a sample are kept
_PAN = """
const done = arguments[arguments.length - 1];
const canvas = document.getElementById("map-x");
document.querySelector("[data-tool=pan]").click();
const { left, top } = canvas.getBoundingClientRect();
const send = (kind, step) => canvas.dispatchEvent(new PointerEvent(kind, {
  pointerId: 1, button: 0, buttons: 1, bubbles: true, clientX: left + 100 + step, clientY: top + 100 + step / 2 }));
canvas.setPointerCapture = () => {};
send("pointerdown", 0);
let frames = 0;
const began = performance.now();
const step = () => {
  frames += 1;
  send("pointermove", frames % 90);
  if (performance.now() - began < 3000) requestAnimationFrame(step);
  else { send("pointerup", 0); done((1000 * frames) / (performance.now() - began)); }
};
requestAnimationFrame(step);
"""
_CUT = """
const done = arguments[arguments.length - 1];
const began = performance.now();
const asked = `/api/recut?frame=0&k=${arguments[0]}&quick=${arguments[1]}`;
fetch(asked).then((one) => one.json()).then(() => done(performance.now() - began));
"""


def made_up(n: int) -> repdiff.Comparison:
    """A comparison of that many items."""
    rng = np.random.default_rng(0)
    small = rng.normal(size=(200, 8))
    model = repdiff.compare(small, rng.normal(size=(200, 8)), n_clusters=K, evidence=False)
    items = Items(
        pd.DataFrame({"id": [f"item-{row}" for row in range(n)], "kind": rng.choice(list("abcdefgh"), n)}), label="kind"
    )
    asked = np.arange(n) if n <= MOST_EXACT else np.sort(rng.choice(n, SAMPLE, replace=False))
    near = rng.integers(0, n, (2, len(asked), 20)).astype(np.int32)
    places = rng.integers(1, n, (2, len(asked), 20)).astype(place_type(n))
    empty = np.empty(0, np.int64)
    return replace(
        model, items=items, x_only=_direction(model.x_only, n, rng), y_only=_direction(model.y_only, n, rng),
        projection=Projection(*rng.normal(size=(2, n, 2)).astype(np.float32), (0.3, 0.2), (0.3, 0.2)),
        neighbors=NeighborLists(n, asked, near[0], near[1], places[0], places[1]), reference=None,
        thumbnails=Thumbnails(empty, empty.astype(np.int32), empty.astype(np.int32), (), ()),
    )  # fmt: skip


def _direction(model: Direction, n: int, rng: np.random.Generator) -> Direction:
    labels = np.sort(rng.integers(0, K, n)).astype(np.int32)
    clusters = []
    for index in range(K):
        rows = np.flatnonzero(labels == index)
        clusters.append(DifferenceCluster(index, rows, 1.2 + index, index == 0, rows[:9], {"a": len(rows)}))
    centres = rng.normal(size=(K, 24))
    vectors = (centres[labels] + rng.normal(size=(n, 24)) * 0.3).astype(np.float32) / n
    spectrum = KeptSpectrum(vectors, np.linspace(1, 0.5, 24), np.full(24, 1e-4), np.full(n, float(n)))
    sizes = np.bincount(labels, minlength=K)
    bins = AffinityMap(rng.random((K, K), np.float32) + 1, np.arange(K, dtype=np.int32), sizes)
    return replace(model, labels=labels, clusters=tuple(clusters), spectrum=spectrum, affinity_map=bins)


_MEANING = (
    "*address*: from the command to the line with the address. *open*: from there until the page is ready. *pans*: "
    "both maps drawn while one is dragged for 3 s. *cut*: both directions at once, after the eigenvectors were read, "
    "which the page does when the pointer reaches the slider; the first cut, from 2 of 10 starts, is shown until the "
    "whole one is there. *server*: resident memory at the end. *page*: memory of its scripts. Of more than 100,000 "
    "items the maps draw a sample."
)


def explorer(options: argparse.Namespace) -> Section:
    """The section of RESULTS.md."""
    sizes = [n for n in SIZES if n <= max(options.largest, SIZES[0])]
    columns = [
        "items", "address, s", "open, s", "pans, frames/s", "first cut into 20, s", "whole cut, s",
        "server, MB", "page, MB",
    ]  # fmt: skip
    table = ResultTable("", columns, [figures(n) for n in sizes], [_MEANING])
    return Section("The explorer, in headless Chromium without a graphics card", [table])


def figures(n: int) -> list[str]:
    """A row of the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made_up(n).save(folder / "run")
        command = [sys.executable, "-m", "repdiff", "explore", str(folder / "run"), "--no-browser"]
        began = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            try:
                address = server.stdout.readline().strip() if server.stdout else ""
                started = time.perf_counter() - began
                found = measure(address, folder, cuts=n <= MOST_EXACT)
                memory = psutil.Process(server.pid).memory_info().rss / 1e6
            finally:
                server.terminate()
    *seconds, page = found
    return [f"{n:,}", f"{started:.1f}", *seconds, f"{memory:,.0f}", page]


def measure(address: str, folder: Path, *, cuts: bool) -> list[str]:
    """Open, pan and, where that takes a moment only, cut; the memory of the page."""
    with chromium(folder) as browser:
        size = {"width": 1280, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        began = time.perf_counter()
        browser.get(address)
        while not browser.execute_script("return 'ready' in document.documentElement.dataset"):
            time.sleep(0.02)
        opened = time.perf_counter() - began
        pans = browser.execute_async_script(_PAN)
        seconds = [f"{one:.2f}" for one in _cuts(browser)] if cuts else ["-", "-"]
        heap = browser.execute_script("return performance.memory.usedJSHeapSize") / 1e6
        return [f"{opened:.1f}", f"{pans:.0f}", *seconds, f"{heap:.0f}"]


def _cuts(browser: webdriver.Chrome) -> list[float]:
    """Seconds of the first and of the whole cut into 20."""
    browser.set_script_timeout(200)
    browser.execute_async_script(_CUT, 2, 1)
    return [browser.execute_async_script(_CUT, 20, quick) / 1000 for quick in (1, 0)]


if __name__ == "__main__":
    for each in [int(text) for text in sys.argv[1:]] or SIZES:
        print(figures(each))
