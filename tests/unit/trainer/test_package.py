"""The documented entry of the package."""

import subprocess
import sys

import pytest
import vectorizer_trainer


def test_importing_the_package_and_its_refusals_loads_no_torch() -> None:
    code = (
        "import sys, vectorizer_trainer, vectorizer_trainer.run\n"
        "print(sorted({'torch', 'transformers', 'minio', 'open_clip'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_load_vectorizer_is_offered_by_the_package() -> None:
    from vectorizer_trainer.opening import load_vectorizer

    assert vectorizer_trainer.load_vectorizer is load_vectorizer


def test_a_name_that_is_not_there_is_refused() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'absent'"):
        _ = vectorizer_trainer.absent
