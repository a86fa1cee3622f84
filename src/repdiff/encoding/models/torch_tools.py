"""What the kinds that run on torch share: the device, listening to layers by name, and hashing weights."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from repdiff.core.errors import InputError, MissingExtraError, RepdiffError
from repdiff.encoding.models.base import Matrix, choose
from repdiff.encoding.pooling import pool_maps


def import_torch(purpose: str) -> Any:
    """The torch module.

    Raises
    ------
    MissingExtraError
        Where torch is not installed.
    """
    try:
        import torch
    except ImportError as error:
        raise MissingExtraError("torch", "encode", purpose) from error
    return torch


def choose_device(device: str | None) -> Any:
    """The device of that name, or the fastest available.

    Raises
    ------
    RepdiffError
        Where there is no such device.
    """
    torch = import_torch("a device")
    if device is None:
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(device)
        torch.empty(1, device=chosen)
    except Exception as error:  # torch raises RuntimeError, AssertionError or NotImplementedError, by device
        raise RepdiffError(f"device {device!r} cannot be used here; try cpu, cuda or mps") from error
    return chosen


def weights_sha256(module: Any) -> str:
    """Hash of names, types, shapes and values of all weights and buffers, whatever file they came from."""
    torch = import_torch("hashing weights")
    digest = hashlib.sha256()
    for name, value in sorted(module.state_dict().items()):
        if not hasattr(value, "detach"):
            continue
        tensor = value.detach().cpu().contiguous()
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)} ".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data if tensor.numel() else b"")
    return digest.hexdigest()


def device_facts(device: Any) -> dict[str, Any]:
    """The device and software versions, for the manifest."""
    torch = import_torch("a device")
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else str(device)
    return {"device": name, "threads": torch.get_num_threads(), "versions": {"torch": torch.__version__}}


def first_tensor(output: Any) -> Any:
    """The main tensor of a module's output.

    Raises
    ------
    InputError
        Where there is none.
    """
    if hasattr(output, "shape"):
        return output
    if isinstance(output, Mapping):
        for name in ("pooler_output", "last_hidden_state"):
            if output.get(name) is not None:
                return output[name]
        output = list(output.values())
    if isinstance(output, Sequence):
        for value in output:
            if hasattr(value, "shape"):
                return value
    raise InputError(f"the model's output is {type(output).__name__}, not a tensor; choose a layer")


def as_matrix(tensor: Any) -> Matrix:
    """The values as float32 on the CPU."""
    values: Matrix = tensor.detach().float().cpu().numpy()
    return np.ascontiguousarray(values, np.float32)


class Listener:
    """Records the outputs of some modules at each call of the model.

    Parameters
    ----------
    modules : mapping of str to torch module
        All modules by name.
    layers : sequence of str
        The modules to record.
    what : str
        The model's name in messages.

    Raises
    ------
    InputError
        For an unknown module name.
    """

    def __init__(self, modules: Mapping[str, Any], layers: Sequence[str], what: str) -> None:
        choose(layers, [name for name in modules if name], what)
        self._layers, self._heard = tuple(layers), dict[str, Any]()
        for layer in layers:
            modules[layer].register_forward_hook(self._note(layer))

    def _note(self, layer: str) -> Any:
        def hook(_module: Any, _inputs: Any, output: Any) -> None:
            self._heard[layer] = output

        return hook

    def heard(self) -> dict[str, Any]:
        """The outputs of the last call; clears them.

        Raises
        ------
        InputError
            If a layer was not used in it.
        """
        heard, self._heard = self._heard, {}
        silent = [layer for layer in self._layers if layer not in heard]
        if silent:
            raise InputError(
                f"layer {silent[0]!r} is not used when the model processes these items; choose another layer"
            )
        return {layer: heard[layer] for layer in self._layers}


def pool_layers(
    outputs: Mapping[str, Any], pool: str | None, *, usual: str = "mean", mask: Any = None
) -> tuple[dict[str, Matrix], dict[str, str]]:
    """The embedding at each layer, and how it was pooled; ``usual`` may join several poolings, as in "cls+mean"."""
    layers, pools = dict[str, Matrix](), dict[str, str]()
    for name, output in outputs.items():
        maps = first_tensor(output)
        parts = [
            pool_maps(maps, pool, usual=part, mask=mask) for part in (usual.split("+") if pool is None else [usual])
        ]
        if len(maps.shape) != 3:
            parts = parts[:1]
        layers[name] = (
            np.concatenate([as_matrix(part) for part, _ in parts], axis=1) if parts[1:] else as_matrix(parts[0][0])
        )
        pools[name] = "+".join(how for _, how in parts)
    return layers, pools


def precision_of(output: Any, device: Any) -> str:
    """What a model computed with, by the type of what it gives; see :class:`repdiff.encoding.models.base.Output`."""
    torch = import_torch("a device")
    name = str(first_tensor(output).dtype).removeprefix("torch.")
    fast = device.type == "cuda" and (torch.backends.cudnn.allow_tf32 or torch.backends.cuda.matmul.allow_tf32)
    return "tfloat32" if name == "float32" and fast else name
