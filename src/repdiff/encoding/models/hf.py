"""``hf:folder or hub id``: transformers' AutoModel with its own processor or tokenizer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from repdiff.core.errors import InputError, MissingExtraError, RepdiffError
from repdiff.core.files import one_line
from repdiff.encoding.models import torch_tools
from repdiff.encoding.models.base import USUAL, Model, ModelKind, Output, Request
from repdiff.encoding.models.sentence import SentenceSettings, sentence_settings

if TYPE_CHECKING:
    from PIL.Image import Image

_HEADS = {"image": "ForImageClassification", "text": "ForSequenceClassification"}
_MOST_TOKENS = 512  # for tokenizers without a limit


def _load(target: str, request: Request) -> Model:
    if not target:
        raise InputError("hf: names no model; give a folder or a hub id, as in hf:facebook/dinov2-small")
    torch_tools.import_torch(f"hf:{target}")
    try:
        import transformers
    except ImportError as error:
        raise MissingExtraError("transformers", "encode", f"hf:{target}") from error
    with _quiet(transformers), _one_line(target):
        model, report = _load_model(transformers, target, request)
        _check_weights(report, target)
        if request.modality == "image":
            return _ImageModel(transformers, target, model, report, request)
        return _TextModel(transformers, target, model, report, request)


def _load_model(transformers: Any, target: str, request: Request) -> tuple[Any, Mapping[str, Any]]:
    config = transformers.AutoConfig.from_pretrained(target)
    head = _HEADS[request.modality]
    architecture = next(iter(config.architectures or ()), "")
    loader = getattr(transformers, f"AutoModel{head}" if architecture.endswith(head) else "AutoModel")
    model, report = loader.from_pretrained(target, output_loading_info=True, dtype="float32")
    return model, report


def _check_weights(report: Mapping[str, Any], target: str) -> None:
    missing = [name for name in sorted(report["missing_keys"]) if "pooler" not in name]
    if missing:
        raise InputError(
            f"hf:{target}: has no values for {len(missing):,} of the model's weights ({missing[0]}, ...), which "
            "would be random; give the whole model"
        )


class _HfModel:
    """What image and text models share: running the model and processing its outputs."""

    batch_size = None
    _usual_pool = "mean"

    def __init__(self, transformers: Any, target: str, model: Any, report: Mapping[str, Any], request: Request) -> None:
        self._torch = torch_tools.import_torch("hf")
        self._device = torch_tools.choose_device(request.device)
        self._model = model.eval().to(self._device)
        self._request = request
        base = model.base_model
        modules = {**dict(model.named_modules()), **dict(base.named_modules())}
        self._layers = torch_tools.Listener(modules, request.layers, f"hf:{target}")
        self._has_head = base is not model
        self._base = torch_tools.Listener({USUAL: base}, [USUAL], target) if self._has_head else None
        self._has_pooler = not any("pooler" in name for name in report["missing_keys"])
        self.classes = _class_names(model) if self._has_head else None
        self.facts: dict[str, Any] = {
            "architecture": type(model).__name__,
            "weights_sha256": torch_tools.weights_sha256(model),
            **torch_tools.device_facts(self._device),
        }
        self.facts["versions"]["transformers"] = transformers.__version__

    def _run(self, inputs: Mapping[str, Any], mask: Any = None) -> Output:
        with self._torch.inference_mode():
            whole = self._forward({name: value.to(self._device) for name, value in inputs.items()})
            base = whole if self._base is None else self._base.heard()[USUAL]
            chosen = self._layers.heard() or {USUAL: self._usual(base)}
            layers, pools = torch_tools.pool_layers(
                chosen, self._request.pool, usual=self._usual_pool, mask=None if mask is None else mask.to(self._device)
            )
            logits = torch_tools.as_matrix(whole["logits"]) if self._has_head else None
        return Output(layers, pools, logits)

    def _forward(self, inputs: Mapping[str, Any]) -> Any:
        return self._model(**inputs)

    def _usual(self, output: Any) -> Any:
        """What is pooled if no layer was requested."""
        return output["last_hidden_state"] if "last_hidden_state" in output else torch_tools.first_tensor(output)


@dataclass(frozen=True)
class _Processed:
    """The pixels from the model's own image processor."""

    processor: Any

    def __call__(self, image: Image) -> Any:
        # Explicit, since an image 1 or 3 pixels high could be mistaken for one with channels first.
        made = self.processor(images=image, return_tensors="np", input_data_format="channels_last")
        return np.asarray(made["pixel_values"][0])


class _ImageModel(_HfModel):
    def __init__(self, transformers: Any, target: str, model: Any, report: Mapping[str, Any], request: Request) -> None:
        super().__init__(transformers, target, model, report, request)
        processor = transformers.AutoImageProcessor.from_pretrained(target)
        self.prepare = _Processed(processor)
        self.facts["preprocessing"] = _plain(processor.to_dict())
        has_class_token = any(name.endswith(("cls_token", "class_embedding")) for name, _ in model.named_parameters())
        self._usual_pool = "cls" if has_class_token else "mean"

    def collate(self, samples: list[Any]) -> Any:
        return self._torch.from_numpy(np.stack(samples))

    def embed(self, batch: Any) -> Output:
        return self._run({"pixel_values": batch})

    def _forward(self, inputs: Mapping[str, Any]) -> Any:
        return getattr(self._model, "get_image_features", self._model)(**inputs)

    def _usual(self, output: Any) -> Any:
        if hasattr(output, "shape"):
            return output
        pooled = output.get("pooler_output")
        return super()._usual(output) if pooled is None or self._request.pool or not self._has_pooler else pooled


class _TextModel(_HfModel):
    def __init__(self, transformers: Any, target: str, model: Any, report: Mapping[str, Any], request: Request) -> None:
        super().__init__(transformers, target, model, report, request)
        self._tokenizer = transformers.AutoTokenizer.from_pretrained(target)
        if self._tokenizer.pad_token is None:  # decoders have none; padding is masked anyway
            self._tokenizer.pad_token = self._tokenizer.eos_token
        settings = sentence_settings(transformers, target)
        self._usual_pool = settings.pool or "mean"
        self._normalize = settings.normalize and not request.layers and request.pool is None
        self._most_tokens = _most_tokens(self._tokenizer, model.config, settings)
        self.facts["preprocessing"] = {
            "tokenizer": type(self._tokenizer).__name__,
            "most_tokens": self._most_tokens,
            "normalized": self._normalize,
        }

    def prepare(self, text: str) -> str:
        return text

    def collate(self, samples: list[str]) -> Any:
        return self._tokenizer(
            samples, padding=True, truncation=True, max_length=self._most_tokens, return_tensors="pt"
        )

    def embed(self, batch: Any) -> Output:
        output = self._run(dict(batch), batch["attention_mask"].float())
        if not self._normalize:
            return output
        unit = {name: _unit_rows(values) for name, values in output.layers.items()}
        return Output(unit, output.pools, output.logits)

    def _forward(self, inputs: Mapping[str, Any]) -> Any:
        return getattr(self._model, "get_text_features", self._model)(**inputs)


def _unit_rows(values: Any) -> Any:
    return values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), np.float32(1e-12))


def _most_tokens(tokenizer: Any, config: Any, settings: SentenceSettings) -> int:
    text = getattr(config, "text_config", config)
    limits = (settings.most_tokens, tokenizer.model_max_length, getattr(text, "max_position_embeddings", None))
    return min((limit for limit in limits if limit is not None and limit < 1 << 20), default=_MOST_TOKENS)


def _class_names(model: Any) -> list[str] | None:
    names = model.config.id2label
    return [str(names[index]) for index in range(len(names))] if names else None


def _plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value for name, value in sorted(settings.items()) if isinstance(value, str | int | float | list | dict)
    }


@contextmanager
def _one_line(target: str) -> Iterator[None]:
    """Turn transformers' paragraphs into one line."""
    try:
        yield
    except (RepdiffError, MemoryError):
        raise
    except Exception as error:
        raise InputError(f"hf:{target}: cannot be loaded: {one_line(error)}") from error


@contextmanager
def _quiet(transformers: Any) -> Iterator[None]:
    """Silence transformers while it loads; what matters is checked."""
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


KIND = ModelKind(
    "hf",
    "hf:FOLDER or hf:HUB-ID",
    "a transformers model with its own image processor or tokenizer",
    ("image", "text"),
    _load,
)
