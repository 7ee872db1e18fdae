"""SetFit, multi-label: contrastive pairs, then a one-vs-rest head; the vector is that of its tuned body.

Batch size, rates and one epoch are its defaults. The pairs of 1,000 examples with several labels are millions, so that
the steps are limited as its documentation advises.
"""

import tempfile

import numpy as np
from datasets import Dataset
from setfit import SetFitModel, Trainer, TrainingArguments
from transformers import TrainerCallback, TrainerState

from peers.contract import CHECKPOINTS, Recorder, Task
from peers.methods.launch import launch, read_texts
from peers.methods.texts import encoder_of

_STEPS = 300
_BATCH = 16


class _Snapshots(TrainerCallback):
    """Takes a checkpoint of the body at evenly spaced steps."""

    def __init__(self, model: SetFitModel, recorder: Recorder) -> None:
        self._encode, self._recorder = encoder_of(model.model_body), recorder

    def on_step_end(self, args: object, state: TrainerState, control: object, **_: object) -> None:
        """See TrainerCallback."""
        del args, control
        done = state.global_step
        if done * CHECKPOINTS // _STEPS > (done - 1) * CHECKPOINTS // _STEPS and done < _STEPS:
            # Each step sees pairs.
            self._recorder.checkpoint(2 * done * _BATCH, self._encode)


def train(task: Task, variant: str, recorder: Recorder) -> None:
    """Trains body and head."""
    del variant
    model = SetFitModel.from_pretrained(task.base, multi_target_strategy="one-vs-rest", device="cpu")
    recorder.start_reading()
    # The head cannot be fitted to a label that no example carries.
    targets = task.train.targets(task.names)
    rows = targets[:, targets.any(0)].tolist()
    data = Dataset.from_dict({"text": read_texts(task.train.files), "label": rows})
    with tempfile.TemporaryDirectory() as scratch:
        arguments = TrainingArguments(
            output_dir=scratch,
            batch_size=_BATCH,
            num_epochs=1,
            max_steps=_STEPS,
            seed=task.seed,
            save_strategy="no",
            report_to="none",
            show_progress_bar=False,
        )
        snapshots = _Snapshots(model, recorder)
        Trainer(model, arguments, train_dataset=data, callbacks=[snapshots]).train()
    encode = encoder_of(model.model_body)
    recorder.checkpoint(2 * _STEPS * _BATCH, lambda part: np.asarray(encode(part)))


if __name__ == "__main__":
    launch(train)
