"""The demo: small networks over scikit-learn's digits that differ in a known way.

All see the same 8 x 8 pictures of handwritten digits. One was told the ten digits apart. Another was told the same but
that 3 and 5 are one kind of thing, and 4 and 9 another. So the first alone should keep the 3s, the 4s, the 5s and the
9s apart, and the second alone should group 3s with 5s and 4s with 9s. A third network is the first trained again from
another seed: between these two there is nothing to find but what training leaves to chance.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from warnings import catch_warnings, simplefilter

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from repdiff.core.parallel import single_threaded_libraries

NAMES = ("ten-digits", "merged")
SECOND_SEED = "ten-digits-again"
LABEL, PREDICTION_X, PREDICTION_Y = "digit", "ten_digits_says", "merged_says"
MERGED = ((3, 5), (4, 9))
DESCRIPTION = (
    "Two small networks of the same build (scikit-learn) saw the same 1,797 handwritten digits. ten-digits was told "
    "the ten digits apart; merged was told that 3 and 5 are the same, and that 4 and 9 are the same. Compared are "
    "their outputs: how sure each is of everything that it can say. What should be found: groups of 3s, of 4s, of 5s "
    "and of 9s that ten-digits alone keeps apart, and groups of 3s with 5s and of 4s with 9s in merged."
)

N_CLUSTERS = 8  # about two for each of the four digits that one tells apart and the other does not

_HIDDEN_LAYERS = (64, 64, 64, 32)
_ROUNDS = 80
_PIXELS_PER_PIXEL = 6  # so that an 8 x 8 picture can be seen


@dataclass(frozen=True)
class DemoFiles:
    """The demo's input, as files that ``repdiff compare`` takes.

    Attributes
    ----------
    x, y : Path
        Outputs of ten-digits, (n, 10), and of merged, (n, 8), .npy.
    x_again : Path
        Outputs of ten-digits trained from another seed, (n, 10), .npy.
    items : Path
        Table of the items, .csv, with the digit, its picture, and what ten-digits and merged take it for.
    """

    x: Path
    y: Path
    x_again: Path
    items: Path


def write_demo_files(folder: Path, *, random_state: int = 1) -> DemoFiles:
    """Train the networks and write their outputs, the items and their pictures.

    Parameters
    ----------
    folder : Path
        Where; made if it is not there. Files of an earlier demo are replaced.
    random_state : int
        Seed of the first two networks; the third has another.
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    pixels, digit = digits.data / 16, digits.target
    told = merged_labels(digit)
    x, says_x = _train(pixels, digit, random_state)
    y, says_y = _train(pixels, told, random_state)
    x_again, _ = _train(pixels, digit, random_state + 100)
    x_file, y_file, again = (folder / f"{name}.npy" for name in (*NAMES, SECOND_SEED))
    files = DemoFiles(x_file, y_file, again, folder / "items.csv")
    folder.mkdir(parents=True, exist_ok=True)
    for file, outputs in ((files.x, x), (files.y, y), (files.x_again, x_again)):
        np.save(file, outputs)
    paths = _write_pictures(digits.images, folder)
    names = dict(zip(range(10), map(str, range(10)), strict=True)) | {
        group[0]: " or ".join(map(str, group)) for group in MERGED
    }
    pd.DataFrame(
        {
            "id": [Path(path).stem for path in paths],
            "image": paths,
            LABEL: digit,
            PREDICTION_X: says_x,
            PREDICTION_Y: [names[int(one)] for one in says_y],
        }
    ).to_csv(files.items, index=False)
    return files


def merged_labels(digit: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """What the second network is told, (n,): of digits that are the same to it, the first."""
    told = digit.copy()
    for first, *others in MERGED:
        told[np.isin(digit, others)] = first
    return told


def options(files: DemoFiles) -> dict[str, Any]:
    """What the demo passes to :func:`repdiff.compare` beside the two files.

    What merged says is no prediction of the digit where it says "3 or 5", and is not passed.
    """
    return {
        "items": files.items,
        "label": LABEL,
        "prediction_x": PREDICTION_X,
        "n_clusters": N_CLUSTERS,
        "description": DESCRIPTION,
    }


def command_line(files: DemoFiles) -> str:
    """The command that compares the same files."""
    return f"repdiff compare {_quoted(files.x)} {_quoted(files.y)} {_items(files)} --pred-x {PREDICTION_X} -o my-run"


def next_commands(files: DemoFiles, run: Path) -> tuple[tuple[str, str], ...]:
    """What to try next on the files that the demo leaves: what it is for, and the command."""
    seeds = run.with_name("seeds")
    return (
        (
            "two seeds of the same network: what training alone changes",
            f"repdiff compare {_quoted(files.x)} {_quoted(files.x_again)} {_items(files)} -o {_quoted(seeds)}",
        ),
        ("see the groups", f"repdiff report {_quoted(run)} --open"),
        (
            "the same as a gate for upgrades, which fails here",
            f'repdiff check {_quoted(run)} --fail-on "label accuracy drop > 5 %" --fail-on "worse groups > 10 %"',
        ),
    )


def _items(files: DemoFiles) -> str:
    return f"--items {_quoted(files.items)} --label {LABEL} --clusters {N_CLUSTERS}"


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))


def _train(
    pixels: npt.NDArray[np.float64], target: npt.NDArray[np.int64], random_state: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[Any]]:
    """Outputs, (n, k), and predictions of a network that saw three of four pictures with their targets."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    seen = np.arange(len(target)) % 4 != 0
    network = MLPClassifier(
        _HIDDEN_LAYERS,
        learning_rate_init=2e-3,
        alpha=0.1,
        max_iter=_ROUNDS,
        n_iter_no_change=_ROUNDS,
        random_state=random_state,
    )
    # Products this small are slower on several threads. That it stops after so many rounds is meant.
    with single_threaded_libraries(), catch_warnings():
        simplefilter("ignore", ConvergenceWarning)
        network.fit(pixels[seen], target[seen])
        return network.predict_proba(pixels).astype(np.float32), network.predict(pixels)


def _write_pictures(images: npt.NDArray[np.float64], folder: Path) -> list[str]:
    """Dark ink on white, (8, 8) values from 0 to 16 each; their paths relative to the folder."""
    (folder / "images").mkdir(exist_ok=True)
    paths = []
    for row, image in enumerate(images):
        ink = np.kron(255 - image * (255 / 16), np.ones((_PIXELS_PER_PIXEL, _PIXELS_PER_PIXEL)))
        paths.append(f"images/digit-{row:04d}.png")
        Image.fromarray(ink.astype(np.uint8)).save(folder / paths[-1])
    return paths
