"""``pt2:file``: a model saved by torch.export; input size and layout are read from it."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from repdiff.core.errors import InputError
from repdiff.core.files import is_zip, one_line
from repdiff.encoding.models import torch_tools
from repdiff.encoding.models.base import USUAL, Model, ModelKind, Output, Request
from repdiff.encoding.models.graphs import check_batch, file_sha256, filled, open_graph, to_tensor
from repdiff.encoding.models.pt2_archive import checked_archive


def _load(target: str, request: Request) -> Model:
    path, options = open_graph(target, "pt2")
    if not is_zip(path):  # torch's own error has forty lines
        raise InputError(f"pt2:{path}: is not a file that torch.export saved")
    torch = torch_tools.import_torch(f"pt2:{path}")
    try:
        checked = checked_archive(path)
        with warnings.catch_warnings(), _quiet_torch():
            warnings.simplefilter("ignore")  # of torch, about its own file format
            program = torch.export.load(checked)
            # Unflattened, the graph has the names of its original modules.
            module = torch.export.unflatten(program) if request.layers else program.module()
    except InputError:
        raise
    except Exception as error:
        raise InputError(f"pt2:{path}: cannot be loaded as a torch.export file: {one_line(error)}") from error
    return _Pt2Model(torch, program, module, path, options, request)


@contextmanager
def _quiet_torch() -> Iterator[None]:
    """No lines of torch's logs beside the one line of an error."""
    logger = logging.getLogger("torch")
    before, logger.disabled = logger.disabled, True
    others = [one for name, one in logging.root.manager.loggerDict.items() if name.startswith("torch.")]
    loud = [one for one in others if isinstance(one, logging.Logger) and not one.disabled]
    for one in loud:
        one.disabled = True
    try:
        yield
    finally:
        logger.disabled = before
        for one in loud:
            one.disabled = False


class _Pt2Model:
    """An exported program, run as the module it was."""

    classes = None

    def __init__(
        self, torch: Any, program: Any, module: Any, path: Path, options: dict[str, str], request: Request
    ) -> None:
        self._torch, self._module, self._request = torch, module, request
        self._device = torch_tools.choose_device(request.device)
        self._module.to(self._device)
        given = _input_of(program, path)
        self.batch_size = given.shape[0] if isinstance(given.shape[0], int) else None
        self.prepare = to_tensor(tuple(given.shape), str(given.dtype).removeprefix("torch."), options, f"pt2:{path}")
        check_batch(self.batch_size, self.prepare, f"pt2:{path}")
        self._listener = torch_tools.Listener(dict(module.named_modules()), request.layers, f"pt2:{path}")
        self.facts: Mapping[str, Any] = {
            "weights_sha256": file_sha256(path),
            "preprocessing": str(self.prepare),
            **torch_tools.device_facts(self._device),
        }

    def collate(self, samples: list[Any]) -> tuple[Any, int]:
        return self._torch.from_numpy(filled(samples, self.batch_size)), len(samples)

    def embed(self, batch: tuple[Any, int]) -> Output:
        values, count = batch
        with self._torch.inference_mode():
            output = self._module(values.to(self._device))
            outputs = self._listener.heard() or {USUAL: output}
            first = {name: torch_tools.first_tensor(value)[:count] for name, value in outputs.items()}
            layers, pools = torch_tools.pool_layers(first, self._request.pool)
            logits = output.get("logits") if isinstance(output, Mapping) else None
            precision = torch_tools.precision_of(next(iter(first.values())), self._device)
        return Output(layers, pools, None if logits is None else torch_tools.as_matrix(logits[:count]), precision)


def _input_of(program: Any, path: Path) -> Any:
    """The example of the one input."""
    names = program.graph_signature.user_inputs
    nodes = {node.name: node for node in program.graph.nodes if node.op == "placeholder"}
    if len(names) != 1 or not hasattr(nodes[names[0]].meta.get("val"), "shape"):
        raise InputError(f"pt2:{path}: takes {len(names)} inputs, but must take one batch of images; use py: for it")
    return nodes[names[0]].meta["val"]


KIND = ModelKind(
    "pt2",
    "pt2:FILE",
    "a model saved by torch.export that takes images (normalize=imagenet|half|none, size=224, layout=first|last)",
    ("image",),
    _load,
)
