"""A program of its own: reads utterances from standard input, has eSpeak NG speak them, writes the samples.

It runs in a process of its own for two reasons. What eSpeak NG says depends on all that it has said before, so that
only a fresh process gives the same samples for the same utterances. And eSpeak NG is under the GPL: nothing of ours is
linked with it, and what ships never runs it (it makes the small base and the data set for sounds, nothing else).
"""

import ctypes
import io
import json
import sys
from collections.abc import Iterator
from typing import Any

import espeakng_loader  # type: ignore[import-untyped]
import numpy as np
from numpy.typing import NDArray

_SYNCHRONOUS = 2
"""AUDIO_OUTPUT_SYNCHRONOUS of speak_lib.h: samples go to a callback before the call returns."""
_SPEED, _PITCH = 1, 3
"""espeakRATE and espeakPITCH."""
_UTF_8 = 1
_SEED = 1
_ON_SAMPLES = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


def main() -> None:
    """From a JSON list of {text, voice, speed, pitch} to an .npz of `rate`, `lengths` and the `samples` end to end."""
    utterances = json.load(sys.stdin)
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 0)
    # It would draw its breathing noise by the time of day.
    library.espeak_ng_SetRandSeed(ctypes.c_long(_SEED))
    spoken = list(_spoken(library, utterances))
    written = io.BytesIO()
    np.savez(written, rate=rate, lengths=[len(one) for one in spoken], samples=np.concatenate(spoken))
    sys.stdout.buffer.write(written.getvalue())


def _spoken(library: ctypes.CDLL, utterances: list[dict[str, Any]]) -> Iterator[NDArray[np.int16]]:
    parts: list[NDArray[np.int16]] = []

    def keep(samples: Any, count: int, _: object) -> int:  # noqa: ANN401 - a pointer as ctypes passes it
        if samples and count:
            parts.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    callback = _ON_SAMPLES(keep)
    library.espeak_SetSynthCallback(callback)
    for utterance in utterances:
        parts.clear()
        _speak(library, **utterance)
        yield np.concatenate(parts)


def _speak(library: ctypes.CDLL, text: str, voice: str, speed: int, pitch: int) -> None:
    if library.espeak_SetVoiceByName(voice.encode()) != 0:
        raise ValueError(f"eSpeak NG has no voice {voice!r}")
    library.espeak_SetParameter(_SPEED, speed, 0)
    library.espeak_SetParameter(_PITCH, pitch, 0)
    content = text.encode() + b"\0"
    failed = library.espeak_Synth(content, ctypes.c_size_t(len(content)), 0, 0, 0, _UTF_8, None, None)
    if failed or library.espeak_Synchronize():
        raise RuntimeError(f"eSpeak NG cannot speak {text!r}")


if __name__ == "__main__":
    main()
