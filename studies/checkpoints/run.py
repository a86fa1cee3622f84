"""Train a network, compare every checkpoint with the last, draw the paper's figures and test its claims.

python studies/checkpoints/run.py                      # digits
python studies/checkpoints/run.py --images FOLDER      # any folder of class subfolders
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

# Dense where most changes. The last is the reference, and is compared with itself too.
KEPT = (0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 35, 40, 45, 50)


def main() -> None:
    """Everything, from images to table."""
    options = _options()
    try:
        _run(options)
    except RepdiffError as error:
        sys.exit(f"error: {error}")


def _run(options: argparse.Namespace) -> None:
    start = time.perf_counter()
    image_set = _images(options)
    epochs = sorted({round(epoch * options.epochs / KEPT[-1]) for epoch in KEPT})
    recipe = train.Recipe(
        epochs=options.epochs,
        rate=options.rate,
        schedule=options.schedule,
        noise=options.noise if options.images is None else 0.0,
        flips=options.images is not None,
        width=options.width,
        random_state=options.seed,
    )
    data = options.output / "data"
    checkpoints = _checkpoints(image_set, recipe, epochs, data, reuse=options.reuse)
    print(f"trained and kept {len(checkpoints)} checkpoints: {time.perf_counter() - start:.0f} s")
    rows = np.flatnonzero(image_set.held_out) if options.probe == "held-out" else np.arange(len(image_set.names))
    checkpoints = [checkpoint.of(rows) for checkpoint in checkpoints]
    items = _write_items(image_set, rows, data)
    timeline = _compare(image_set.classes, items, checkpoints, data, n_clusters=options.clusters)
    print(f"compared them: {time.perf_counter() - start:.0f} s")
    features = [checkpoint.features for checkpoint in checkpoints]
    table = claims.as_table(claims.examine(timeline, epochs, features, confusable=image_set.confusable))
    _write_results(timeline, table, epochs, options)
    print(f"\n{claims.as_markdown(table)}")
    print(f"{options.output}: figures, tables and runs; {time.perf_counter() - start:.0f} s")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=Path, metavar="FOLDER", help="a folder with a subfolder of images per class")
    parser.add_argument("--confusable", nargs="*", default=[], metavar="CLASS", help="its classes that look alike")
    parser.add_argument("--side", type=int, default=64, help="pixels of its images, a side (default: 64)")
    parser.add_argument("--noise", type=float, default=0.9, help="standard deviation of noise on digits (default: 0.9)")
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--rate", type=float, default=0.003, help="learning rate at the start (default: 0.003)")
    parser.add_argument("--schedule", choices=("cosine", "constant"), default="cosine", help="how the rate falls")
    parser.add_argument("--width", type=int, default=32, help="channels of the first stage (default: 32)")
    parser.add_argument("--clusters", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--probe", choices=("held-out", "all"), default="held-out", help="the images that are compared")
    parser.add_argument("--reuse", action="store_true", help="do not train: use the checkpoints of the last run")
    parser.add_argument("-o", "--output", type=Path, default=Path("studies/checkpoints/results"))
    return parser.parse_args()


def _images(options: argparse.Namespace) -> images.ImageSet:
    if options.images is None:
        return images.digits(noise=options.noise, random_state=options.seed)
    return images.folder(
        options.images, side=options.side, confusable=options.confusable, random_state=options.seed
    )  # fmt: skip


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


def _write_results(timeline: Timeline, table: pd.DataFrame, epochs: Sequence[int], options: argparse.Namespace) -> None:
    folder: Path = options.output
    growth = repdiff.plot_growth(timeline, axis_label="epoch")
    figures: dict[str, Any] = {"figure-1": growth}
    for name, target in (("early", 0.08), ("middle", 0.24), ("late", 0.5)):
        place = int(np.argmin(np.abs(np.array(epochs) - target * epochs[-1])))
        figures[f"figure-2-{name}"] = repdiff.plot_checkpoint(timeline, place)
    figures["figure-2-itself"] = repdiff.plot_checkpoint(timeline, -1)
    for name, figure in figures.items():
        for suffix in ("png", "svg", "pdf"):
            repdiff.save_figure(figure, folder / f"{name}.{suffix}")
    for name in ("figure-1", "figure-2-middle"):
        repdiff.save_figure(figures[name], folder / f"{name}.webp", dpi=110)  # small, for the README
    table.to_csv(folder / "claims.csv", index=False)
    (folder / "claims.md").write_text(claims.as_markdown(table), encoding="utf-8")
    timeline.growth().to_csv(folder / "figure-1.csv", index=False)
    timeline.tracks_frame().to_csv(folder / "tracks.csv", index=False)
    timeline.save(folder / "series", overwrite=True)
    timeline.report(folder / "report.html")


if __name__ == "__main__":
    main()
