"""Trains a ResNet-18 from random weights and keeps its features of the probe images."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from images import ImageSet, add_noise

from repdiff import InputError
from repdiff.core.files import written_whole

_THREADS = 1  # the split of a sum among threads changes its last bits, and fifty epochs amplify them


@dataclass(frozen=True)
class Checkpoint:
    """The network's output for the images after some epochs.

    Attributes
    ----------
    epoch : int
        Epochs of training so far; 0 is the random network.
    features : ndarray of float32, (n, width)
        Of each image, after the last average pooling.
    predictions : ndarray of int64, (n,)
        Index of the class predicted for each image.
    """

    epoch: int
    features: npt.NDArray[np.float32]
    predictions: npt.NDArray[np.int64]

    def of(self, rows: npt.NDArray[np.int64]) -> Checkpoint:
        """The same for some images."""
        return Checkpoint(self.epoch, self.features[rows], self.predictions[rows])


@dataclass(frozen=True)
class Recipe:
    """How to train.

    Attributes
    ----------
    epochs, batch : int
        Passes over the training images, and images per step.
    rate, momentum, decay : float
        Of stochastic gradient descent.
    schedule : {"cosine", "constant"}
        Whether the rate falls to zero along a cosine, or stays.
    noise : float
        Standard deviation of the new noise that a training image gets each time.
    flips : bool
        Whether a training image is mirrored half of the time.
    width : int
        Channels of the first stage; ResNet-18 has 64.
    random_state : int
        Seed of the weights, the order and the noise.
    """

    epochs: int = 50
    batch: int = 64
    rate: float = 0.003
    momentum: float = 0.9
    decay: float = 5e-4
    schedule: Literal["cosine", "constant"] = "cosine"
    noise: float = 0.0
    flips: bool = False
    width: int = 16
    random_state: int = 0


def resnet18(channels: int, n_classes: int, width: int) -> Any:
    """A ResNet-18 (two basic blocks in each of four stages) with random weights."""
    from transformers import ResNetConfig, ResNetForImageClassification

    config = ResNetConfig(
        num_channels=channels,
        embedding_size=width,
        hidden_sizes=[width, 2 * width, 4 * width, 8 * width],
        depths=[2, 2, 2, 2],
        layer_type="basic",
        num_labels=n_classes,
    )
    return ResNetForImageClassification(config)


def train(
    images: ImageSet, recipe: Recipe, *, keep: Iterable[int], progress: Callable[[int, float], None]
) -> list[Checkpoint]:
    """Checkpoints after the epochs in ``keep``; ``progress`` receives each epoch and its mean loss."""
    import torch

    torch.set_num_threads(_THREADS)
    wanted = set(keep)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.random_state)
        network = resnet18(images.clean.shape[1], len(images.classes), recipe.width)
    optimiser = torch.optim.SGD(
        network.parameters(), lr=recipe.rate, momentum=recipe.momentum, weight_decay=recipe.decay
    )
    falls = recipe.schedule == "cosine"
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, recipe.epochs) if falls else None
    rng = np.random.default_rng(recipe.random_state)
    kept = [look(network, images, 0)] if 0 in wanted else []
    for epoch in range(1, recipe.epochs + 1):
        progress(epoch, _one_epoch(network, optimiser, images, recipe, rng))
        if schedule is not None:
            schedule.step()
        if epoch in wanted:
            kept.append(look(network, images, epoch))
    return kept


def look(network: Any, images: ImageSet, epoch: int) -> Checkpoint:
    """Features and predictions of all images; the network is unchanged."""
    import torch

    network.eval()
    features, predictions = [], []
    with torch.inference_mode():
        for batch in torch.from_numpy(images.probe).split(250):
            pooled = network.resnet(batch).pooler_output
            features.append(pooled.flatten(1).numpy())
            predictions.append(network.classifier(pooled).argmax(1).numpy())
    return Checkpoint(epoch, np.concatenate(features), np.concatenate(predictions))


def _one_epoch(network: Any, optimiser: Any, images: ImageSet, recipe: Recipe, rng: np.random.Generator) -> float:
    """One pass over the training images; the mean loss."""
    import torch

    network.train()
    order = rng.permutation(np.flatnonzero(~images.held_out))
    losses = []
    for start in range(0, len(order) - recipe.batch // 2, recipe.batch):  # no small batch: its statistics are poor
        rows = order[start : start + recipe.batch]
        logits = network(torch.from_numpy(_varied(images.clean[rows], recipe, rng))).logits
        loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(images.targets[rows]))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    return float(np.mean(losses))


def _varied(pixels: npt.NDArray[np.float32], recipe: Recipe, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """The images with new noise and flips."""
    if recipe.flips:
        pixels = np.where(rng.random((len(pixels), 1, 1, 1)) < 0.5, pixels[..., ::-1], pixels)
    return add_noise(pixels, recipe.noise, rng) if recipe.noise else np.ascontiguousarray(pixels)


def write_checkpoints(checkpoints: Sequence[Checkpoint], path: Path) -> None:
    """Write them to one file, .npz."""
    arrays = {"epochs": np.array([checkpoint.epoch for checkpoint in checkpoints])}
    for checkpoint in checkpoints:
        arrays[f"features-{checkpoint.epoch}"] = checkpoint.features
        arrays[f"predictions-{checkpoint.epoch}"] = checkpoint.predictions
    with written_whole(path) as partial, partial.open("wb") as file:
        np.savez(file, **arrays)


def read_checkpoints(path: Path) -> list[Checkpoint]:
    """The checkpoints that :func:`write_checkpoints` wrote."""
    if not path.is_file():
        raise InputError(f"{path}: holds no checkpoints; run without --reuse")
    with np.load(path, allow_pickle=False) as file:
        return [
            Checkpoint(epoch, file[f"features-{epoch}"], file[f"predictions-{epoch}"])
            for epoch in file["epochs"].tolist()
        ]
