"""``st:folder or hub id``: a sentence encoder, run by the sentence-transformers library."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from repdiff.core.errors import MissingExtraError
from repdiff.encoding.models import hf_loading, torch_tools
from repdiff.encoding.models.base import USUAL, Model, ModelKind, Output, Request, no_layers
from repdiff.encoding.models.sentence import check_library_only, json_reader


def _load(target: str, request: Request) -> Model:
    what = f"st:{target}"
    torch_tools.import_torch(what)
    try:
        import sentence_transformers
        import transformers
    except ImportError as error:
        raise MissingExtraError("sentence-transformers", "st", what) from error
    no_layers(request, what)
    hf_loading.check_folder(target, what)
    with hf_loading.quiet(transformers), hf_loading.one_line_errors(what), hf_loading.no_own_code(transformers):
        check_library_only(json_reader(transformers, target, what), what)
        device = torch_tools.choose_device(request.device)
        model = sentence_transformers.SentenceTransformer(target, device=str(device), trust_remote_code=False)
    return _StModel(model.eval(), device, sentence_transformers.__version__)


class _StModel:
    """A model that has its own ``encode``."""

    classes = None
    batch_size = None

    def __init__(self, model: Any, device: Any, version: str) -> None:
        self._model, self._device = model, device
        self.facts: Mapping[str, Any] = {
            "weights_sha256": torch_tools.weights_sha256(model),
            "preprocessing": {
                "steps": [type(step).__name__ for step in model],
                "prompt": (model.prompts or {}).get(model.default_prompt_name) or "",
                "most_tokens": model.max_seq_length,
            },
            **torch_tools.device_facts(device),
        }
        self.facts["versions"]["sentence-transformers"] = version

    def prepare(self, text: str) -> str:
        return text

    def collate(self, samples: list[str]) -> list[str]:
        return samples

    def embed(self, batch: list[str]) -> Output:
        values = self._model.encode(batch, batch_size=len(batch), convert_to_tensor=True, show_progress_bar=False)
        return Output(
            {USUAL: torch_tools.as_matrix(values)}, {USUAL: ""}, None, torch_tools.precision_of(values, self._device)
        )


KIND = ModelKind(
    "st",
    "st:FOLDER or st:HUB-ID",
    "a sentence encoder, run by the sentence-transformers library",
    ("text",),
    _load,
)
