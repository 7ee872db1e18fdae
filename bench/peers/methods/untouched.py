"""The base as it is: what every fine-tuning starts from, and by how much the libraries' vectors differ from ours."""

from sentence_transformers import SentenceTransformer

from peers.contract import Recorder, Task
from peers.methods.launch import launch
from peers.methods.texts import encoder_of


def train(task: Task, variant: str, recorder: Recorder) -> None:
    """Trains nothing."""
    del variant
    model = SentenceTransformer(task.base, device="cpu")
    recorder.start_reading()
    recorder.checkpoint(0, encoder_of(model))


if __name__ == "__main__":
    launch(train)
