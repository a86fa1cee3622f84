"""What tests of models share: batches made without the code under test, and comparisons with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from encoders import values_of
from PIL import Image

from repdiff.inputs.encoded import items_path

SIDE = 16
CLASSES = ["apple", "boat", "cat"]


def names_of(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))


def batch_of(folder: Path, *, side: int = SIDE, resample: int = 2, mean: float = 0.5, std: float = 0.5) -> Any:
    """All pictures as a model takes them, made without the code under test: (n, 3, side, side)."""
    import torch

    images = [Image.open(folder / name).convert("RGB").resize((side, side), resample) for name in names_of(folder)]
    values = np.stack([np.asarray(image, np.float32) for image in images]) / 255
    return torch.from_numpy(((values - mean) / std).transpose(0, 3, 1, 2).astype(np.float32).copy())


def check(found: Any, expected: Any, *, atol: float = 2e-5) -> None:
    found = values_of(found) if isinstance(found, Path) else found
    assert found.dtype == np.float32
    expected = expected.detach().numpy() if hasattr(expected, "detach") else expected
    assert expected.std(axis=0).max() > 100 * atol  # the items differ, so that the comparison means something
    np.testing.assert_allclose(found, expected, atol=atol, rtol=1e-4)


def check_predictions(path: Path, logits: Any, classes: list[str] = CLASSES) -> None:
    import torch

    shares = torch.softmax(logits.detach().double(), 1).numpy()
    rows = pd.read_parquet(items_path(path))
    assert rows["prediction"].tolist() == [classes[row] for row in shares.argmax(1)]
    np.testing.assert_allclose(rows["confidence"], shares.max(1), atol=1e-5)


def randomise(module: Any) -> Any:
    """Weights, and statistics of batches, large enough that items differ at every layer."""
    import torch

    torch.manual_seed(3)
    with torch.no_grad():
        for value in [*module.parameters(), *(b for b in module.buffers() if b.is_floating_point())]:
            value.copy_(torch.rand_like(value) * 0.6 - 0.2 if value.dim() > 1 else torch.rand_like(value) + 0.2)
    return module.eval()
