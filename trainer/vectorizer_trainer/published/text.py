"""Text: multilingual-e5-small, and other folders of sentence-transformers with mean pooling.

E5 was trained with `query: ` or `passage: ` before every text. Its publisher advises `query: ` for whatever is not a
question to passages, and one vectorizer has one prefix: `query: ` is kept with the model.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor

from vectorizer_trainer.content.text import new_encoder, open_tokenizer
from vectorizer_trainer.published import (
    InvalidCheckpoint,
    Manifest,
    Published,
    PublishedTensor,
    published_file,
    read_manifest,
    read_published,
)
from vectorizer_trainer.wording import quoted

__all__ = ["LICENCE", "NAME", "PREFIX", "SOURCE", "open_other", "open_published"]

NAME = "multilingual-e5-small"
LICENCE = "MIT"
SOURCE = "intfloat/multilingual-e5-small on the Hugging Face hub"
PREFIX = "query: "

_ARCHITECTURE = "transformers"
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
_CONFIGURATION = {
    "model_type": "bert",
    "vocab_size": 250037,
    "hidden_size": 384,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 1536,
    "max_position_embeddings": 512,
}
"""As published; what it says beside these changes no shape."""
_WINDOW = 512
_TRAINING_WINDOW = 128
"""Tokens that training looks at: attention costs the square of length, and the beginning tells the subject."""
_MEAN_POOLING = "pooling_mode_mean_tokens"
_READ = {"Transformer", "Pooling", "Normalize"}
_OLD_BUFFER = "embeddings.position_ids"


def open_published(source: Path) -> Published:
    """Multilingual E5 small from its folder: config.json, tokenizer.json and the weights; raises InvalidCheckpoint."""
    found = _json(source / "config.json")
    for key, expected in _CONFIGURATION.items():
        if found.get(key) != expected:
            raise InvalidCheckpoint(f"{source / 'config.json'} is not of {NAME}: {key} is not {expected}.")
    return _opened(source, read_manifest(NAME), _WINDOW, PREFIX)


def open_other(source: Path) -> Published:
    """A folder of sentence-transformers with mean pooling; raises InvalidCheckpoint.

    The prefix is the folder's default prompt: a model that needs one and does not say so cannot be told from one that
    needs none.
    """
    _refuse_other_modules(source)
    settings = _json(source / "sentence_bert_config.json")
    if settings.get("do_lower_case"):
        raise InvalidCheckpoint(f"{source}: do_lower_case outside the tokenizer is not supported.")
    window = settings.get("max_seq_length")
    if not isinstance(window, int):
        raise InvalidCheckpoint(f"{source / 'sentence_bert_config.json'} does not say the max_seq_length.")
    return _opened(source, _own_manifest(source), window, _default_prompt(source))


def _opened(source: Path, manifest: Manifest, window: int, prefix: str) -> Published:
    _check_tokenizer(source, prefix)
    preprocessing = {"window": window, "trainingWindow": min(window, _TRAINING_WINDOW), "prefix": prefix}
    weights = read_published(published_file(source, _WEIGHTS), manifest)
    encoder = new_encoder(source, _without_gaps(weights, manifest), preprocessing)
    return Published(encoder, _ARCHITECTURE, preprocessing)


def _without_gaps(weights: Mapping[str, Tensor], manifest: Manifest) -> dict[str, Tensor]:
    """What is optional is never computed with: zeros stand for it, so that two imports give the same file."""
    complete = {key: weights.get(key, torch.zeros(one.shape)) for key, one in manifest.tensors.items()}
    complete.pop(_OLD_BUFFER, None)
    return complete


def _own_manifest(source: Path) -> Manifest:
    """The keys and shapes that transformers expects for a folder's config.json."""
    from transformers import AutoConfig, AutoModel

    _json(source / "config.json")
    try:
        config = AutoConfig.from_pretrained(source, local_files_only=True)
        with torch.device("meta"):
            state = AutoModel.from_config(config).state_dict()  # type: ignore[no-untyped-call]
    except (ValueError, KeyError, OSError) as error:
        raise InvalidCheckpoint(f"{source / 'config.json'} is of no model that transformers knows: {error}.") from error
    tensors = {key: PublishedTensor("F32", tuple(value.shape)) for key, value in state.items()}
    positions = PublishedTensor("I64", (1, config.max_position_embeddings))
    return Manifest(
        source="the folder's config.json",
        checked="against the file itself",
        tensors={**tensors, _OLD_BUFFER: positions},
        optional=(_OLD_BUFFER, *(key for key in tensors if key.startswith("pooler."))),
    )


def _refuse_other_modules(source: Path) -> None:
    modules = _json(source / "modules.json")
    kinds = {str(module["type"]).rpartition(".")[2]: str(module["path"]) for module in modules}
    if unknown := sorted(kinds.keys() - _READ):
        raise InvalidCheckpoint(f"{source}: a module {quoted(*unknown)} behind the transformer is not supported.")
    if "Pooling" not in kinds:
        raise InvalidCheckpoint(f"{source / 'modules.json'} does not say how tokens are pooled.")
    pooling = _json(source / kinds["Pooling"] / "config.json")
    chosen = pooling.get("pooling_mode") or [
        key for key, on in pooling.items() if key.startswith("pooling_mode_") and on
    ]
    if chosen not in ("mean", ["mean"], [_MEAN_POOLING]):
        modes = chosen if isinstance(chosen, list) else [chosen]
        raise InvalidCheckpoint(f"{source}: tokens are pooled by {quoted(*modes)}; only the mean is supported.")
    if not pooling.get("include_prompt", True):
        raise InvalidCheckpoint(f"{source}: a prompt that is left out of the mean is not supported.")


def _default_prompt(source: Path) -> str:
    path = source / "config_sentence_transformers.json"
    if not path.is_file():
        return ""
    settings = _json(path)
    prompt: str = (settings.get("prompts") or {}).get(settings.get("default_prompt_name")) or ""
    return prompt


def _check_tokenizer(source: Path, prefix: str) -> None:
    """Prefix and text are tokenised apart: refuses a tokenizer that would have joined them."""
    _json(source / "tokenizer.json")
    try:
        tokenizer = open_tokenizer(source)
    # The library raises nothing narrower.
    except Exception as error:
        raise InvalidCheckpoint(f"{source / 'tokenizer.json'} is not a tokenizer: {error}.") from error
    apart = [*_ids(tokenizer, prefix.rstrip()), *_ids(tokenizer, "two words")]
    if apart != _ids(tokenizer, f"{prefix}two words"):
        raise InvalidCheckpoint(f"The tokenizer in {source} joins the prefix {quoted(prefix)} with the text behind it.")


def _ids(tokenizer: Tokenizer, text: str) -> list[int]:
    return list(tokenizer.encode(text, add_special_tokens=False).ids)


def _json(path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    try:
        return json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise InvalidCheckpoint(f"{path.parent} is no folder of a checkpoint: it has no {path.name}.") from None
    except (OSError, ValueError) as error:
        raise InvalidCheckpoint(f"{path} cannot be read as JSON: {error}.") from error
