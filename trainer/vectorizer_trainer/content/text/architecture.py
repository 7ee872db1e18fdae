"""The networks of transformers that a text encoder can hold: any that AutoModel builds from its configuration."""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

from torch import Tensor, nn

from vectorizer_trainer.errors import InvalidVectorizer

__all__ = ["mean_pooled", "transformer_of"]


def transformer_of(folder: Path, weights: Mapping[str, Tensor]) -> nn.Module:
    """The network of the configuration in a folder, around the given weights; raises InvalidVectorizer."""
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
    return cast("nn.Module", transformer)


def mean_pooled(transformer: nn.Module, ids: Tensor, mask: Tensor) -> Tensor:
    """[n, dimension]: the mean of the last layer over the tokens [n, t] that the mask keeps."""
    hidden: Tensor = transformer(input_ids=ids, attention_mask=mask).last_hidden_state
    kept = mask[:, :, None].to(hidden.dtype)
    return (hidden * kept).sum(1) / kept.sum(1)
