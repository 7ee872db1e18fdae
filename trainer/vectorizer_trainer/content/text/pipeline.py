"""The files that make a folder one of sentence-transformers: transformer, pooling, dense layer, unit length."""

import json

__all__ = ["DENSE_WEIGHTS", "pipeline_files"]

DENSE_WEIGHTS = "2_Dense/model.safetensors"

_PIPELINE = [("Transformer", ""), ("Pooling", "1_Pooling"), ("Dense", "2_Dense"), ("Normalize", "3_Normalize")]


def pipeline_files(dimension: int, window: int, prefix: str) -> dict[str, bytes]:
    """By path, all but weights, tokenizer and the configuration of the transformer."""
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
