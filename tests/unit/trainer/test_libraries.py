"""What the numerical libraries are told."""

import os

import pytest
from vectorizer_trainer.libraries import prepare_libraries


def test_waiting_threads_sleep_and_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_HUB_OFFLINE", "TOKENIZERS_PARALLELISM", "OMP_WAIT_POLICY"):
        monkeypatch.delenv(name, raising=False)
    prepare_libraries()
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"
    assert os.environ["HF_HUB_OFFLINE"] == "1"
    for name in ("HF_HUB_OFFLINE", "TOKENIZERS_PARALLELISM", "OMP_WAIT_POLICY"):
        monkeypatch.delenv(name)


def test_what_the_environment_says_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "true")
    prepare_libraries()
    assert os.environ["OMP_WAIT_POLICY"] == "ACTIVE"
