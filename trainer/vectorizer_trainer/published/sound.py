"""Sound: the audio tower of LAION's CLAP with HTS-AT, as published for transformers.

Of a checkpoint with two towers the one for texts is left out. The variant without fusion is the one that hears a window
as it is; the other would need four views of each.
"""

from pathlib import Path

from vectorizer_trainer.content.sound import encoder_of
from vectorizer_trainer.published import Published, published_file, read_manifest, read_published

__all__ = ["LICENCE", "NAME", "SOURCE", "open_published"]

NAME = "clap-htsat-unfused"
LICENCE = "Apache-2.0"
SOURCE = "laion/clap-htsat-unfused on the Hugging Face hub"

_ARCHITECTURE = "transformers.ClapAudioModelWithProjection"
_WEIGHTS = ("model.safetensors", "pytorch_model.bin")
_TOWER = {
    "spec_size": 256,
    "num_mel_bins": 64,
    "patch_size": 4,
    "patch_stride": [4, 4],
    "window_size": 8,
    "patch_embeds_hidden_size": 96,
    "depths": [2, 2, 6, 2],
    "num_attention_heads": [4, 8, 16, 32],
    "num_hidden_layers": 4,
    "hidden_size": 768,
    "mlp_ratio": 4.0,
    "projection_dim": 512,
    "projection_hidden_act": "relu",
}
"""As its config.json says, which here says no more than transformers' defaults."""
_PREPROCESSING = {
    "sampleRate": 48_000,
    "windowSeconds": 10,
    "fftLength": 1024,
    "hopLength": 480,
    "lowestFrequency": 50,
    "highestFrequency": 14_000,
}
"""As its preprocessor_config.json says."""


def open_published(source: Path) -> Published:
    """The audio tower from the file with the weights or the folder that holds it; raises InvalidCheckpoint."""
    weights = read_published(published_file(source, _WEIGHTS), read_manifest(NAME))
    return Published(encoder_of(_TOWER, weights, _PREPROCESSING), _ARCHITECTURE, _PREPROCESSING)
