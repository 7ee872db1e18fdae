"""pytorch-metric-learning with all weights tuned: SupCon and ProxyAnchor on exploded labels.

Rates, weight decay and the proxies' hundredfold rate are those of the ProxyAnchor paper (Kim et al. 2020); SupCon's
temperature is the library's default, and batches hold 4 of each label as its sampler is made for.
"""

import random
from typing import Any

import torch
from pytorch_metric_learning.losses import ProxyAnchorLoss, SupConLoss
from pytorch_metric_learning.samplers import MPerClassSampler
from sentence_transformers import SentenceTransformer

from peers.contract import CHECKPOINTS, Recorder, Task
from peers.methods.launch import launch, read_texts
from peers.methods.texts import encoder_of

_EPOCHS = 4
_BATCH = 64
_PER_LABEL = 4
_RATE = 1e-4
_DECAY = 1e-4
_PROXIES = 100
"""Times the rate of the network."""


def train(task: Task, variant: str, recorder: Recorder) -> None:
    """Trains by one loss."""
    torch.manual_seed(task.seed)
    random.seed(task.seed)
    model = SentenceTransformer(task.base, device="cpu")
    recorder.start_reading()
    texts, own = task.train.exploded(read_texts(task.train.files))
    labels = [task.names.index(label) for label in own]
    loss = _loss(variant, len(task.names), model.get_embedding_dimension() or 0)
    groups: list[dict[str, Any]] = [{"params": model.parameters(), "lr": _RATE}]
    if proxies := list(loss.parameters()):
        groups.append({"params": proxies, "lr": _RATE * _PROXIES})
    optimiser = torch.optim.AdamW(groups, weight_decay=_DECAY)
    batches = _batches(labels)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, [group["lr"] for group in groups], total_steps=len(batches), pct_start=0.1
    )
    encode = encoder_of(model)
    model.train()
    for done, rows in enumerate(batches, 1):
        features = model.preprocess([texts[row] for row in rows])
        vectors = model(features)["sentence_embedding"]
        optimiser.zero_grad()
        loss(vectors, torch.tensor([labels[row] for row in rows])).backward()
        optimiser.step()
        schedule.step()
        if done * CHECKPOINTS // len(batches) > (done - 1) * CHECKPOINTS // len(batches):
            recorder.checkpoint(done * _BATCH, encode)


def _loss(variant: str, labels: int, dimension: int) -> torch.nn.Module:
    loss: torch.nn.Module = SupConLoss() if variant == "SupCon" else ProxyAnchorLoss(labels, dimension)
    return loss


def _batches(labels: list[int]) -> list[list[int]]:
    """Rows of every batch of all epochs; smaller batches where there are few labels."""
    size = min(_BATCH, _PER_LABEL * len(set(labels)))
    length = max(len(labels), size)
    sampler = MPerClassSampler(labels, _PER_LABEL, batch_size=size, length_before_new_iter=length)
    batches = []
    for _ in range(_EPOCHS):
        rows = list(sampler)
        batches += [rows[first : first + size] for first in range(0, len(rows), size)]
    return batches


if __name__ == "__main__":
    launch(train)
