"""The demo: two small networks over scikit-learn's digits that differ in a known way.

Both see the same 8 x 8 pictures of handwritten digits. One was told the ten digits apart, the other only odd from even.
What the first knows and the second does not is which digit it is, so the groups that it alone keeps together should
each be one digit.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from warnings import catch_warnings, simplefilter

import numpy as np
import numpy.typing as npt
import pandas as pd
from PIL import Image

from repdiff.core.parallel import single_threaded_libraries

NAMES = ("ten-digits", "odd-even")
LABEL, PREDICTION_X = "digit", "ten_digits_says"
DESCRIPTION = (
    "Two small networks of the same build (four hidden layers, scikit-learn) saw the same 1,797 handwritten digits. "
    "ten-digits was told the ten digits apart; odd-even was told only odd from even. "
    "Compared are their last hidden layers. What should be found: groups that ten-digits keeps together and odd-even "
    "scatters, each of them nearly all one digit. What only odd-even groups has no such simple name: it ties together "
    "digits of equal parity that ten-digits pulls apart. Two such networks differ all over, so that no one group "
    "stands out from the rest."
)

N_CLUSTERS = 20  # about two per digit: a digit is written in more than one way

_HIDDEN_LAYERS = (64, 64, 64, 32)
_PIXELS_PER_PIXEL = 6  # so that an 8 x 8 picture can be seen


@dataclass(frozen=True)
class DemoFiles:
    """The demo's input, as files that ``repdiff compare`` takes.

    Attributes
    ----------
    x, y : Path
        Hidden layers of the two networks, .npy.
    items : Path
        Table of the items, .csv, with the digit and what ten-digits takes it for.
    """

    x: Path
    y: Path
    items: Path


def write_demo_files(folder: Path) -> DemoFiles:
    """Train the two networks and write their hidden layers, the items and their pictures.

    Parameters
    ----------
    folder : Path
        Where; made if it is not there. Files of an earlier demo are replaced.
    """
    from sklearn.datasets import load_digits

    digits = load_digits()
    pixels, digit = digits.data / 16, digits.target
    told_digits, said = _train(pixels, digit)
    told_parity, _ = _train(pixels, digit % 2)
    files = DemoFiles(folder / f"{NAMES[0]}.npy", folder / f"{NAMES[1]}.npy", folder / "items.csv")
    folder.mkdir(parents=True, exist_ok=True)
    np.save(files.x, told_digits)
    np.save(files.y, told_parity)
    paths = _write_pictures(digits.images, folder)
    pd.DataFrame({"id": [Path(path).stem for path in paths], "image": paths, LABEL: digit, PREDICTION_X: said}).to_csv(
        files.items, index=False
    )
    return files


def options(files: DemoFiles) -> dict[str, Any]:
    """What the demo passes to :func:`repdiff.compare` beside the two files."""
    return {
        "items": files.items,
        "label": LABEL,
        "prediction_x": PREDICTION_X,
        "n_clusters": N_CLUSTERS,
        "description": DESCRIPTION,
    }


def command_line(files: DemoFiles) -> str:
    """The command that compares the same files."""
    return (
        f"repdiff compare {files.x} {files.y} --items {files.items} --label {LABEL} --pred-x {PREDICTION_X} "
        f"--clusters {N_CLUSTERS} -o my-run"
    )


def _train(
    pixels: npt.NDArray[np.float64], target: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[Any]]:
    """Last hidden layer, (n, 32), and predictions of a network that saw three of four pictures with their targets."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    seen = np.arange(len(target)) % 4 != 0
    network = MLPClassifier(
        _HIDDEN_LAYERS,
        learning_rate_init=2e-3,
        alpha=0.1,
        max_iter=200,
        n_iter_no_change=200,
        random_state=0,
    )
    # Products this small are slower on several threads. That it stops after 200 rounds is meant.
    with single_threaded_libraries(), catch_warnings():
        simplefilter("ignore", ConvergenceWarning)
        network.fit(pixels[seen], target[seen])
        layer = pixels
        for weights, intercepts in zip(network.coefs_[:-1], network.intercepts_[:-1], strict=True):
            layer = np.maximum(layer @ weights + intercepts, 0)
        return layer.astype(np.float32), network.predict(pixels)


def _write_pictures(images: npt.NDArray[np.float64], folder: Path) -> list[str]:
    """Dark ink on white, (8, 8) values from 0 to 16 each; their paths relative to the folder."""
    (folder / "images").mkdir(exist_ok=True)
    paths = []
    for row, image in enumerate(images):
        ink = np.kron(255 - image * (255 / 16), np.ones((_PIXELS_PER_PIXEL, _PIXELS_PER_PIXEL)))
        paths.append(f"images/digit-{row:04d}.png")
        Image.fromarray(ink.astype(np.uint8)).save(folder / paths[-1])
    return paths
