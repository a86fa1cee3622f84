"""A small convolutional network, and the output of its last hidden layer for pictures."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

N_OUTPUTS = 20  # ten digits, and ten flipped ones; the same for all, so that all begin with the same weights
_WIDTH, _EPOCHS, _BATCH, _RATE = 64, 12, 64, 2e-3


def new_network() -> nn.Sequential:
    """Two convolutions, a hidden layer of 64 and the outputs."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(16 * 5 * 5, _WIDTH), nn.ReLU(),
        nn.Linear(_WIDTH, N_OUTPUTS),
    )  # fmt: skip


def train(images: npt.NDArray[np.float32], labels: npt.NDArray[np.int64], seed: int) -> nn.Sequential:
    """A network trained on pictures and labels; the seed sets the first weights and the order of the batches."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = new_network()
    order = np.random.default_rng(seed)
    pictures, targets = torch.from_numpy(images)[:, None], torch.from_numpy(labels)
    optimizer = torch.optim.Adam(network.parameters(), lr=_RATE)
    for _ in range(_EPOCHS):
        shuffled = torch.from_numpy(order.permutation(len(labels)))
        for rows in shuffled.split(_BATCH):
            loss = nn.functional.cross_entropy(network(pictures[rows]), targets[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return network.eval()


@torch.no_grad()
def embed(network: nn.Sequential, images: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The last hidden layer, (n, 64)."""
    return network[:-1](torch.from_numpy(images)[:, None]).numpy()


@torch.no_grad()
def predict(network: nn.Sequential, images: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    """The most likely label of each picture, (n,)."""
    return network(torch.from_numpy(images)[:, None]).argmax(dim=1).numpy()
