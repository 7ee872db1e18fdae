"""sentence-transformers with its own trainer: triplet losses and a contrastive loss on exploded labels.

Learning rate 2e-5 and warm-up over a tenth of the steps are those of its training guide; batches of 32 hold enough of
a label for the batch's hardest triplets, which its group-by-label sampler sees to.
"""

import random
import tempfile
from typing import Any

from datasets import Dataset
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.losses import BatchHardTripletLoss, BatchSemiHardTripletLoss, OnlineContrastiveLoss
from sentence_transformers.training_args import BatchSamplers
from transformers import TrainerCallback, TrainerState

from peers.contract import CHECKPOINTS, Recorder, Task
from peers.methods.launch import launch, read_texts
from peers.methods.texts import encoder_of

_EPOCHS = 4
_BATCH = 32
_RATE = 2e-5
_PAIRS = 2
"""Pairs that carry a label in common, and as many that do not, for each text."""
_LOSSES = {
    "batch-hard triplet": BatchHardTripletLoss,
    "semi-hard triplet": BatchSemiHardTripletLoss,
    "online contrastive": OnlineContrastiveLoss,
}


class _Snapshots(TrainerCallback):
    """Takes a checkpoint at evenly spaced steps."""

    def __init__(self, model: SentenceTransformer, recorder: Recorder, batch: int) -> None:
        self._encode, self._recorder, self._batch = encoder_of(model), recorder, batch

    def on_step_end(self, args: object, state: TrainerState, control: object, **_: object) -> None:
        """See TrainerCallback."""
        del args, control
        done, steps = state.global_step, state.max_steps
        if done * CHECKPOINTS // steps > (done - 1) * CHECKPOINTS // steps:
            self._recorder.checkpoint(done * self._batch, self._encode)


def train(task: Task, variant: str, recorder: Recorder) -> None:
    """Trains by one loss."""
    model = SentenceTransformer(task.base, device="cpu")
    recorder.start_reading()
    texts = read_texts(task.train.files)
    contrastive = variant == "online contrastive"
    data = _pairs(task, texts) if contrastive else _labelled(task, texts)
    with tempfile.TemporaryDirectory() as scratch:
        arguments = SentenceTransformerTrainingArguments(
            output_dir=scratch,
            num_train_epochs=_EPOCHS,
            per_device_train_batch_size=_BATCH,
            learning_rate=_RATE,
            warmup_steps=0.1,
            batch_sampler=BatchSamplers.BATCH_SAMPLER if contrastive else BatchSamplers.GROUP_BY_LABEL,
            seed=task.seed,
            use_cpu=True,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
        )
        loss = _LOSSES[variant](model)
        snapshots = _Snapshots(model, recorder, _BATCH)
        SentenceTransformerTrainer(model, arguments, train_dataset=data, loss=loss, callbacks=[snapshots]).train()


def _labelled(task: Task, texts: list[str]) -> Dataset:
    rows, labels = task.train.exploded(texts)
    return Dataset.from_dict({"sentence": rows, "label": [task.names.index(label) for label in labels]})


def _pairs(task: Task, texts: list[str]) -> Dataset:
    """Pairs with a label in common and pairs without, equally many."""
    rng = random.Random(task.seed)
    carried = [set(labels) for labels in task.train.labels]
    rows: dict[str, list[Any]] = {"sentence1": [], "sentence2": [], "label": []}
    for first, text in enumerate(texts):
        for wanted in (1, 0):
            others = [
                index for index, own in enumerate(carried) if index != first and bool(own & carried[first]) == wanted
            ]
            for second in rng.sample(others, min(_PAIRS, len(others))):
                rows["sentence1"].append(text)
                rows["sentence2"].append(texts[second])
                rows["label"].append(wanted)
    return Dataset.from_dict(rows)


if __name__ == "__main__":
    launch(train)
