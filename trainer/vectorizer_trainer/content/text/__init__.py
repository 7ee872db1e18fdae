"""Text: UTF-8 files through a transformer with mean pooling, in the folder format of sentence-transformers.

An item is the int32 token ids [t] of the whole text without special tokens. Long texts are cut into windows of nearly
equal length, whose unit vectors are averaged by their number of tokens. A model that was trained with a prefix before
each text, as E5's `query: `, has it before each window.
"""

from vectorizer_trainer.content.text.encoder import TextEncoder, new_encoder, open_encoder
from vectorizer_trainer.content.text.tokens import open_tokenizer

__all__ = ["TextEncoder", "new_encoder", "open_encoder", "open_tokenizer"]
