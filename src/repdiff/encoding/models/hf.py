"""``hf:folder or hub id``: a model of transformers with its own image processor or tokenizer.

Images get the model's own pooled output, else its class token, else the mean over tokens or places. Texts get the mean
over tokens, or the last token where no token sees a later one. Models of images and texts give the features that they
compare. A sentence encoder is run with all its steps (``sentence.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from repdiff.core.errors import InputError, MissingExtraError
from repdiff.encoding.models import hf_loading, torch_tools
from repdiff.encoding.models.base import USUAL, Model, ModelKind, Output, Request
from repdiff.encoding.models.hf_loading import Loaded
from repdiff.encoding.models.sentence import Sentence, file_of
from repdiff.encoding.models.sentence_steps import Steps

if TYPE_CHECKING:
    from PIL.Image import Image

_MOST_TOKENS = 512  # for tokenizers without a limit
_FIXED_LENGTH = ("siglip", "siglip2", "siglip_text_model", "siglip2_text_model")  # trained on texts padded to the end


def _load(target: str, request: Request) -> Model:
    if not target:
        raise InputError("hf: names no model; give a folder or a hub id, as in hf:facebook/dinov2-small")
    torch_tools.import_torch(f"hf:{target}")
    try:
        import transformers
    except ImportError as error:
        raise MissingExtraError("transformers", "encode", f"hf:{target}") from error
    hf_loading.check_folder(target, f"hf:{target}")
    with (
        hf_loading.quiet(transformers),
        hf_loading.one_line_errors(f"hf:{target}"),
        hf_loading.no_own_code(transformers),
    ):
        loaded = hf_loading.load(transformers, target, request.modality)
        return _ImageModel(loaded, request) if request.modality == "image" else _TextModel(loaded, request)


class _HfModel:
    """What image and text models share: the run through the model and what is made of its outputs."""

    batch_size = None
    _usual_pool = "mean"
    _features, _embeds = "", ""  # the model's method for features, and the output of those that only project

    def __init__(self, loaded: Loaded, request: Request) -> None:
        self._torch = torch_tools.import_torch("hf")
        self._device = torch_tools.choose_device(request.device)
        self._model = model = loaded.model.eval().to(self._device)
        self._request, self._has_pooler = request, loaded.has_pooler
        base = model.base_model
        modules = {**dict(model.named_modules()), **dict(base.named_modules())}
        self._layers = torch_tools.Listener(modules, request.layers, f"hf:{loaded.target}")
        self._has_head = loaded.has_head
        self._base = torch_tools.Listener({USUAL: base}, [USUAL], loaded.target) if self._has_head else None
        self._pairs = hasattr(model, self._features)
        self._called = getattr(model, self._features, model)
        self.classes = _class_names(model) if self._has_head else None
        self.facts: dict[str, Any] = {
            "architecture": type(model).__name__,
            "weights_sha256": torch_tools.weights_sha256(model),
            **torch_tools.device_facts(self._device),
        }
        self.facts["versions"]["transformers"] = loaded.transformers.__version__

    def _run(self, inputs: Mapping[str, Any], mask: Any = None) -> Output:
        with self._torch.inference_mode():
            whole = self._called(**{name: value.to(self._device) for name, value in inputs.items()})
            base = whole if self._base is None else self._base.heard()[USUAL]
            chosen = self._layers.heard() or {USUAL: self._usual(base)}
            layers, pools = torch_tools.pool_layers(
                chosen, self._request.pool, usual=self._usual_pool, mask=None if mask is None else mask.to(self._device)
            )
            logits = torch_tools.as_matrix(whole["logits"]) if self._has_head else None
            precision = torch_tools.precision_of(next(iter(chosen.values())), self._device)
        return Output(layers, pools, logits, precision)

    def _usual(self, output: Any) -> Any:
        """What is pooled if no layer was requested."""
        if hasattr(output, "shape") and not self._request.pool:
            return output
        if hasattr(output, "shape") or (self._request.pool and "last_hidden_state" not in output):
            raise InputError(f"the model gives one vector per {self._request.modality}; ask for no pooling, or a layer")
        if self._request.pool:
            return output["last_hidden_state"]
        if output.get(self._embeds) is not None:
            return output[self._embeds]
        return self._features_of(output) if self._pairs else self._pooled(output)

    def _features_of(self, output: Any) -> Any:
        """The projected vector of each item, which a model of images and texts compares."""
        features = output.get("pooler_output")
        if not hasattr(features, "shape") or len(features.shape) != 2:
            raise InputError(f"the model has no features of one vector per {self._request.modality}; choose a layer")
        return features

    def _pooled(self, output: Any) -> Any:
        return output["last_hidden_state"] if "last_hidden_state" in output else torch_tools.first_tensor(output)


@dataclass(frozen=True)
class _Processed:
    """Convert an image to pixels with the model's own image processor."""

    processor: Any

    def __call__(self, image: Image) -> Any:
        # Said, since an image 1 or 3 pixels high would otherwise be taken for one whose channels come first.
        made = self.processor(images=image, return_tensors="np", input_data_format="channels_last")
        return np.asarray(made["pixel_values"][0])


class _ImageModel(_HfModel):
    _features, _embeds = "get_image_features", "image_embeds"

    def __init__(self, loaded: Loaded, request: Request) -> None:
        super().__init__(loaded, request)
        processor, model = loaded.part("AutoImageProcessor"), loaded.model
        self.prepare = _Processed(processor)
        self.facts["preprocessing"] = _plain(processor.to_dict())
        has_class_token = any(name.endswith(("cls_token", "class_embedding")) for name, _ in model.named_parameters())
        self._usual_pool = "cls" if has_class_token else "mean"
        self._is_masked = model.config.model_type == "vit_mae"
        if self._is_masked:  # it hides patches at random, also outside training, unless it is told to hide none
            model.config.mask_ratio = 0.0
            self.facts["mask_ratio"] = 0.0

    def collate(self, samples: list[Any]) -> Any:
        return self._torch.from_numpy(np.stack(samples))

    def embed(self, batch: Any) -> Output:
        inputs = {"pixel_values": batch}
        if self._is_masked:  # patches are put into the order of this noise: their own
            n_patches = (batch.shape[2] // self._patch_size) * (batch.shape[3] // self._patch_size)
            inputs["noise"] = self._torch.arange(n_patches, dtype=self._torch.float32).expand(len(batch), -1)
        return self._run(inputs)

    @property
    def _patch_size(self) -> int:
        return int(self._model.config.patch_size)

    def _pooled(self, output: Any) -> Any:
        pooled = output.get("pooler_output")
        return super()._pooled(output) if pooled is None or not self._has_pooler else pooled


class _TextModel(_HfModel):
    _features, _embeds = "get_text_features", "text_embeds"

    def __init__(self, loaded: Loaded, request: Request) -> None:
        model, sentence = loaded.model.eval(), loaded.sentence
        self._tokenizer = _tokenizer(loaded)
        self._usual_pool = sentence.pool if sentence else _usual_pool(model)
        super().__init__(loaded, request)
        if getattr(model.config, "is_encoder_decoder", False) and not self._has_head and hasattr(model, "get_decoder"):
            self._called = model.get_encoder()
        self._sentence = sentence
        self._prompt_tokens = _prompt_tokens(self._tokenizer, sentence)
        self._most_tokens = _most_tokens(self._tokenizer, model.config, sentence)
        self._padding = "max_length" if model.config.model_type in _FIXED_LENGTH else True
        self._steps = None
        self.facts["preprocessing"] = {
            "tokenizer": type(self._tokenizer).__name__,
            "most_tokens": self._most_tokens,
            "padding": "to most_tokens" if self._padding == "max_length" else "right",
            **(sentence.facts if sentence else {}),
        }
        if sentence and not request.layers and request.pool is None:
            find = partial(file_of, loaded.transformers, loaded.target)
            self._steps = Steps(sentence, find, f"hf:{loaded.target}")
            self.facts["steps_sha256"] = self._steps.weights_sha256

    def prepare(self, text: str) -> str:
        if self._sentence is None:
            return text
        text = self._sentence.prompt + text
        return text.lower() if self._sentence.lower else text

    def collate(self, samples: list[str]) -> Any:
        return self._tokenizer(
            samples,
            padding=self._padding,
            truncation=self._most_tokens is not None,
            max_length=self._most_tokens,
            return_tensors="pt",
        )

    def embed(self, batch: Any) -> Output:
        mask = batch.get("attention_mask")
        if mask is not None:
            mask = mask.float()
            mask[:, : self._prompt_tokens] = 0
        output = self._run(dict(batch), mask)
        if self._steps is None:
            return output
        return Output({USUAL: self._steps(output.layers[USUAL])}, output.pools, output.logits, output.precision)


def _tokenizer(loaded: Loaded) -> Any:
    """The model's tokenizer, which pads on the right: so the place of a token does not depend on its batch."""
    tokenizer = loaded.part("AutoTokenizer")
    tokenizer.padding_side = "right"
    if tokenizer.pad_token is None:  # decoders have none; what stands there is masked anyway
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.convert_ids_to_tokens(0)
    if getattr(loaded.model.config, "pad_token_id", None) is None:  # classifiers among them look for the last token
        loaded.model.config.pad_token_id = tokenizer.pad_token_id
    return tokenizer


def _usual_pool(model: Any) -> str:
    """The last token where no token sees a later one, as in decoders; else the mean."""
    base = model.base_model
    if hasattr(model, "get_text_features") or getattr(model.config, "is_encoder_decoder", False):
        return "mean"
    torch = torch_tools.import_torch("hf")
    size = getattr(model.config, "vocab_size", None) or 0
    if size < 10:
        return "mean"
    ids = torch.tensor([[5, 6, 7, 8], [5, 6, 7, 9]], device=base.device)
    with torch.inference_mode():
        output = base(input_ids=ids, attention_mask=torch.ones_like(ids))
    states = output.get("last_hidden_state") if isinstance(output, Mapping) else None
    if states is None:
        return "mean"
    first, second = states[:, :3].float()
    return "last" if torch.allclose(first, second, rtol=0, atol=1e-5 * float(first.abs().max())) else "mean"


def _prompt_tokens(tokenizer: Any, sentence: Sentence | None) -> int:
    """Tokens in front that are not pooled."""
    if sentence is None or sentence.pools_prompt or not sentence.prompt:
        return 0
    ids = tokenizer(sentence.prompt.lower() if sentence.lower else sentence.prompt)["input_ids"]
    return len(ids) - (ids[-1] in tokenizer.all_special_ids)


def _most_tokens(tokenizer: Any, config: Any, sentence: Sentence | None) -> int | None:
    """Tokens after which a text is cut; None where it never is."""
    text = getattr(config, "text_config", config)
    own = None if sentence is None else sentence.most_tokens
    limits = (own or tokenizer.model_max_length, getattr(text, "max_position_embeddings", None))
    known = [int(limit) for limit in limits if limit is not None and 0 < limit < 1 << 20]
    return min(known, default=None if sentence else _MOST_TOKENS)


def _class_names(model: Any) -> list[str] | None:
    names = model.config.id2label
    return [str(names[index]) for index in range(len(names))] if names else None


def _plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value for name, value in sorted(settings.items()) if isinstance(value, str | int | float | list | dict)
    }


KIND = ModelKind(
    "hf",
    "hf:FOLDER or hf:HUB-ID",
    "a transformers model with its own image processor or tokenizer",
    ("image", "text"),
    _load,
)
