"""What the two sides are called when a model stands in place of a file."""

import pytest

from repdiff.cli.models import ModelOrFile, display_names


@pytest.mark.parametrize(
    ("x", "y", "names"),
    [
        ("hf:models/resnet-18", "hf:facebook/dinov2-base", ("resnet-18", "dinov2-base")),
        ("hf:runs/resnet/model", "hf:runs/vit/model", ("resnet", "vit")),
        ("hf:old/resnet", "hf:new/resnet", ("old/resnet", "new/resnet")),
        ("onnx:export/small/model.onnx", "pt2:export/large.pt2", ("small", "large")),
        ("st:encoders/minilm", "tfidf", ("minilm", "tfidf")),
        ("py:networks:lite0", "py:networks:lite2", ("lite0", "lite2")),
        ("hf:model", "pixels?size=8", ("model", "pixels")),
        ("pixels", "pixels", ("x", "y")),
    ],
)
def test_a_model_is_called_after_its_folder_or_id(x, y, names):
    assert display_names([ModelOrFile("x", None, x), ModelOrFile("y", None, y)]) == names


def test_layers_tell_two_uses_of_a_model_apart():
    sides = [ModelOrFile(name, None, "hf:models/vit", layer=layer) for name, layer in (("x", "first"), ("y", "last"))]
    assert display_names(sides) == ("vit first", "vit last")


def test_a_file_beside_a_model_is_called_after_itself_or_its_folder(tmp_path):
    sides = [ModelOrFile("x", tmp_path / "resnet" / "embeddings.npy"), ModelOrFile("y", None, "hf:models/vit")]
    assert display_names(sides) == ("resnet", "vit")
