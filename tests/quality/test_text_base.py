"""The real text base in the hands of sentence-transformers."""

from pathlib import Path

import numpy as np
import pytest
import torch
from vectorizer_api.content import ContentType
from vectorizer_trainer.bases import ensure_base
from vectorizer_trainer.vectorizer import Vectorizer, load_vectorizer

TEXTS = [
    "Compute the eigenvalues of a symmetric matrix.",
    "A queue that several threads may use.",
    "Return the number of bytes that were written, or None.",
]


@pytest.fixture(scope="module")
def base() -> Vectorizer:
    return load_vectorizer(ensure_base(ContentType.TEXT))


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
def test_a_tuned_base_opens_in_sentence_transformers_with_the_same_vectors(base: Vectorizer, tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer

    tilt = torch.eye(384) + 0.02 * torch.randn(384, 384, generator=torch.Generator().manual_seed(1))
    tilted = base.with_weights(base.encoder, tilt)
    tilted.save(tmp_path / "v")
    files = [tmp_path / f"{number}.txt" for number in range(len(TEXTS))]
    for path, text in zip(files, TEXTS, strict=True):
        path.write_text(text)
    theirs = SentenceTransformer(str(tmp_path / "v"), device="cpu", local_files_only=True).encode(TEXTS)
    assert tilted.encode(files) == pytest.approx(np.asarray(theirs), abs=1e-5)
