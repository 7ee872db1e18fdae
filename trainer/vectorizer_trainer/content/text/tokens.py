"""What a tokenizer makes of a text, and how a long text is cut into windows."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

__all__ = ["open_tokenizer", "prefix_tokens", "special_tokens", "windows"]


def open_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of a folder, without the truncation and padding that its file may ask for."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def special_tokens(tokenizer: Tokenizer) -> tuple[list[int], list[int]]:
    """The ids that a tokenizer puts before and after each text."""
    ids = tokenizer.encode("").ids
    middle = len(ids) // 2
    return ids[:middle], ids[middle:]


def prefix_tokens(tokenizer: Tokenizer, prefix: str) -> list[int]:
    """The ids of what stands before each text."""
    # Without the space at its end, which belongs to the word that follows.
    return list(tokenizer.encode(prefix.rstrip(), add_special_tokens=False).ids) if prefix else []


def windows(item: NDArray[np.int32], longest: int) -> list[NDArray[np.int32]]:
    """Token ids [t] in the fewest windows of at most `longest`, all of nearly equal length."""
    return np.array_split(item, max(1, -(-len(item) // longest)))
