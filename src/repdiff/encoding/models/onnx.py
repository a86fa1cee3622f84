"""``onnx:file``: a graph run by onnxruntime; input size, layout and names are read from it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from repdiff.core.errors import InputError, MissingExtraError, RepdiffError
from repdiff.core.files import one_line
from repdiff.encoding.models.base import USUAL, Model, ModelKind, Output, Request, choose
from repdiff.encoding.models.graphs import check_batch, file_sha256, filled, open_graph, to_tensor
from repdiff.encoding.pooling import pool_maps

_TYPES = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(double)": "float64",
    "tensor(uint8)": "uint8",
}
_LOGITS = "logits"


def _load(target: str, request: Request) -> Model:
    path, options = open_graph(target, "onnx")
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtraError("onnxruntime", "encode", f"onnx:{path}") from error
    session = _session(onnxruntime, path, _providers(onnxruntime, request.device))
    inner = [layer for layer in request.layers if layer not in _names(session)]
    if inner:
        session = _session(onnxruntime, _with_outputs(path, inner), session.get_providers())
    return _OnnxModel(session, path, options, request, onnxruntime.__version__)


def _session(onnxruntime: Any, graph: Path | bytes, providers: list[str]) -> Any:
    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = 4  # nothing: what is wrong comes as an exception, too
    try:
        return onnxruntime.InferenceSession(
            graph if isinstance(graph, bytes) else str(graph), settings, providers=providers, enable_fallback=0
        )
    except Exception as error:
        name = graph if isinstance(graph, Path) else "graph"
        raise InputError(f"onnx:{name}: cannot be loaded: {one_line(error)}") from error


def _providers(onnxruntime: Any, device: str | None) -> list[str]:
    there = onnxruntime.get_available_providers()
    by_device = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
    wanted = by_device.get(device or ("cuda" if by_device["cuda"] in there else "cpu"))
    if wanted is None or wanted not in there:
        raise RepdiffError(f"device {device!r} cannot be used here; onnxruntime has {', '.join(there)}")
    return [wanted]


def _names(session: Any) -> list[str]:
    return [output.name for output in session.get_outputs()]


def _with_outputs(path: Path, layers: list[str]) -> bytes:
    """The graph with inner tensors, or the outputs of nodes of those names, as outputs too."""
    try:
        import onnx
    except ImportError as error:
        raise MissingExtraError("onnx", "encode", f"reading layers inside onnx:{path}") from error
    graph = onnx.load(path)
    by_node = {node.name: node.output[0] for node in graph.graph.node if node.name and node.output}
    tensors = {name for node in graph.graph.node for name in node.output if name}
    choose(layers, sorted(tensors | set(by_node)), f"onnx:{path}")
    for layer in layers:
        if layer not in tensors:
            graph.graph.node.append(onnx.helper.make_node("Identity", [by_node[layer]], [layer]))
        graph.graph.output.append(onnx.ValueInfoProto(name=layer))
    return bytes(graph.SerializeToString())


class _OnnxModel:
    """A graph, its input, and the requested outputs."""

    classes = None

    def __init__(self, session: Any, path: Path, options: dict[str, str], request: Request, version: str) -> None:
        self._session, self._request = session, request
        inputs = session.get_inputs()
        if len(inputs) != 1 or inputs[0].type not in _TYPES:
            given = ", ".join(f"{given.name} of {given.type}" for given in inputs)
            raise InputError(f"onnx:{path}: takes {given}, but must take one batch of images; use py: for it")
        self._input = inputs[0].name
        shape = inputs[0].shape
        self.batch_size = shape[0] if isinstance(shape[0], int) and shape[0] > 0 else None
        self.prepare = to_tensor(shape, _TYPES[inputs[0].type], options, f"onnx:{path}")
        check_batch(self.batch_size, self.prepare, f"onnx:{path}")
        self._wanted = {layer: layer for layer in request.layers} or {USUAL: _usual_output(_names(session))}
        self._has_head = _LOGITS in _names(session)
        self.facts: Mapping[str, Any] = {
            "weights_sha256": file_sha256(path),
            "preprocessing": str(self.prepare),
            "outputs": self._wanted,
            "device": session.get_providers()[0],
            "versions": {"onnxruntime": version},
        }

    def collate(self, samples: list[Any]) -> tuple[Any, int]:
        return filled(samples, self.batch_size), len(samples)

    def embed(self, batch: tuple[Any, int]) -> Output:
        values, count = batch
        names = [*dict.fromkeys([*self._wanted.values(), *([_LOGITS] if self._has_head else [])])]
        found = dict(zip(names, self._session.run(names, {self._input: values}), strict=True))
        layers, pools, coarsest = {}, {}, "float32"
        for layer, name in self._wanted.items():
            pooled, pools[layer] = pool_maps(
                found[name][:count], self._request.pool, channels_last=self.prepare.channels_last
            )
            layers[layer] = np.ascontiguousarray(pooled, np.float32)
            coarsest = "float16" if pooled.dtype == np.float16 else coarsest
        return Output(layers, pools, found[_LOGITS][:count] if self._has_head else None, coarsest)


def _usual_output(names: list[str]) -> str:
    """The embedding output: one with such a name, else the first that is not the classifier's."""
    called = [name for name in names if "embed" in name.lower() or name in ("pooler_output", "last_hidden_state")]
    return next(iter([*called, *(name for name in names if name != _LOGITS)]), names[0])


KIND = ModelKind(
    "onnx",
    "onnx:FILE",
    "a graph for onnxruntime that takes images (normalize=imagenet|half|none, size=224, layout=first|last)",
    ("image",),
    _load,
)
