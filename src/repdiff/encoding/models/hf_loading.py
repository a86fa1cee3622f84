"""Loading for ``hf:``: which class of transformers a folder needs, and what is refused before it runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from repdiff.core.errors import InputError, RepdiffError
from repdiff.core.files import one_line
from repdiff.encoding.models.sentence import Sentence, json_reader, read_sentence

_HEADS = {"image": "ForImageClassification", "text": "ForSequenceClassification"}


@dataclass(frozen=True)
class Loaded:
    """A model of transformers, and what is known of it.

    Attributes
    ----------
    transformers : module
        The library.
    target, folder : str
        The folder or hub id, and where the transformer is within it ("" for the folder itself).
    model : torch module
        With its head, where it was saved as a classifier of such items.
    has_head : bool
        Whether it has one.
    has_pooler : bool
        Whether the weights of its pooler were saved with it.
    sentence : Sentence or None
        What it does around the transformer, where it is a sentence encoder.
    """

    transformers: Any
    target: str
    folder: str
    model: Any
    has_head: bool
    has_pooler: bool
    sentence: Sentence | None

    def part(self, kind: str) -> Any:
        """The tokenizer or image processor saved with the model, by the name of transformers' class for it."""
        where = {"subfolder": self.folder} if self.folder else {}
        return getattr(self.transformers, kind).from_pretrained(self.target, trust_remote_code=False, **where)


def load(transformers: Any, target: str, modality: str) -> Loaded:
    """The model of a folder or hub id.

    Raises
    ------
    InputError
        Where it needs code of its own, lacks weights, or has steps that are not known.
    """
    what = f"hf:{target}"
    read = json_reader(transformers, target, what)
    sentence = read_sentence(read, what) if modality == "text" else None
    folder = sentence.folder if sentence else ""
    where = {"subfolder": folder} if folder else {}
    _check_kind(transformers, read(f"{folder}/config.json".lstrip("/")) or {}, what)
    config = transformers.AutoConfig.from_pretrained(target, trust_remote_code=False, **where)
    loader = _loader(transformers, config, modality, sentence, what)
    model, report = loader.from_pretrained(
        target, output_loading_info=True, dtype="float32", trust_remote_code=False, **where
    )
    missing = sorted(report["missing_keys"])
    _check_weights([name for name in missing if "pooler" not in name], what)
    return Loaded(
        transformers,
        target,
        folder,
        model,
        has_head=loader.__name__.endswith(_HEADS[modality]),
        has_pooler=not any("pooler" in name for name in missing),
        sentence=sentence,
    )


def _check_kind(transformers: Any, config: Mapping[str, Any], what: str) -> None:
    """Refuse what transformers' own classes would load wrongly or not at all."""
    if config.get("model_type") == "model2vec":
        raise InputError(
            f"{what}: holds static embeddings of model2vec, which are no transformers model; write a function that "
            "calls model2vec's encode, and hand it over with py:"
        )
    architecture = next(iter(config.get("architectures") or ()), "")
    if "auto_map" in config and not hasattr(transformers, architecture):
        raise _own_code(what, architecture or "its class")


def _own_code(what: str, part: str) -> InputError:
    return InputError(
        f"{what}: needs code of its own ({part}), which is never run; load the model yourself and hand it over with py:"
    )


def _loader(transformers: Any, config: Any, modality: str, sentence: Sentence | None, what: str) -> Any:
    """The class that loads the model, with the head or projection that it was saved with."""
    architecture = next(iter(config.architectures or ()), "")
    if architecture.endswith("WithProjection") and hasattr(transformers, architecture):
        return getattr(transformers, architecture)
    head = _HEADS[modality]
    if architecture.endswith(head) and sentence is None:
        return getattr(transformers, f"AutoModel{head}")
    is_pair = getattr(config, "is_encoder_decoder", False) or architecture.endswith("EncoderModel")
    if modality == "text" and is_pair:
        if type(config) in transformers.MODEL_FOR_TEXT_ENCODING_MAPPING:
            return transformers.AutoModelForTextEncoding
        if sentence is not None:
            raise InputError(f"{what}: is a sentence encoder made of an encoder and a decoder; use st: instead of hf:")
    return transformers.AutoModel


def _check_weights(missing: list[str], what: str) -> None:
    if missing:
        raise InputError(
            f"{what}: has no values for {len(missing):,} of the model's weights ({missing[0]}, ...), which "
            "would be random; give the whole model"
        )


@contextmanager
def one_line_errors(what: str) -> Iterator[None]:
    """Turn the paragraphs of a library that loads a model into one line."""
    try:
        yield
    except (RepdiffError, MemoryError):
        raise
    except Exception as error:
        if "trust_remote_code" in str(error):
            raise _own_code(what, "the library says so") from error
        raise InputError(f"{what}: cannot be loaded: {one_line(error)}") from error


@contextmanager
def no_own_code(transformers: Any) -> Iterator[None]:
    """Neither run code of a model's folder nor ask on the terminal whether to run it.

    Part of a model may be loaded by a call of the library that does not pass ``trust_remote_code`` on. It would then
    ask on standard input, so asking and importing are switched off at their root.
    """
    library = transformers.dynamic_module_utils

    def refuse(*_: Any, **__: Any) -> Any:
        raise ValueError("it asks for trust_remote_code")

    before = {name: getattr(library, name) for name in ("get_class_in_module", "TIME_OUT_REMOTE_CODE")}
    library.get_class_in_module, library.TIME_OUT_REMOTE_CODE = refuse, 0
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(library, name, value)


def check_folder(target: str, what: str) -> None:
    """Refuse a folder with something in it that is neither file nor folder; opening a pipe would wait for ever.

    Raises
    ------
    InputError
        With its name.
    """
    folder = Path(target)
    for path in [folder, *folder.glob("*"), *folder.glob("*/*")] if folder.exists() else []:
        if not path.is_file() and not path.is_dir():
            raise InputError(f"{what}: {path} is neither a file nor a folder; remove it")


@contextmanager
def quiet(transformers: Any) -> Iterator[None]:
    """No bars and no notes from transformers while it loads; what matters is checked."""
    logging = transformers.utils.logging
    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()
