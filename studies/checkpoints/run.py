"""Train networks, compare every checkpoint with the last, draw the paper's figures and test its claims over seeds.

python studies/checkpoints/run.py                      # digits
python studies/checkpoints/run.py --images FOLDER      # any folder of class subfolders

A seed whose claims are there is not done again, so that a run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import claims
import images
import numpy as np
import numpy.typing as npt
import pandas as pd
import train
from PIL import Image

import repdiff
from repdiff import RepdiffError, Timeline

SEEDS = (0, 1, 2, 3, 4)
CLAIMS = "claims.csv"

# Dense where most changes. The last is the reference, and is compared with itself too.
KEPT = (0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 35, 40, 45, 50)


def main() -> None:
    """Everything, from images to a table over seeds."""
    options = _options()
    try:
        _run(options)
    except RepdiffError as error:
        sys.exit(f"error: {error}")


def _run(options: argparse.Namespace) -> None:
    start = time.perf_counter()
    for place, seed in enumerate(options.seeds):
        folder = options.output / f"seed-{seed}"
        if not (folder / CLAIMS).exists() or options.again:
            _one_seed(seed, folder, options, with_figures=place == 0 and not options.no_figures)
        print(f"seed {seed}: {time.perf_counter() - start:.0f} s", flush=True)
    tables = {seed: pd.read_csv(options.output / f"seed-{seed}" / CLAIMS) for seed in options.seeds}
    table = claims.over_seeds(tables)
    table.to_csv(options.output / CLAIMS, index=False)
    (options.output / "claims.md").write_text(claims.as_markdown(table), encoding="utf-8")
    print(f"\n{claims.as_markdown(table)}")
    print(f"{options.output}: claims over seeds; of each seed figures, tables and runs")


def _one_seed(seed: int, folder: Path, options: argparse.Namespace, *, with_figures: bool) -> None:
    """Train, compare and examine; the table of claims is written last, so that a seed is whole or done again."""
    noise = options.noise if options.noise is not None else 0.9 if options.images is None else 0.0
    if options.images is None:
        image_set = images.digits(noise=noise, random_state=seed)
    else:
        image_set = images.folder(
            options.images, side=options.side, confusable=options.confusable, noise=noise, random_state=seed
        )
    epochs = sorted({round(epoch * options.epochs / KEPT[-1]) for epoch in KEPT})
    recipe = train.Recipe(
        epochs=options.epochs,
        rate=options.rate,
        schedule=options.schedule,
        noise=noise,
        flips=options.images is not None,
        width=options.width,
        random_state=seed,
    )
    checkpoints = _checkpoints(image_set, recipe, epochs, folder / "data", reuse=options.reuse)
    rows = np.flatnonzero(image_set.held_out) if options.probe == "held-out" else np.arange(len(image_set.names))
    checkpoints = [checkpoint.of(rows) for checkpoint in checkpoints]
    items = _write_items(image_set, rows, folder / "data")
    timeline = _compare(image_set.classes, items, checkpoints, folder / "data", n_clusters=options.clusters)
    features = [checkpoint.features for checkpoint in checkpoints]
    table = claims.as_table(claims.examine(timeline, epochs, features, confusable=image_set.confusable))
    timeline.growth().to_csv(folder / "figure-1.csv", index=False)
    if with_figures:
        _write_figures(timeline, epochs, folder)
    (folder / "claims.md").write_text(claims.as_markdown(table), encoding="utf-8")
    table.to_csv(folder / CLAIMS, index=False)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, metavar="FOLDER", help="a folder with a subfolder of images per class")
    parser.add_argument("--confusable", nargs="*", default=[], metavar="CLASS", help="its classes that look alike")
    parser.add_argument("--side", type=int, default=64, help="pixels of its images, a side (default: 64)")
    parser.add_argument("--noise", type=float, help="its standard deviation (default: 0.9 on digits, else 0)")
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--rate", type=float, default=0.003, help="learning rate at the start (default: 0.003)")
    parser.add_argument("--schedule", choices=("cosine", "constant"), default="cosine", help="how the rate falls")
    parser.add_argument("--width", type=int, default=16, help="channels of the first stage (default: 16)")
    parser.add_argument("--clusters", type=int, default=10)
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS, help="(default: 0 1 2 3 4)")
    parser.add_argument("--again", action="store_true", help="do seeds again whose claims are there")
    parser.add_argument("--no-figures", action="store_true", help="draw nothing for the first seed either")
    parser.add_argument("--probe", choices=("held-out", "all"), default="held-out", help="the images that are compared")
    parser.add_argument("--reuse", action="store_true", help="do not train: use the checkpoints that are there")
    parser.add_argument("-o", "--output", type=Path, default=Path("studies/checkpoints/results/digits"))
    return parser.parse_args()


def _write_items(image_set: images.ImageSet, rows: npt.NDArray[np.int64], folder: Path) -> pd.DataFrame:
    """The table of the items, with their pictures, without the noise under which the network sees them."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    paths = [f"images/{row:05d}.png" for row in rows]
    for path, pixels in zip(paths, image_set.clean[rows], strict=True):
        # Digits are white ink on black; dark on light is easier to see on a page.
        shown = 1 - pixels[0] if len(pixels) == 1 else pixels.transpose(1, 2, 0)
        Image.fromarray(np.round(shown * 255).astype(np.uint8)).save(folder / path)
    columns = {
        "id": np.array(image_set.names)[rows],
        "image": paths,
        "class": image_set.labels[rows],
        "trained on": ~image_set.held_out[rows],
    }
    items = pd.DataFrame(columns)
    items.to_csv(folder / "items.csv", index=False)
    return items


def _checkpoints(
    image_set: images.ImageSet, recipe: train.Recipe, epochs: Sequence[int], folder: Path, *, reuse: bool
) -> list[train.Checkpoint]:
    file = folder / "checkpoints.npz"
    if not reuse:
        folder.mkdir(parents=True, exist_ok=True)
        checkpoints = train.train(image_set, recipe, keep=epochs, progress=_tell)
        train.write_checkpoints(checkpoints, file)
        (folder / "recipe.json").write_text(json.dumps(asdict(recipe), indent=1))
    return train.read_checkpoints(file)


def _tell(epoch: int, loss: float) -> None:
    if epoch == 1 or epoch % 10 == 0:
        print(f"epoch {epoch}: mean loss {loss:.3f}", flush=True)


def _compare(
    classes: Sequence[str],
    items: pd.DataFrame,
    checkpoints: Sequence[train.Checkpoint],
    folder: Path,
    *,
    n_clusters: int,
) -> Timeline:
    names, last = np.array(classes), checkpoints[-1]
    return repdiff.compare_series(
        {f"epoch {checkpoint.epoch}": checkpoint.features for checkpoint in checkpoints},
        last.features,
        items=items,
        images=folder,
        label="class",
        image="image",
        predictions=[names[checkpoint.predictions] for checkpoint in [*checkpoints, last]],
        reference_name="reference",
        n_clusters=n_clusters,
        description=f"A ResNet-18 learns {', '.join(classes)}; every checkpoint against the last.",
    )


def _write_figures(timeline: Timeline, epochs: Sequence[int], folder: Path) -> None:
    """The paper's figures, the runs and the page; figure 2 also at the checkpoint most like the paper's C5."""
    growth = repdiff.plot_growth(timeline, axis_label="epoch")
    figures: dict[str, Any] = {"figure-1": growth}
    places = {
        name: int(np.argmin(np.abs(np.array(epochs) - target * epochs[-1])))
        for name, target in (("early", 0.08), ("middle", 0.24), ("late", 0.5))
    }
    chosen = claims.most_like_c5(timeline)
    places |= {} if chosen is None else {"like-c5": chosen}
    for name, place in places.items():
        figures[f"figure-2-{name}"] = repdiff.plot_checkpoint(timeline, place)
    figures["figure-2-itself"] = repdiff.plot_checkpoint(timeline, -1)
    for name, figure in figures.items():
        for suffix in ("png", "svg", "pdf"):
            repdiff.save_figure(figure, folder / f"{name}.{suffix}")
    for name in ("figure-1", "figure-2-like-c5"):
        if name in figures:
            repdiff.save_figure(figures[name], folder / f"{name}.webp", dpi=110)  # small, for the README
    timeline.tracks_frame().to_csv(folder / "tracks.csv", index=False)
    timeline.save(folder / "series", overwrite=True)
    timeline.report(folder / "report.html")


if __name__ == "__main__":
    main()
