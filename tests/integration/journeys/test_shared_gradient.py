"""Training the blocks by two processes gives the weights of one: the same batches, losses and steps."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

WEIGHTS = "weights.safetensors"
TRAINING = """
import sys
from contextlib import nullcontext
import numpy as np
import torch
from safetensors.torch import save_file
from vectorizer_api.content import ContentType
from vectorizer_trainer.augmentation import UNCHANGED
from vectorizer_trainer.bases import ensure_base
from vectorizer_trainer.processes import join, led, rank
from vectorizer_trainer.tuning.anchors import Anchors
from vectorizer_trainer.tuning.blocks import Blocks
from vectorizer_trainer.tuning.checkpoint import NoCheckpoints
from vectorizer_trainer.tuning.deep import LARGEST_PART, train_blocks
from vectorizer_trainer.tuning.shared_gradient import help_with_gradients
from vectorizer_trainer.vectorizer import load_vectorizer
from vectorizer_trainer.tuning import blocks
from sklearn.datasets import load_digits

# In bfloat16 what rounds differently for another share of a batch hides whether the gradient is the same.
blocks.lower_precision = lambda device: nullcontext()
start = load_vectorizer(ensure_base(ContentType.IMAGE))
if rank() > 0:
    help_with_gradients(Blocks(start), LARGEST_PART, join())
    sys.exit(0)
digits = load_digits()
pictures = [np.kron(digit, np.ones((4, 4)))[:, :, None].repeat(3, 2) * 15.9 for digit in digits.images[:96]]
items = [picture.astype(np.uint8) for picture in pictures]
vectors = start.encode_items(items)
targets = np.eye(10, dtype=bool)[digits.target[:64]]
with led():
    trained = train_blocks(start, items[:64], vectors[:64], targets, Anchors(items[64:], vectors[64:]), 0,
        lambda step: None, NoCheckpoints(), UNCHANGED)
save_file({name: weight.contiguous() for name, weight in trained.encoder.state_dict().items()}
    | {"losses": torch.tensor(trained.losses)}, sys.argv[1])
"""


def train(folder: Path, launcher: list[str]) -> dict[str, torch.Tensor]:
    folder.mkdir()
    (folder / "training.py").write_text(TRAINING)
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(folder)}
    command = [sys.executable, *launcher, "-m", "training", WEIGHTS]
    ended = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=280, check=False
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    return load_file(folder / WEIGHTS)


@pytest.mark.timeout(600)
def test_two_processes_take_the_steps_of_one(tmp_path: Path) -> None:
    one = train(tmp_path / "one", [])
    two = train(tmp_path / "two", ["-m", "vectorizer_trainer.launch", "--standalone", "--nproc-per-node=2"])
    assert len(two["losses"]) == len(one["losses"]) > 1
    assert two["losses"].tolist() == pytest.approx(one["losses"].tolist(), rel=1e-3)
    for name, weight in one.items():
        # The keys' biases have no gradient but rounding errors, which the optimiser makes steps of.
        assert np.allclose(two[name], weight, atol=2e-3), name
