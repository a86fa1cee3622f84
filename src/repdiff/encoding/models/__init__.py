"""The kinds of models: each module in this folder adds one."""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from repdiff.core.errors import InputError
from repdiff.encoding.models.base import Model, ModelKind, Output, Request

__all__ = ["ChosenModel", "Model", "ModelKind", "Output", "Request", "choose_kind", "kinds"]


@cache
def kinds() -> dict[str, ModelKind]:
    """All kinds by name, from modules with a ``KIND``. None imports its library before it loads a model."""
    modules = (import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__))
    found = (module.KIND for module in modules if hasattr(module, "KIND"))
    return {kind.name: kind for kind in found}


@dataclass(frozen=True)
class ChosenModel:
    """A model that is named but not loaded yet.

    Attributes
    ----------
    kind : ModelKind
        Its kind.
    target : str or object
        What the model is loaded from.
    spec : str
        Its name in manifests.
    """

    kind: ModelKind
    target: Any
    spec: str


def choose_kind(model: Any) -> ChosenModel:
    """The kind of a spec such as ``hf:folder``, or of a Python object.

    Raises
    ------
    InputError
        If no kind accepts it.
    """
    if not isinstance(model, str):
        for kind in kinds().values():
            if kind.accepts(model):
                return ChosenModel(kind, model, f"{kind.name}:{type(model).__name__}")
        raise InputError(
            f"model: is {type(model).__name__}, but must be a spec such as {_usages()}; "
            "or a (torch module, transform) pair, or a function from a list of items to an array"
        )
    name, _, target = model.partition(":")
    name, mark, options = name.partition("?")
    if name not in kinds():
        raise InputError(f"{model}: is not a model spec; use {_usages()} (repdiff encode --list explains them)")
    return ChosenModel(kinds()[name], target + mark + options, model)


def _usages() -> str:
    return ", ".join(kind.usage for kind in kinds().values())
