"""The protocol of models, and the description of a kind of model."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qsl

import numpy as np
import numpy.typing as npt

from repdiff.core.errors import InputError
from repdiff.encoding.sources import Modality, Source

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Output:
    """A model's output for a batch.

    Attributes
    ----------
    layers : mapping of str to ndarray of float32, (b, d)
        The embedding at each requested layer.
    pools : mapping of str to str
        How each layer's maps became vectors: a name of :data:`repdiff.settings.Pool`, or "" if none was needed.
    logits : ndarray, (b, classes), or None
        Output of the classifier head, if the model has one.
    precision : {"float32", "tfloat32", "float16", "bfloat16"}
        Type of number that the model computes with, which bounds the rounding between two calls.
    """

    layers: Mapping[str, Matrix]
    pools: Mapping[str, str]
    logits: npt.NDArray[Any] | None = None
    precision: str = "float32"


class Model(Protocol):
    """A model, loaded and ready.

    ``prepare`` is sent to the processes that decode images, so it must not contain the weights. It takes an upright
    8-bit RGB ``PIL.Image.Image``, or a text, and returns what ``collate`` gathers.
    """

    @property
    def facts(self) -> Mapping[str, Any]:
        """All that its output depends on, for the manifest: ``weights_sha256``, ``preprocessing``, ``device`` ..."""

    @property
    def classes(self) -> Sequence[str] | None:
        """Names of its head's classes; None without a head or names."""

    @property
    def batch_size(self) -> int | None:
        """The only batch size it takes; None if any."""

    @property
    def prepare(self) -> Callable[[Any], Any]:
        """One item -> one sample, in a process that decodes."""

    def collate(self, samples: list[Any]) -> Any:
        """Samples -> a batch, on the thread that loads."""

    def embed(self, batch: Any) -> Output:
        """A batch -> embeddings, on the main thread."""


@dataclass(frozen=True)
class Request:
    """What a model should do.

    Attributes
    ----------
    modality : {"image", "text"}
        Its input.
    layers : tuple of str
        Names of modules or outputs; none for the model's usual embedding.
    pool : str or None
        How maps become vectors; None for the model's usual way.
    device : str or None
        Where it runs; None for the fastest there is.
    source : Source
        What will be encoded, for models that learn from it (tfidf).
    """

    modality: Modality
    layers: tuple[str, ...]
    pool: str | None
    device: str | None
    source: Source


@dataclass(frozen=True)
class ModelKind:
    """A kind of model, as its module describes it.

    Attributes
    ----------
    name : str
        The start of a spec.
    usage, summary : str
        For ``repdiff encode --list``.
    modalities : tuple of {"image", "text"}
        What it takes, preferred first.
    load : callable
        ``load(target, request)``: the rest of the spec, or a Python object -> a model.
    accepts : callable
        Whether a Python object that is no spec is a model of this kind.
    """

    name: str
    usage: str
    summary: str
    modalities: tuple[Modality, ...]
    load: Callable[[Any, Request], Model]
    accepts: Callable[[Any], bool] = field(default=lambda _: False)


USUAL = "output"  # the name of the layer if none was requested


def options_of(target: str, allowed: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The target and its options, as in ``model.onnx?normalize=half&size=224``.

    Raises
    ------
    InputError
        For an option that the kind does not have.
    """
    path, _, query = target.partition("?")
    options = dict(parse_qsl(query, keep_blank_values=True))
    unknown = [name for name in options if name not in allowed]
    if unknown or (query and not options):
        has = ", ".join(f"{name}={values}" for name, values in allowed.items())
        raise InputError(f"{target}: has no option {(unknown or [query])[0]!r}; options are {has}")
    return path, options


def positive(text: str, what: str) -> int:
    """A positive whole number.

    Raises
    ------
    InputError
        If it is not one.
    """
    if not text.isdecimal() or not 0 < int(text) <= 1 << 16:
        raise InputError(f"{what} must be a positive whole number, but is {text!r}")
    return int(text)


def choose(names: Iterable[str], known: Iterable[str], what: str) -> None:
    """Check that all names are known.

    Raises
    ------
    InputError
        With the closest known name, or the first few.
    """
    known = list(known)
    for name in names:
        if name not in known:
            close = difflib.get_close_matches(name, known, 3, 0.5)
            hint = f"did you mean {' or '.join(map(repr, close))}?" if close else f"it has {_few(known)}"
            raise InputError(f"{what} has no layer {name!r}; {hint}")


def no_layers(request: Request, what: str) -> None:
    """Refuse layers and pooling for a model without them.

    Raises
    ------
    InputError
        If one was requested.
    """
    if request.layers:
        raise InputError(f"{what} has no layers, but layer {request.layers[0]!r} was requested; leave it out")
    if request.pool is not None:
        raise InputError(f"{what} makes one vector of each item, so there is nothing to pool; leave the pooling out")


def _few(names: list[str]) -> str:
    few = ", ".join(map(repr, names[:8]))
    return f"{few}, ..." if len(names) > 8 else few or "none"
