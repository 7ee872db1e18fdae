"""What the numerical libraries read from the environment when they are loaded."""

import ctypes
import os

_SETTINGS = {
    # Models come from folders; nothing is ever fetched from a hub.
    "HF_HUB_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    # Threads that wait must sleep: beside other work, or under a CPU quota, spinning ones take the cores from those
    # that compute. Fitting the adapter on 2 busy cores took 1.6–1.8 s like this and 6.6–14 s spinning.
    "OMP_WAIT_POLICY": "PASSIVE",
    # NumPy's products are small, and its threads spin while they wait: to compare two vectorizers on 1,000 items took
    # 5 s of processor time on one thread and 30 s on two, with other work beside it. torch has threads of its own.
    "OPENBLAS_NUM_THREADS": "1",
}


_MMAP_THRESHOLD = -3
"""M_MMAP_THRESHOLD of glibc's malloc.h."""
_RETURNED = 2**20
"""Bytes from which on a freed block goes back to the system. Left alone, glibc raises this up to 32 MiB as it goes, and
keeps the holes between a training step's tensors: 8 % slower on a CPU, and a tenth less memory at the peak."""


def prepare_libraries() -> None:
    """Set what the environment does not say otherwise; to be called before torch is imported."""
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    if not any(name.startswith("MALLOC_") for name in os.environ):
        _return_large_blocks()


def _return_large_blocks() -> None:
    # Where the C library is another one, memory is as it manages it.
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_THRESHOLD, _RETURNED)
