"""Spoken words with noise, by eSpeak NG's voices at any speed and pitch: real acoustics of as many sounds as wanted.

Made once for the small base and for data sets; see `synthesiser` for how eSpeak NG is kept apart.
"""

import io
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["Speech", "Utterance", "speak"]

_PROGRAM = Path(__file__).with_name("synthesiser.py")


@dataclass(frozen=True)
class Utterance:
    """What is said, and how."""

    text: str
    voice: str
    """A voice of eSpeak NG, with a variant: `en-us+f3`."""
    speed: int
    """Words a minute, 80 to 450."""
    pitch: int
    """0 to 99; 50 is the voice's own."""


@dataclass(frozen=True)
class Speech:
    """Utterances as spoken."""

    rate: int
    """Hz."""
    waveforms: list[NDArray[np.int16]]
    """[t] of each utterance."""


def speak(utterances: Sequence[Utterance]) -> Speech:
    """The same samples for the same list of utterances; raises ModuleNotFoundError without espeakng-loader."""
    if find_spec("espeakng_loader") is None:
        raise ModuleNotFoundError("the package espeakng-loader is not installed; it comes with the extra “local”")
    request = json.dumps([asdict(utterance) for utterance in utterances]).encode()
    # The program is ours, and what it is given is the list above.
    answer = subprocess.run([sys.executable, _PROGRAM], input=request, stdout=subprocess.PIPE, check=True)  # noqa: S603
    with np.load(io.BytesIO(answer.stdout)) as made:
        ends = np.cumsum(made["lengths"])
        return Speech(int(made["rate"]), np.split(made["samples"], ends[:-1]))
