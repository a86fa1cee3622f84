"""Models from strangers: nothing in a file runs when the model is loaded."""

from __future__ import annotations

import io
import json
import os
import pickle
import sys
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mutations
import numpy as np
import pytest

import repdiff
from repdiff.core.errors import InputError
from repdiff.encoding.models.pt2_archive import check_expression

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

MODEL = "models/model.json"
WEIGHTS = "data/weights/model_weights_config.json"
Parts = dict[str, bytes]


class Runs:
    """Pickled, this runs a command when it is loaded."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> Any:
        return os.system, (self.command,)


def change(parts: Parts, name: str, edit: Callable[[Any], None]) -> None:
    told = json.loads(parts[name])
    edit(told)
    parts[name] = json.dumps(told).encode()


def pickled_samples(parts: Parts, command: str) -> None:
    parts["data/sample_inputs/model.pt"] = pickle.dumps(Runs(command), protocol=2)


def pickled_weights(parts: Parts, command: str) -> None:
    def edit(told: Any) -> None:
        next(iter(told["config"].values()))["use_pickle"] = True

    change(parts, WEIGHTS, edit)
    record = next(iter(json.loads(parts[WEIGHTS])["config"].values()))["path_name"]
    parts[f"data/weights/{record}"] = pickle.dumps(Runs(command), protocol=2)


def pickled_object(parts: Parts, command: str) -> None:
    facts = {"path_name": "opaque_obj_0", "is_param": False, "use_pickle": True, "tensor_meta": None}
    change(parts, "data/constants/model_constants_config.json", lambda told: told["config"].update({"thing": facts}))
    parts["data/constants/opaque_obj_0"] = pickle.dumps(Runs(command))


def old_weights(parts: Parts, command: str) -> None:
    parts["data/weights/model.pt"] = pickle.dumps(Runs(command), protocol=2)


def expression(parts: Parts, command: str) -> None:
    def edit(told: Any) -> None:
        for value in told["graph_module"]["graph"]["tensor_values"].values():
            for size in value["sizes"]:
                if "as_expr" in size:
                    size["as_expr"]["expr_str"] = f"__import__('os').system({command!r})"

    change(parts, MODEL, edit)


def import_by_tree(parts: Parts, command: str) -> None:
    """A module that the file names, of the folder it came in."""
    Path("planted_by_tree.py").write_text(f"import os\nos.system({command!r})\nfactory = list\n")
    context = {"default_factory_module": "planted_by_tree", "default_factory_name": "factory", "dict_context": []}
    tree = [1, {"type": "collections.defaultdict", "context": context, "children_spec": []}]

    def edit(told: Any) -> None:
        told["graph_module"]["module_call_graph"][0]["signature"]["out_spec"] = json.dumps(tree)

    change(parts, MODEL, edit)


def import_by_enum(parts: Parts, command: str) -> None:
    Path("planted_by_enum.py").write_text(f"import os\nos.system({command!r})\n")
    context = json.dumps([{"__enum__": True, "fqn": "planted_by_enum:Kind", "name": "ONE"}])
    tree = [1, {"type": "builtins.dict", "context": context, "children_spec": []}]

    def edit(told: Any) -> None:
        told["graph_module"]["module_call_graph"][0]["signature"]["in_spec"] = json.dumps(tree)

    change(parts, MODEL, edit)


def function_of_torch(parts: Parts, command: str) -> None:
    """A node that calls what it finds below ``torch``, such as the os module, when the model runs."""

    def edit(told: Any) -> None:
        node = told["graph_module"]["graph"]["nodes"][0]
        node["target"] = "torch.os.system"
        node["inputs"] = [{"name": "command", "arg": {"as_string": command}, "kind": 1}]

    change(parts, MODEL, edit)


def name_in_source(parts: Parts, command: str) -> None:
    """The names of arguments become Python source."""

    def edit(told: Any) -> None:
        signature = told["graph_module"]["module_call_graph"][0]["signature"]
        signature["forward_arg_names"] = [f"input=__import__('os').system({command!r})"]

    change(parts, MODEL, edit)


def guards(parts: Parts, command: str) -> None:
    change(parts, MODEL, lambda told: told.update(guards_code=[f"__import__('os').system({command!r}) == 0"]))


ATTACKS = {
    "pickled sample inputs": pickled_samples,
    "pickled weights": pickled_weights,
    "a pickled object": pickled_object,
    "weights of the old layout": old_weights,
    "an expression": expression,
    "a tree that imports": import_by_tree,
    "an enumeration that imports": import_by_enum,
    "a function of torch": function_of_torch,
    "a name in source": name_in_source,
    "guards": guards,
}
OF_NO_AVAIL = ("a function of torch", "a name in source", "guards")  # torch 2.13 itself sees to these
DROPPED = ("pickled sample inputs", "weights of the old layout", "guards")  # parts that are not needed


def attacked(path: Path, attack: Callable[[Parts, str], None], command: str) -> None:
    with zipfile.ZipFile(io.BytesIO(mutations.sound("pt2"))) as archive:
        root = archive.namelist()[0].partition("/")[0]
        parts = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    attack(parts, command)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(f"{root}/{name}", data)


def pictures(folder: Path) -> Path:
    from PIL import Image

    folder.mkdir()
    for number in range(3):
        Image.new("RGB", (8, 8), (number, 9, 9)).save(folder / f"{number}.png")
    return folder


@pytest.mark.parametrize("name", ATTACKS)
def test_nothing_runs_when_an_exported_program_is_loaded_or_run(name, tmp_path, monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    path, mark = tmp_path / "model.pt2", tmp_path / "it-ran"
    attacked(path, ATTACKS[name], f"touch {mark}")
    spec, items = f"pt2:{path}", pictures(tmp_path / "photos")
    if name in DROPPED:
        assert repdiff.encode(spec, items, tmp_path / "x.npz").n_items == 3
    else:
        with pytest.raises(InputError, match=r"pt2:.*(never read|not run|not read|save it again)") as found:
            repdiff.encode(spec, items, tmp_path / "x.npz")
        assert len(str(found.value).splitlines()) == 1
    assert not mark.exists()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run_as_torch_does(torch, path)
    if name not in OF_NO_AVAIL:
        assert mark.exists(), "the attack is none, so the test shows nothing"


def run_as_torch_does(torch: Any, path: Path) -> None:
    try:
        torch.export.load(path).module()(torch.zeros(2, 3, 4, 4))
    except Exception:
        return


@pytest.mark.parametrize(
    "text",
    [
        "Symbol('s31', positive=True, integer=True)",
        "2*s0 + 1",
        "FloorDiv(Symbol('s0', integer=True), Integer(2))",
        "oo",
    ],
)
def test_expressions_of_sizes_are_read(text):
    check_expression(text, "pt2:m")


@pytest.mark.parametrize(
    "text",
    ["__import__('os')", "s0.__class__", "s0[0]", "lambda: 0", "9**9**9", "Symbol('__import__(1)')", "eval('1')",
     "(s0 for s0 in x)", "f'{s0}'", "Symbol.__init__", "(" * 300, "s0" * 2000, "Pow(9, 999999)", "'a' 'b c'"],
)  # fmt: skip
def test_other_expressions_are_refused(text):
    with pytest.raises(InputError, match="no arithmetic on sizes"):
        check_expression(text, "pt2:m")


OWN_CODE = """
import pathlib
pathlib.Path({mark!r}).touch()
from transformers import PretrainedConfig, PreTrainedModel
class Config(PretrainedConfig):
    model_type = "own"
class Model(PreTrainedModel):
    config_class = Config
"""


def own_code_in_the_model(folder: Path) -> dict[str, Any]:
    return {"model_type": "own", "auto_map": {"AutoConfig": "own.Config", "AutoModel": "own.Model"}}


def own_code_in_a_part(folder: Path) -> dict[str, Any]:
    """A known class whose inner model is made by a call that does not say whether code may run."""
    inner = {"model_type": "bert", "auto_map": {"AutoModel": f"{folder}--own.Model"}, "_name_or_path": str(folder)}
    return {
        "model_type": "vision-text-dual-encoder",
        "architectures": ["VisionTextDualEncoderModel"],
        "text_config": inner,
        "vision_config": {"model_type": "clip_vision_model"},
    }


class Asked:
    """A terminal that would agree to everything, and knows whether it was asked."""

    def __init__(self) -> None:
        self.times = 0

    def readline(self, *_: Any) -> str:
        self.times += 1
        return "y\n"

    def fileno(self) -> int:
        return -1


@pytest.mark.parametrize("made", [own_code_in_the_model, own_code_in_a_part])
@pytest.mark.parametrize("kind", ["hf", "st"])
def test_a_folder_is_never_asked_about_nor_run(kind, made, tmp_path, monkeypatch):
    pytest.importorskip("transformers")
    if kind == "st":
        pytest.importorskip("sentence_transformers")
    folder, mark, terminal = tmp_path / "folder", tmp_path / "it-ran", Asked()
    folder.mkdir()
    (folder / "own.py").write_text(OWN_CODE.format(mark=str(mark)))
    (folder / "config.json").write_text(json.dumps(made(folder)))
    steps = [{"name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}]
    if kind == "st":
        (folder / "modules.json").write_text(json.dumps(steps))
    (tmp_path / "t.csv").write_text("id,text\na,hello\nb,good day\n")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(sys, "stdin", terminal)
    with pytest.raises(InputError) as found:
        repdiff.encode(f"{kind}:{folder}", tmp_path / "t.csv", tmp_path / "x.npz")
    assert len(str(found.value).splitlines()) == 1
    assert not mark.exists()
    assert terminal.times == 0


def test_asking_and_importing_are_switched_off_while_a_model_is_loaded(tmp_path, monkeypatch):
    pytest.importorskip("transformers")
    import transformers
    from transformers import dynamic_module_utils as library

    from repdiff.encoding.models.hf_loading import no_own_code

    terminal, mark = Asked(), tmp_path / "it-ran"
    (tmp_path / "own.py").write_text(OWN_CODE.format(mark=str(mark)))
    monkeypatch.setattr(sys, "stdin", terminal)
    with no_own_code(transformers):
        with pytest.raises(ValueError, match="trust_remote_code"):
            library.resolve_trust_remote_code(None, str(tmp_path), has_local_code=False, has_remote_code=True)
        with pytest.raises(ValueError, match="trust_remote_code"):
            library.get_class_from_dynamic_module("own.Model", str(tmp_path))
    assert terminal.times == 0
    assert not mark.exists()


@pytest.mark.parametrize("where", ["../secret.bin", "{folder}/secret.bin", "link.bin", "inner/../../secret.bin"])
def test_a_graph_reads_no_weights_outside_its_folder(where, tmp_path):
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    np.ones(36, np.float32).tofile(tmp_path / "secret.bin")
    inner = tmp_path / "models"
    inner.mkdir()
    (inner / "link.bin").symlink_to(tmp_path / "secret.bin")
    model = onnx.load_model_from_string(mutations.sound("onnx"))
    weights = next(one for one in model.graph.initializer if one.name == "w")
    weights.ClearField("raw_data")
    weights.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", where.format(folder=tmp_path)), ("offset", "0"), ("length", "144")):
        weights.external_data.add(key=key, value=value)
    (inner / "m.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(InputError, match="cannot be loaded"):
        repdiff.encode(
            f"onnx:{inner / 'm.onnx'}?size=8&layout=first", pictures(tmp_path / "photos"), tmp_path / "x.npz"
        )


def test_a_graph_that_takes_a_billion_images_at_once_is_refused(tmp_path):
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    model = onnx.load_model_from_string(mutations.sound("onnx"))
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 10**9
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(InputError, match=r"takes 1,000,000,000 images of 2 x 2 at once, 48\.0 GB"):
        repdiff.encode(f"onnx:{tmp_path / 'm.onnx'}?layout=first", pictures(tmp_path / "photos"), tmp_path / "x.npz")


class Touches:
    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return Path.touch, (self.mark,)


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".npy", ".npz"])
def test_no_pickle_in_a_data_file_runs(suffix, tmp_path):
    path, mark = tmp_path / f"x{suffix}", tmp_path / "it-ran"
    hostile = np.array([Touches(mark)], dtype=object)
    if suffix == ".npy":
        np.save(path, hostile, allow_pickle=True)
    elif suffix == ".npz":
        np.savez(path, embeddings=hostile)
    else:
        torch = pytest.importorskip("torch")
        torch.save({"embeddings": Touches(mark)}, path)
    with pytest.raises(InputError, match=r"holds Python objects, which only pickle can read") as found:
        repdiff.compare(path, path)
    assert "weights_only" not in str(found.value)
    assert not mark.exists()
