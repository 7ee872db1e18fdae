"""A trainer that was stopped or killed, and the attempt after it: the same model, byte for byte."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from vectorizer_api.content import ContentType
from vectorizer_api.run import RunDescription, RunManifest, RunProgress, Stage, VectorizerSource
from vectorizer_dev.datasets import image
from vectorizer_dev.waiting import eventually
from vectorizer_trainer.bases import ensure_base

EXAMPLES = 400
"""So many that a process which looks every few seconds sees the training of its folds."""


@dataclass(frozen=True)
class Run:
    """A run of the real trainer on folders, attempt by attempt."""

    data: Path
    folder: Path
    uid: str = "resume"

    def output(self, attempt: int) -> Path:
        return self.folder / f"attempt-{attempt}"

    def manifest(self, attempt: int) -> RunManifest:
        return RunManifest.model_validate_json((self.output(attempt) / "manifest.json").read_bytes())

    def progress(self, attempt: int) -> RunProgress | None:
        path = self.output(attempt) / "progress.json"
        return RunProgress.model_validate_json(path.read_bytes()) if path.exists() else None

    def tuned(self, attempt: int) -> float:
        """The share of the steps of training the blocks that are done; -1 before they begin."""
        told = self.progress(attempt)
        if told is None or told.progress.stage != Stage.TUNING or not told.progress.steps:
            return -1
        return (told.progress.step or 0) / told.progress.steps

    @contextmanager
    def attempt(self, number: int) -> Iterator["subprocess.Popen[str]"]:
        """The process of an attempt, which does not outlive the block."""
        checkpoints = self.folder / "checkpoints"
        checkpoints.mkdir(parents=True, exist_ok=True)
        base_folder = ensure_base(ContentType.IMAGE)
        base = VectorizerSource(name=base_folder.name, location=base_folder.as_uri())
        run = RunDescription(
            run_uid=self.uid,
            fine_tune="digits",
            attempt=number,
            content_type=ContentType.IMAGE,
            custom_vectorizer_name="digits",
            batch=self.data.as_uri(),
            output=self.output(number).as_uri(),
            checkpoints=checkpoints.as_uri(),
            base=base,
            start=base,
        )
        place = self.folder / f"work-{number}"
        place.mkdir()
        (place / "run.json").write_text(run.model_dump_json(by_alias=True))
        command = [sys.executable, "-m", "vectorizer_trainer", "--run", str(place / "run.json"), "--credentials"]
        command += [str(place), "--work", str(place / "work"), "--termination-message", str(place / "termination")]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def interrupt(self, number: int, by: signal.Signals, done: float = 0.01) -> int:
        """Begin an attempt and end it when that share of training the blocks is done; its exit code."""
        with self.attempt(number) as process:
            eventually(lambda: self.tuned(number) >= done, timeout=120)
            process.send_signal(by)
            return process.wait(timeout=30)

    def log(self, number: int) -> str:
        """What an attempt has written so far."""
        path = self.folder / f"work-{number}" / "work" / "log.txt"
        return path.read_text() if path.exists() else ""

    def finish(self, number: int) -> str:
        """An attempt to its end; its log."""
        with self.attempt(number) as process:
            log = process.communicate(timeout=200)[1]
        assert process.returncode == 0, log
        return log


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    image.make(folder, train=EXAMPLES, test=10)
    return folder / "train"


@pytest.fixture(scope="module")
def uninterrupted(data: Path, tmp_path_factory: pytest.TempPathFactory) -> RunManifest:
    run = Run(data, tmp_path_factory.mktemp("uninterrupted"))
    run.finish(1)
    return run.manifest(1)


def _model(manifest: RunManifest) -> dict[str, str]:
    """The digests of the files that are weights, which hold no time of day."""
    return {name: digest.sha256 for name, digest in manifest.files.items() if name.endswith(".safetensors")}


def test_a_stopped_and_then_killed_run_ends_with_the_model_of_an_uninterrupted_one(
    data: Path, uninterrupted: RunManifest, tmp_path: Path
) -> None:
    run = Run(data, tmp_path)
    assert run.interrupt(1, signal.SIGTERM) == 143
    assert (tmp_path / "checkpoints" / "all-blocks.safetensors").is_file()
    assert run.interrupt(2, signal.SIGKILL) == -signal.SIGKILL
    assert Stage.BASELINE in (run.output(2) / "log.txt").read_text()
    assert "goes on from step" in run.finish(3)
    assert _model(run.manifest(3)) == _model(uninterrupted)
    assert run.manifest(3).metrics == uninterrupted.metrics


def test_a_run_that_is_killed_while_a_fold_is_trained_ends_with_the_model_of_an_uninterrupted_one(
    data: Path, uninterrupted: RunManifest, tmp_path: Path
) -> None:
    """A third of the steps are those of the vectorizer to offer, the others of the three that judge it."""
    run = Run(data, tmp_path)
    assert run.interrupt(1, signal.SIGTERM, done=0.5) == 143
    run.finish(2)
    assert _model(run.manifest(2)) == _model(uninterrupted)
    assert run.manifest(2).metrics == uninterrupted.metrics


def test_other_files_begin_anew(data: Path, tmp_path: Path) -> None:
    run = Run(data, tmp_path)
    assert run.interrupt(1, signal.SIGTERM) == 143
    changed = Run(_without_one(data, tmp_path / "changed"), tmp_path)
    with changed.attempt(2):
        eventually(lambda: "training starts anew" in changed.log(2), timeout=120)


def _without_one(data: Path, folder: Path) -> Path:
    folder.mkdir()
    for path in sorted(data.iterdir())[1:]:
        (folder / path.name).symlink_to(path)
    return folder
