"""The encoder of texts, and the files that it consists of."""

from collections.abc import Iterator, Mapping, Sequence
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
from vectorizer_trainer.content.text.architecture import mean_pooled, transformer_of
from vectorizer_trainer.content.text.decode import read_text
from vectorizer_trainer.content.text.pipeline import DENSE_WEIGHTS, pipeline_files
from vectorizer_trainer.content.text.tokens import open_tokenizer, prefix_tokens, special_tokens, windows

__all__ = ["TextEncoder", "new_encoder", "open_encoder"]

_WEIGHTS = "model.safetensors"
_ASSETS = ["config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt"]
_TOKENS_AT_ONCE = 512
"""Tokens, padding included, in one pass of the network on a processor: fewer would idle it, more would pad."""
_TOKENS_AT_ONCE_ON_GPU = 16_384


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
        first, self._after = special_tokens(tokenizer)
        self._before = [*first, *prefix_tokens(tokenizer, self._prefix)]
        self._padding = int(transformer.config.pad_token_id or 0)  # type: ignore[union-attr, arg-type]
        added = len(self._before) + len(self._after)
        self._window = int(preprocessing["window"]) - added
        self._training_window = int(preprocessing["trainingWindow"]) - added
        self._assets = assets

    def decode(self, path: Path, limits: Limits) -> Item:
        """Int32 token ids [t] of a UTF-8 text; a byte order mark is dropped."""
        return self.tokenise(read_text(path, limits))

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
        parts = [windows(item, self._window) for item in items]
        owner = torch.tensor([index for index, own in enumerate(parts) for _ in own], device=self.device)
        flat = [window for own in parts for window in own]
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
        return normalize(mean_pooled(self.transformer, input_ids, attention_mask), dim=1)

    def serialise(self, adapter: Tensor) -> Mapping[str, bytes]:
        """A folder that `SentenceTransformer(folder)` opens; the adapter is its Dense module."""
        weights = {name: value.contiguous() for name, value in self.transformer.state_dict().items()}
        added = len(self._before) + len(self._after)
        return {
            **self._assets,
            **pipeline_files(self.dimension, self._window + added, self._prefix),
            _WEIGHTS: save(weights, {"format": "pt"}),
            DENSE_WEIGHTS: save({"linear.weight": adapter.contiguous()}, {"format": "pt"}),
        }

    def _pooled(self, windows: Sequence[NDArray[np.int32]]) -> Tensor:
        order = sorted(range(len(windows)), key=lambda index: len(windows[index]))
        parts = [self._pooled_together([windows[index] for index in alike]) for alike in self._alike(order, windows)]
        back = torch.empty(len(order), dtype=torch.long)
        back[torch.tensor(order)] = torch.arange(len(order))
        return torch.cat(parts)[back]

    def _alike(self, order: Sequence[int], windows: Sequence[NDArray[np.int32]]) -> Iterator[list[int]]:
        """Indices of windows of like length, in their order from short to long."""
        most = _TOKENS_AT_ONCE if self.device.type == "cpu" else _TOKENS_AT_ONCE_ON_GPU
        added = len(self._before) + len(self._after)
        alike: list[int] = []
        for index in order:
            if alike and (len(alike) + 1) * (len(windows[index]) + added) > most:
                yield alike
                alike = []
            alike.append(index)
        if alike:
            yield alike

    def _pooled_together(self, windows: Sequence[NDArray[np.int32]]) -> Tensor:
        return mean_pooled(self.transformer, *self._rows(windows))

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
    transformer = transformer_of(folder, weights)
    assets = {name: (folder / name).read_bytes() for name in _ASSETS if (folder / name).is_file()}
    return TextEncoder(transformer, open_tokenizer(folder), preprocessing, assets)


def _adapter(folder: Path, dimension: int) -> Tensor:
    path = folder / DENSE_WEIGHTS
    return load_file(path)["linear.weight"] if path.is_file() else torch.eye(dimension)
