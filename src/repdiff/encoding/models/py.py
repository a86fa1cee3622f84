"""``py:module:attribute``: your own code; a torch module with its transform, or a function from a batch to an array."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from repdiff.core.errors import InputError, RepdiffError
from repdiff.core.files import one_line
from repdiff.encoding.decoders import portable
from repdiff.encoding.models import torch_tools
from repdiff.encoding.models.base import USUAL, Model, ModelKind, Output, Request, no_layers
from repdiff.encoding.pooling import pool_maps

_WANTED = (
    "a (torch module, transform) pair, maybe with a list of class names as a third, a function without arguments that "
    "returns one, or a function from a list of items to an array"
)


def _load(target: Any, request: Request) -> Model:
    with redirect_stdout(sys.stderr):  # keep the output of the user's code off standard output
        return _found(target, request)


def _found(target: Any, request: Request) -> Model:
    found, what = _import(target) if isinstance(target, str) else (target, "the model")
    if callable(found) and not _is_module(found) and _takes_nothing(found):
        found = _called(found, what)
    if isinstance(found, tuple) and len(found) in (2, 3) and _is_module(found[0]) and callable(found[1]):
        return _TorchModel(*found, request=request, what=what)
    if callable(found) and not _is_module(found):
        no_layers(request, f"{what}: a function")
        return _Function(found, request.modality, what)
    raise InputError(f"{what}: is {type(found).__name__}, but must be {_WANTED}")


def _import(target: str) -> tuple[Any, str]:
    """The attribute, and its name in messages."""
    module_name, _, attribute = target.rpartition(":")
    if not module_name or not attribute:
        raise InputError(f"py:{target}: must name a module and an attribute, as in py:mymodels:resnet or py:dir/m.py:f")
    try:
        module = _import_file(Path(module_name)) if module_name.endswith(".py") else _import_module(module_name)
        found: Any = module
        for part in attribute.split("."):
            found = getattr(found, part)
    except RepdiffError:
        raise
    except ModuleNotFoundError as error:
        raise InputError(f"py:{target}: there is no module {error.name!r}; is it in the working directory?") from error
    except AttributeError as error:
        raise InputError(f"py:{target}: {one_line(error)}") from error
    except Exception as error:
        raise InputError(f"py:{target}: cannot be imported: {type(error).__name__}: {one_line(error)}") from error
    return found, f"py:{target}"


def _import_module(name: str) -> ModuleType:
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    return importlib.import_module(name)


def _import_file(path: Path) -> ModuleType:
    """The module of a file, imported by name from its folder, so that decoding processes find it, too."""
    if not path.is_file():
        raise InputError(f"{path}: no such file of Python")
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    module = importlib.import_module(path.stem)
    if Path(module.__file__ or "").resolve() != path.resolve():
        raise InputError(f"{path}: another module is called {path.stem} ({module.__file__}); rename the file")
    return module


def _code_sha256(*parts: Any) -> str:
    """Hash of the files that define functions, transforms and modules, and of code without a file."""
    digest = hashlib.sha256()
    for part in parts:
        home = part if inspect.isfunction(part) or inspect.isclass(part) else type(part)
        path = Path(getattr(sys.modules.get(home.__module__), "__file__", None) or "")
        digest.update(path.read_bytes() if path.is_file() else b"")
        try:
            digest.update(portable(home if _is_module(part) else part))
        except InputError:  # it stays in this process, so it need not be portable; only a notebook's has no file either
            digest.update(b"" if path.is_file() else os.urandom(32))
    return digest.hexdigest()


def _called(function: Callable[[], Any], what: str) -> Any:
    try:
        return function()
    except RepdiffError:
        raise
    except Exception as error:
        raise RepdiffError(f"{what}: failed with {type(error).__name__}: {one_line(error)}") from error


def _takes_nothing(function: Callable[..., Any]) -> bool:
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return False
    return not any(p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)


def _is_module(value: Any) -> bool:
    return hasattr(value, "state_dict") and hasattr(value, "named_modules")


@dataclass(frozen=True)
class _Transform:
    """The user's transform, returning an array instead of a tensor."""

    transform: Callable[[Any], Any]

    def __call__(self, item: Any) -> Any:
        return np.asarray(self.transform(item))


class _TorchModel:
    """A torch module and the transform that prepares its input."""

    batch_size = None

    def __init__(
        self, module: Any, transform: Any, classes: Sequence[str] | None = None, *, request: Request, what: str
    ) -> None:
        self._torch = torch_tools.import_torch(what)
        self._device = torch_tools.choose_device(request.device)
        self._module = module.eval().to(self._device)
        self._listener = torch_tools.Listener(dict(module.named_modules()), request.layers, what)
        self._request = request
        self.prepare = _Transform(transform)
        self.classes = None if classes is None else [str(name) for name in classes]
        self.facts = {
            "weights_sha256": torch_tools.weights_sha256(module),
            "preprocessing": _described(transform),
            "code_sha256": _code_sha256(module, transform),
            **torch_tools.device_facts(self._device),
        }

    def collate(self, samples: list[Any]) -> Any:
        return self._torch.from_numpy(np.stack(samples))

    def embed(self, batch: Any) -> Output:
        with self._torch.inference_mode():
            output = self._module(batch.to(self._device))
            outputs = self._listener.heard() or {USUAL: output}
            layers, pools = torch_tools.pool_layers(outputs, self._request.pool)
            logits = None if self.classes is None else torch_tools.as_matrix(_logits(output))
            precision = torch_tools.precision_of(next(iter(outputs.values())), self._device)
        return Output(layers, pools, logits, precision)


def _logits(output: Any) -> Any:
    named = output.get("logits") if isinstance(output, Mapping) else None
    return torch_tools.first_tensor(output if named is None else named)


def _described(transform: Any) -> str:
    """A description that is the same in every process: its repr, or its name if the repr has an address."""
    words = repr(transform)
    return str(getattr(transform, "__qualname__", type(transform).__qualname__)) if " at 0x" in words else words


class _Function:
    """Any callable from a list of images or texts to an array."""

    classes = None
    batch_size = None

    def __init__(self, function: Callable[[list[Any]], Any], modality: str, what: str) -> None:
        self._function, self._modality, self._what = function, modality, what
        self.prepare = np.asarray if modality == "image" else _same
        self.facts: dict[str, Any] = {"weights_sha256": None, "preprocessing": "none; a function got the items"}
        self.facts["code_sha256"] = _code_sha256(function)

    def collate(self, samples: list[Any]) -> list[Any]:
        if self._modality == "text":
            return samples
        from PIL import Image

        return [Image.fromarray(sample) for sample in samples]

    def embed(self, batch: list[Any]) -> Output:
        values = self._function(batch)
        values = torch_tools.as_matrix(values) if hasattr(values, "detach") else np.asarray(values, np.float32)
        if not values.ndim or len(values) != len(batch):
            raise InputError(
                f"{self._what}: returned shape {values.shape} for {len(batch)} items; return one row for each"
            )
        pooled, how = pool_maps(values, None)
        return Output({USUAL: np.ascontiguousarray(pooled)}, {USUAL: how})


def _same(text: str) -> str:
    return text


def _accepts(model: Any) -> bool:
    return isinstance(model, tuple) or callable(model)


KIND = ModelKind(
    "py",
    "py:MODULE:ATTRIBUTE",
    "your own code, which runs as it is: a torch module with its transform, or any function from a batch to an array",
    ("image", "text"),
    _load,
    _accepts,
)
