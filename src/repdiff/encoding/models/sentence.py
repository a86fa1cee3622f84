"""What a sentence encoder does around its transformer: ``modules.json`` and the small files that it names.

The folder of a sentence-transformers model lists its steps. Those known here by name are done as that library does them
(https://sbert.net); a folder that names any other step, or any other setting of a known one, is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from repdiff.core.errors import InputError

_LIBRARY = "sentence_transformers"
# In the order in which the library joins them where a folder asks for several by flags.
_FLAGS = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
_POOLS = {
    "cls": "cls",
    "max": "max",
    "mean": "mean",
    "mean_sqrt_len_tokens": "mean_sqrt_len",
    "weightedmean": "weighted_mean",
    "lasttoken": "last",
}
_TRANSFORMER_FILES = ("bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet")
_ACTIVATIONS = ("Tanh", "Identity", "ReLU", "GELU", "SiLU", "Sigmoid", "ELU", "LeakyReLU", "Softplus", "Mish")
# Settings with these values change nothing; all others that are not read below are refused.
_HARMLESS: Mapping[str, Mapping[str, Any]] = {
    "Transformer": {
        "transformer_task": "feature-extraction",
        "module_output_name": "token_embeddings",
        "processing_kwargs": {},
        "model_args": {},
        "model_kwargs": {},
        "tokenizer_args": {},
        "processor_kwargs": {},
        "config_args": {},
        "config_kwargs": {},
        "query_length": None,
        "document_length": None,
        "query_expansion": None,
    },
    "Dense": {
        "module_input_name": "sentence_embedding",
        "module_output_name": "sentence_embedding",
        "use_residual": False,
    },
    "Normalize": {"module_input_name": "sentence_embedding", "module_output_name": "sentence_embedding"},
    "Dropout": {},
}
_READ: Mapping[str, Sequence[str]] = {
    "Transformer": ("max_seq_length", "do_lower_case", "modality_config", "unpad_inputs"),
    "Pooling": ("word_embedding_dimension", "embedding_dimension", "pooling_mode", "include_prompt", *_FLAGS),
    "Dense": ("in_features", "out_features", "bias", "activation_function"),
    "Dropout": ("dropout",),
}
_TEXT = {"method": "forward", "method_output_name": "last_hidden_state"}


@dataclass(frozen=True)
class Dense:
    """A linear layer and its activation.

    Attributes
    ----------
    folder : str
        Where its weights are, within the model's folder.
    in_features, out_features : int
        Its size.
    bias : bool
        Whether it has one.
    activation : str
        Name of a class of ``torch.nn``.
    """

    folder: str
    in_features: int
    out_features: int
    bias: bool
    activation: str


@dataclass(frozen=True)
class Sentence:
    """What a sentence encoder does.

    Attributes
    ----------
    folder : str
        Where the transformer is, within the model's folder; "" for the folder itself.
    pool : str
        Poolings of :func:`repdiff.encoding.pooling.pool_maps`, joined by "+" where their vectors are joined.
    steps : tuple of Dense or "normalize"
        What follows, in order.
    most_tokens : int or None
        Tokens after which a text is cut.
    lower : bool
        Whether texts are made lower case first.
    prompt : str
        What is put before each text.
    pools_prompt : bool
        Whether the prompt's tokens are pooled too.
    """

    folder: str
    pool: str
    steps: tuple[Dense | str, ...]
    most_tokens: int | None
    lower: bool
    prompt: str
    pools_prompt: bool

    @property
    def facts(self) -> dict[str, Any]:
        """For the manifest."""
        steps = [
            step if isinstance(step, str) else f"dense {step.out_features} {step.activation}" for step in self.steps
        ]
        return {"steps": steps, "prompt": self.prompt, "pools_prompt": self.pools_prompt, "lower_case": self.lower}


Reader = Callable[[str], Any]


def read_sentence(read: Reader, what: str) -> Sentence | None:
    """The steps of a sentence encoder; None where the model is none.

    Parameters
    ----------
    read : callable
        ``read(name)``: what the JSON file of that name in the model's folder says; None where there is none.
    what : str
        How to call the model in messages.

    Raises
    ------
    InputError
        For a step, or a setting of one, that is not known by name.
    """
    modules = read("modules.json")
    if modules is None:
        return None
    names = _step_names(modules, what)
    if names[:2] != ["Transformer", "Pooling"] or {*names[2:]} & {"Transformer", "Pooling"}:
        raise _refused(what, f"the steps {', '.join(names) or 'none'}")
    folders = [str(module.get("path", "")) for module in modules]
    transformer = _settings(read, _transformer_file(read, folders[0]), "Transformer", what)
    if transformer.get("modality_config", {"text": _TEXT}).get("text") != _TEXT:
        raise _refused(what, "Transformer with modality_config")
    pooling = _settings(read, f"{folders[1]}/config.json", "Pooling", what)
    steps = [
        step
        for name, folder in zip(names[2:], folders[2:], strict=True)
        if (step := _step(read, name, folder, what)) is not None
    ]
    return Sentence(
        folder=folders[0],
        pool="+".join(_pools(pooling, what)),
        steps=tuple(steps),
        most_tokens=transformer.get("max_seq_length"),
        lower=bool(transformer.get("do_lower_case")),
        prompt=_prompt(read("config_sentence_transformers.json") or {}, what),
        pools_prompt=bool(pooling.get("include_prompt", True)),
    )


def check_library_only(read: Reader, what: str) -> None:
    """Check that a folder is of sentence-transformers, and that all its steps are the library's own.

    Raises
    ------
    InputError
        Where it is not, or a step is code of the folder's own.
    """
    modules = read("modules.json")
    if modules is None:
        raise InputError(f"{what}: has no modules.json, so it is no sentence-transformers model; use hf: for it")
    _own_code(modules, what)


def _step_names(modules: Any, what: str) -> list[str]:
    _own_code(modules, what)
    names = [str(module["type"]).rpartition(".")[2] for module in modules]
    unknown = [name for name in names if name != "Pooling" and name not in _HARMLESS]
    if unknown:
        raise _refused(what, f"the step {unknown[0]}")
    return names


def _own_code(modules: Any, what: str) -> None:
    if not isinstance(modules, list) or not all(isinstance(module, dict) and "type" in module for module in modules):
        raise InputError(f"{what}: its modules.json is no list of steps; get the model again")
    for module in modules:
        folder = PurePosixPath(str(module.get("path", "")))
        if folder.is_absolute() or ".." in folder.parts:
            raise InputError(
                f"{what}: its modules.json leads out of the model's folder ({folder}); get the model again"
            )
        kind = str(module["type"])
        if kind.partition(".")[0] != _LIBRARY:
            raise InputError(
                f"{what}: its step {kind} is code of its own, which is never run; load the model yourself and hand it "
                "over with py:"
            )


def _refused(what: str, part: str) -> InputError:
    return InputError(
        f"{what}: is a sentence encoder with {part}, which hf: does not have; use st: instead of hf:, which runs it by "
        'the sentence-transformers library (pip install "repdiff[st]")'
    )


def _settings(read: Reader, path: str, name: str, what: str) -> dict[str, Any]:
    """What a step's file says, where all of it is known."""
    found = read(path)
    if found is None and name not in ("Pooling", "Dense"):
        return {}
    if not isinstance(found, dict):
        raise InputError(f"{what}: has no settings of its step {name} ({path}); get the model again")
    harmless = _HARMLESS.get(name, {})
    for key, value in found.items():
        if key not in _READ.get(name, ()) and not (key in harmless and value in (harmless[key], None)):
            raise _refused(what, f"{name} with {key}")
    return found


def _pools(settings: Mapping[str, Any], what: str) -> list[str]:
    modes = settings.get("pooling_mode")
    if modes is None:
        modes = [mode for flag, mode in _FLAGS.items() if settings.get(flag)] or ["mean"]
    modes = [modes] if isinstance(modes, str) else list(modes)
    unknown = [mode for mode in modes if mode not in _POOLS]
    if unknown or not modes:
        raise _refused(what, f"the pooling {(unknown or ['none'])[0]}")
    return [_POOLS[mode] for mode in modes]


def _step(read: Reader, name: str, folder: str, what: str) -> Dense | str | None:
    settings = _settings(read, f"{folder}/config.json", name, what)
    if name == "Normalize":
        return "normalize"
    if name == "Dropout":  # does nothing but in training
        return None
    activation = str(settings.get("activation_function", "torch.nn.modules.activation.Tanh"))
    package, _, kind = activation.rpartition(".")
    if kind not in _ACTIVATIONS or not package.startswith("torch.nn.modules."):
        raise _refused(what, f"Dense with the activation {activation}")
    return Dense(
        folder, int(settings["in_features"]), int(settings["out_features"]), bool(settings.get("bias", True)), kind
    )


def _prompt(settings: Mapping[str, Any], what: str) -> str:
    name, prompts = settings.get("default_prompt_name"), settings.get("prompts") or {}
    if name is None:
        return ""
    if name not in prompts:
        raise InputError(f"{what}: names the default prompt {name!r}, but has no such prompt; get the model again")
    return str(prompts[name] or "")


def _transformer_file(read: Reader, folder: str) -> str:
    """The first of the names that the library has given to this file over the years."""
    paths = [f"{folder}/sentence_{name}_config.json".lstrip("/") for name in _TRANSFORMER_FILES]
    return next((path for path in paths if read(path) is not None), paths[0])


def json_reader(transformers: Any, target: str, what: str) -> Reader:
    """Reads JSON files of a model's folder or hub id."""

    def read(name: str) -> Any:
        path = file_of(transformers, target, name)
        try:
            return None if path is None else json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(f"{what}: its file {name} cannot be read as JSON; get the model again") from error

    return read


def file_of(transformers: Any, target: str, name: str) -> Path | None:
    """A file of a model's folder or hub id; None where it is known that there is none.

    Raises
    ------
    OSError
        Where that cannot be known, since the hub cannot be reached.
    """
    path = transformers.utils.cached_file(target, name, _raise_exceptions_for_missing_entries=False)
    return None if path is None else Path(path)
