"""Text: UTF-8 files through a transformer with mean pooling, in the folder format of sentence-transformers.

An item is the int32 token ids [t] of the whole text without special tokens. Long texts are cut into windows of nearly
equal length, whose unit vectors are averaged by their number of tokens. A model that was trained with a prefix before
each text, as E5's `query: `, has it before each window.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn.functional import normalize
from vectorizer_api.artifact import VectorizerDescription
from vectorizer_api.run import Limits

from vectorizer_trainer.content.encoder import Encoder, Inputs, Item
from vectorizer_trainer.errors import InvalidVectorizer, UnreadableFile

__all__ = ["TextEncoder", "new_encoder", "open_encoder", "open_tokenizer"]

_WEIGHTS = "model.safetensors"
_DENSE_WEIGHTS = "2_Dense/model.safetensors"
_WINDOWS_AT_ONCE = 16
"""Windows of like length in one pass of the network: fewer would idle the cores, more would pad."""

_ASSETS = ["config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt"]
_PIPELINE = [("Transformer", ""), ("Pooling", "1_Pooling"), ("Dense", "2_Dense"), ("Normalize", "3_Normalize")]
_BYTE_ORDER_MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


class TextEncoder(Encoder):
    """A transformer of the transformers library, mean pooled over the tokens of each window."""

    suffixes: ClassVar[frozenset[str]] = frozenset({".txt", ".md"})

    def __init__(
        self,
        transformer: nn.Module,
        tokenizer: Tokenizer,
        preprocessing: Mapping[str, Any],
        assets: Mapping[str, bytes],
    ) -> None:
        """Takes network, tokenizer, what vectorizer.json says, and the files that a saved folder keeps as they are.

        Of `preprocessing` it reads `window` and `trainingWindow`, in tokens with the special ones and the prefix's, and
        `prefix`, which may be absent.
        """
        super().__init__()
        self.transformer = transformer
        self.dimension = int(transformer.config.hidden_size)  # type: ignore[union-attr, arg-type]
        self._tokenizer = tokenizer
        self._prefix = str(preprocessing.get("prefix", ""))
        first, self._after = _special_tokens(tokenizer)
        self._before = [*first, *_prefix_tokens(tokenizer, self._prefix)]
        self._padding = int(transformer.config.pad_token_id or 0)  # type: ignore[union-attr, arg-type]
        added = len(self._before) + len(self._after)
        self._window = int(preprocessing["window"]) - added
        self._training_window = int(preprocessing["trainingWindow"]) - added
        self._assets = assets

    def decode(self, path: Path, limits: Limits) -> Item:
        """Int32 token ids [t] of a UTF-8 text; a byte order mark is dropped."""
        size = path.stat().st_size
        if size > limits.max_text_bytes:
            raise UnreadableFile(f"a text of {size} bytes; at most {limits.max_text_bytes} are allowed")
        return self.tokenise(_text(path.read_bytes()))

    def tokenise(self, text: str) -> Item:
        """Int32 token ids [t] of a text."""
        return np.asarray(self._tokenizer.encode(text, add_special_tokens=False).ids, np.int32)

    def spelled(self, item: Item) -> str:
        """The text of token ids, as the vectorizer reads it: an uncased tokenizer has dropped the capitals."""
        return self._tokenizer.decode(item.tolist())

    def cost(self, item: Item) -> int:
        """The number of tokens."""
        return len(item)

    def features(self, items: Sequence[Item]) -> Tensor:
        """Float32 [n, dimension]: the average of the windows' unit vectors, weighted by their tokens."""
        windows = [_windows(item, self._window) for item in items]
        owner = torch.tensor([index for index, own in enumerate(windows) for _ in own], device=self.device)
        flat = [window for own in windows for window in own]
        weight = torch.tensor([float(max(len(window), 1)) for window in flat], device=self.device)
        pooled = normalize(self._pooled(flat), dim=1) * weight[:, None]
        total = weight.new_zeros(len(items)).index_add(0, owner, weight)
        return pooled.new_zeros(len(items), self.dimension).index_add(0, owner, pooled) / total[:, None]

    def training_features(self, items: Sequence[Item]) -> Tensor:
        """Float32 [n, dimension] of the first, shorter window of each text: attention costs the square of length."""
        return normalize(self._pooled([item[: self._training_window] for item in items]), dim=1)

    def trained_by_fine_tuning(self) -> list[str]:
        """All transformer blocks; embeddings stay, since a small data set touches few of their rows."""
        return [name for name, _ in self.named_parameters() if ".layer." in name or ".layers." in name]

    def excerpt(self, item: Item) -> Item:
        """The first window."""
        return item[: self._window]

    def inputs(self, items: Sequence[Item]) -> Inputs:
        """Token ids and attention mask, int64 [n, tokens]: of the special tokens, the prefix and the text."""
        ids, mask = self._rows(items)
        free = {0: "batch", 1: "tokens"}
        return Inputs({"input_ids": ids, "attention_mask": mask}, {"input_ids": free, "attention_mask": free})

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Unit vectors [n, dimension] of windows."""
        return normalize(_mean_pooled(self.transformer, input_ids, attention_mask), dim=1)

    def serialise(self, adapter: Tensor) -> Mapping[str, bytes]:
        """A folder that `SentenceTransformer(folder)` opens; the adapter is its Dense module."""
        weights = {name: value.contiguous() for name, value in self.transformer.state_dict().items()}
        added = len(self._before) + len(self._after)
        return {
            **self._assets,
            **_sentence_transformers_files(self.dimension, self._window + added, self._prefix),
            _WEIGHTS: save(weights, {"format": "pt"}),
            _DENSE_WEIGHTS: save({"linear.weight": adapter.contiguous()}, {"format": "pt"}),
        }

    def _pooled(self, windows: Sequence[NDArray[np.int32]]) -> Tensor:
        order = sorted(range(len(windows)), key=lambda index: len(windows[index]))
        parts = []
        for start in range(0, len(order), _WINDOWS_AT_ONCE):
            part = [windows[index] for index in order[start : start + _WINDOWS_AT_ONCE]]
            parts.append(self._pooled_together(part))
        back = torch.empty(len(order), dtype=torch.long)
        back[torch.tensor(order)] = torch.arange(len(order))
        return torch.cat(parts)[back]

    def _pooled_together(self, windows: Sequence[NDArray[np.int32]]) -> Tensor:
        return _mean_pooled(self.transformer, *self._rows(windows))

    def _rows(self, windows: Sequence[NDArray[np.int32]]) -> tuple[Tensor, Tensor]:
        """Token ids and attention mask, int64 [n, longest], of windows with what stands before and after each."""
        rows = [[*self._before, *window.tolist(), *self._after] for window in windows]
        longest = max(map(len, rows))
        ids = [row + [self._padding] * (longest - len(row)) for row in rows]
        mask = [[1] * len(row) + [0] * (longest - len(row)) for row in rows]
        return torch.tensor(ids, device=self.device), torch.tensor(mask, device=self.device)


def open_encoder(folder: Path, description: VectorizerDescription) -> tuple[TextEncoder, Tensor]:
    """The encoder of a verified folder, and its adapter: the identity where there is no Dense module."""
    encoder = new_encoder(folder, load_file(folder / _WEIGHTS), description.preprocessing)
    return encoder, _adapter(folder, encoder.dimension)


def new_encoder(folder: Path, weights: Mapping[str, Tensor], preprocessing: Mapping[str, Any]) -> TextEncoder:
    """An encoder of the configuration and the tokenizer in a folder; raises InvalidVectorizer where weights lack."""
    from transformers import AutoConfig, AutoModel
    from transformers.initialization import no_init_weights
    from transformers.utils import logging

    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    config = AutoConfig.from_pretrained(folder, local_files_only=True)
    # The given tensors become the weights: nothing is drawn for them, and none is held twice.
    with no_init_weights():
        transformer = AutoModel.from_config(config)  # type: ignore[no-untyped-call]
    whole = {name: weight.float() if weight.is_floating_point() else weight for name, weight in weights.items()}
    missing = transformer.load_state_dict(whole, strict=False, assign=True).missing_keys
    if missing:
        raise InvalidVectorizer(f"the weights in {folder} lack {', '.join(missing)}")
    tokenizer = open_tokenizer(folder)
    assets = {name: (folder / name).read_bytes() for name in _ASSETS if (folder / name).is_file()}
    return TextEncoder(transformer, tokenizer, preprocessing, assets)


def open_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of a folder, without the truncation and padding that its file may ask for."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _adapter(folder: Path, dimension: int) -> Tensor:
    path = folder / _DENSE_WEIGHTS
    return load_file(path)["linear.weight"] if path.is_file() else torch.eye(dimension)


def _text(raw: bytes) -> str:
    for mark, name in _BYTE_ORDER_MARKS.items():
        if raw.startswith(mark):
            raise UnreadableFile(f"{name} text; save it as UTF-8")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableFile(f"not UTF-8 text (byte {error.start})") from error
    if "\0" in text:
        raise UnreadableFile("not text: it holds NUL bytes")
    if not text.strip():
        raise UnreadableFile("the text is empty")
    return text


def _mean_pooled(transformer: nn.Module, ids: Tensor, mask: Tensor) -> Tensor:
    hidden: Tensor = transformer(input_ids=ids, attention_mask=mask).last_hidden_state
    kept = mask[:, :, None].to(hidden.dtype)
    return (hidden * kept).sum(1) / kept.sum(1)


def _special_tokens(tokenizer: Tokenizer) -> tuple[list[int], list[int]]:
    ids = tokenizer.encode("").ids
    middle = len(ids) // 2
    return ids[:middle], ids[middle:]


def _prefix_tokens(tokenizer: Tokenizer, prefix: str) -> list[int]:
    # Without the space at its end, which belongs to the word that follows.
    return list(tokenizer.encode(prefix.rstrip(), add_special_tokens=False).ids) if prefix else []


def _windows(item: Item, longest: int) -> list[NDArray[np.int32]]:
    return np.array_split(item, max(1, -(-len(item) // longest)))


def _sentence_transformers_files(dimension: int, window: int, prefix: str) -> dict[str, bytes]:
    modules = [
        {"idx": index, "name": str(index), "path": path, "type": f"sentence_transformers.models.{name}"}
        for index, (name, path) in enumerate(_PIPELINE)
    ]
    dense = {
        "in_features": dimension,
        "out_features": dimension,
        "bias": False,
        "activation_function": "torch.nn.modules.linear.Identity",
    }
    pooling = {"word_embedding_dimension": dimension, "pooling_mode_mean_tokens": True}
    files: dict[str, object] = {
        "modules.json": modules,
        "sentence_bert_config.json": {"max_seq_length": window, "do_lower_case": False},
        "1_Pooling/config.json": pooling,
        "2_Dense/config.json": dense,
    }
    if prefix:
        # One prefix for all texts, so that questions and documents are alike when they mean the same.
        prompts = dict.fromkeys(("query", "document"), prefix)
        files["config_sentence_transformers.json"] = {"prompts": prompts, "default_prompt_name": "query"}
    return {name: json.dumps(content, indent=2).encode() for name, content in files.items()}
