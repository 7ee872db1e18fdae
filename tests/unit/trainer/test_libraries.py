"""What the numerical libraries are told."""

import os
import subprocess
import sys

import pytest
from vectorizer_trainer.libraries import prepare_libraries

NAMES = ("HF_HUB_OFFLINE", "TOKENIZERS_PARALLELISM", "OMP_WAIT_POLICY", "OPENBLAS_NUM_THREADS")


def test_waiting_threads_sleep_and_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    prepare_libraries()
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"
    assert os.environ["HF_HUB_OFFLINE"] == "1"
    assert os.environ["OPENBLAS_NUM_THREADS"] == "1"
    for name in NAMES:
        monkeypatch.delenv(name)


def test_what_the_environment_says_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "true")
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
    prepare_libraries()
    assert os.environ["OMP_WAIT_POLICY"] == "ACTIVE"
    assert os.environ["OPENBLAS_NUM_THREADS"] == "2"


_HOLES = """
from pathlib import Path
from resource import getpagesize
import numpy as np
from vectorizer_trainer.libraries import prepare_libraries

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * getpagesize()

prepare_libraries()
np.ones(2**21)
before = resident()
blocks = [np.ones(2**18) for _ in range(100)]
last = blocks.pop()
del blocks
print(resident() - before)
"""


def test_large_blocks_go_back_to_the_system_also_from_below_others() -> None:
    said = subprocess.run([sys.executable, "-c", _HOLES], capture_output=True, text=True, check=True).stdout
    assert int(said) < 20 * 2**21


def test_the_programs_load_no_numerical_library_before_it_is_told() -> None:
    programs = "import sys, vectorizer_trainer.__main__, vectorizer_cli.__main__"
    code = f"{programs}; print({{'numpy', 'torch'}} & sys.modules.keys())"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
