"""What follows the pooling of a sentence encoder, with its weights: dense layers and unit length."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from repdiff.core.errors import InputError
from repdiff.encoding.models import torch_tools
from repdiff.encoding.models.base import Matrix
from repdiff.encoding.models.sentence import Dense, Sentence

_WEIGHTS = ("model.safetensors", "pytorch_model.bin")


class Steps:
    """The steps after pooling, one after the other, on the CPU.

    Parameters
    ----------
    sentence : Sentence
        What it does.
    find : callable
        ``find(name)``: the path of a file in the model's folder, or None.
    what : str
        How to call the model in messages.

    Raises
    ------
    InputError
        Where weights are missing or of another size.
    """

    def __init__(self, sentence: Sentence, find: Callable[[str], Path | None], what: str) -> None:
        self._torch = torch_tools.import_torch(what)
        functional = self._torch.nn.functional
        self._steps: list[Any] = [
            self._dense(step, find, what) if isinstance(step, Dense) else functional.normalize
            for step in sentence.steps
        ]

    @property
    def weights_sha256(self) -> list[str]:
        """Hash of each dense layer."""
        return [torch_tools.weights_sha256(step) for step in self._steps if hasattr(step, "state_dict")]

    def __call__(self, values: Matrix) -> Matrix:
        """The pooled vectors (b, d) -> the model's embeddings."""
        tensor = self._torch.from_numpy(values)
        with self._torch.inference_mode():
            for step in self._steps:
                tensor = step(tensor)
        return torch_tools.as_matrix(tensor)

    def _dense(self, dense: Dense, find: Callable[[str], Path | None], what: str) -> Any:
        nn = self._torch.nn
        linear = nn.Linear(dense.in_features, dense.out_features, bias=dense.bias)
        path = next((path for name in _WEIGHTS if (path := find(f"{dense.folder}/{name}")) is not None), None)
        if path is None:
            raise InputError(f"{what}: has no weights of its step {dense.folder}; get the model again")
        weights = self._read(path)
        try:
            linear.load_state_dict({name.removeprefix("linear."): value for name, value in weights.items()})
        except RuntimeError as error:
            raise InputError(f"{what}: the weights in {path.name} of its step {dense.folder} do not fit it") from error
        return nn.Sequential(linear.float(), getattr(nn, dense.activation)()).eval()

    def _read(self, path: Path) -> dict[str, Any]:
        if path.suffix == ".bin":
            weights: dict[str, Any] = self._torch.load(path, map_location="cpu", weights_only=True)
            return weights
        from safetensors.torch import load_file

        found: dict[str, Any] = load_file(path)
        return found
