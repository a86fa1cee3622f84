"""Small models of every kind that stands in a file, with random weights: what the documentation's commands speak of."""

from __future__ import annotations

import warnings
from pathlib import Path

from encoders import need

SIDE = 32


def write_models(folder: Path) -> Path:
    """``resnet`` and ``vit`` as transformers saves them, ``resnet.onnx`` and ``resnet.pt2``."""
    torch, transformers = need("torch"), need("transformers")
    torch.manual_seed(0)
    folder.mkdir()
    resnet = transformers.ResNetForImageClassification(
        transformers.ResNetConfig(
            embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic", id2label={0: "cat", 1: "dog"}
        )
    )
    vit = transformers.ViTModel(
        transformers.ViTConfig(
            hidden_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=32,
            image_size=SIDE,
            patch_size=8,
        )
    )
    for name, model in (("resnet", resnet), ("vit", vit)):
        model.eval().save_pretrained(folder / name)
        transformers.ViTImageProcessor(size={"height": SIDE, "width": SIDE}).save_pretrained(folder / name)
    _export(torch, _Features(resnet), folder)
    return folder


def _Features(resnet):  # noqa: N802  a class that cannot be made before torch is there
    import torch

    class Features(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.body = resnet

        def forward(self, images):
            return self.body.resnet(images).pooler_output

    return Features().eval()


def _export(torch, module, folder: Path) -> None:
    example = torch.zeros(2, 3, SIDE, SIDE)
    batch = ({0: torch.export.Dim("batch")},)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporters, about their own ways
        program = torch.export.export(module, (example,), dynamic_shapes=batch)
        torch.export.save(program, folder / "resnet.pt2")
        torch.onnx.export(
            module, (example,), folder / "resnet.onnx", input_names=["images"], output_names=["features"],
            dynamic_shapes=batch, dynamo=True, verbose=False,
        )  # fmt: skip
