"""A logistic regression a label on the base's vectors; its vector of a file is the log-odds of every label."""

import numpy as np
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier

from peers.contract import Part, Recorder, Task
from peers.methods.launch import launch
from peers.methods.texts import encoder_of


def train(task: Task, variant: str, recorder: Recorder) -> None:
    """Fits once; C = 1, scikit-learn's default."""
    del variant
    model = SentenceTransformer(task.base, device="cpu")
    base = encoder_of(model)
    recorder.start_reading()
    probe = OneVsRestClassifier(LogisticRegression(max_iter=1000))
    probe.fit(base(task.train), task.train.targets(task.names))

    def encode(part: Part) -> NDArray[np.float32]:
        odds = probe.decision_function(base(part)).astype(np.float32)
        unit: NDArray[np.float32] = odds / np.linalg.norm(odds, axis=1, keepdims=True)
        return unit

    recorder.checkpoint(len(task.train.files), encode)


if __name__ == "__main__":
    launch(train)
