"""One training by two processes: what one process alone gives, and an end where one of them is gone."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from vectorizer_api.content import ContentType
from vectorizer_api.run import Failure, RunDescription, RunManifest, RunProgress, Stage, VectorizerSource
from vectorizer_dev.component import bound_to_this_process
from vectorizer_dev.datasets import image
from vectorizer_dev.waiting import eventually
from vectorizer_trainer import load_vectorizer
from vectorizer_trainer.bases import ensure_base

EXAMPLES = 100
LONG = 800.0
"""Seconds that a training by two processes may take on a busy machine."""
pytestmark = pytest.mark.timeout(3600)
ALONE = ["-m", "vectorizer_trainer"]
TOGETHER = ["-m", "vectorizer_trainer.launch", "--standalone", "--nproc-per-node=2", *ALONE]


@dataclass(frozen=True)
class Run:
    """A run of the real trainer on folders."""

    data: Path
    folder: Path
    attempt: int = 1

    @property
    def output(self) -> Path:
        return self.folder / f"output-{self.attempt}"

    @property
    def manifest(self) -> RunManifest:
        return RunManifest.model_validate_json((self.output / "manifest.json").read_bytes())

    @property
    def failure(self) -> Failure:
        return Failure.model_validate_json((self.folder / "termination").read_bytes())

    @property
    def log(self) -> str:
        path = self.folder / self._work / "log.txt"
        return path.read_text() if path.exists() else ""

    @property
    def weights(self) -> dict[str, str]:
        """The digests of the files that are weights, which hold no time of day."""
        return {name: file.sha256 for name, file in self.manifest.files.items() if name.endswith(".safetensors")}

    @property
    def _work(self) -> str:
        return f"work-{self.attempt}"

    @property
    def is_tuning(self) -> bool:
        path = self.output / "progress.json"
        told = RunProgress.model_validate_json(path.read_bytes()).progress if path.exists() else None
        return told is not None and told.stage == Stage.TUNING and bool(told.step)

    def begin(self, program: list[str]) -> "subprocess.Popen[bytes]":
        checkpoints = self.folder / "checkpoints"
        checkpoints.mkdir(parents=True, exist_ok=True)
        base_folder = ensure_base(ContentType.IMAGE)
        base = VectorizerSource(name=base_folder.name, location=base_folder.as_uri())
        run = RunDescription(
            run_uid="together",
            fine_tune="digits",
            attempt=self.attempt,
            content_type=ContentType.IMAGE,
            custom_vectorizer_name="digits",
            batch=self.data.as_uri(),
            output=self.output.as_uri(),
            checkpoints=checkpoints.as_uri(),
            base=base,
            start=base,
        )
        (self.folder / "run.json").write_text(run.model_dump_json(by_alias=True))
        options = ["--run", "run.json", "--credentials", ".", "--work", self._work]
        options += ["--termination-message", "termination"]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        with (self.folder / "stderr").open("wb") as log:
            return subprocess.Popen(
                bound_to_this_process([sys.executable, *program, *options]),
                cwd=self.folder,
                env=environment,
                stderr=log,
            )

    def finish(self, program: list[str]) -> int:
        process = self.begin(program)
        try:
            return process.wait(timeout=LONG)
        finally:
            process.kill()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    image.make(folder, train=EXAMPLES, test=40)
    return folder


@pytest.fixture(scope="module")
def alone(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = Run(data / "train", tmp_path_factory.mktemp("alone"))
    assert run.finish(ALONE) == 0, run.log
    return run


@pytest.fixture(scope="module")
def together(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = Run(data / "train", tmp_path_factory.mktemp("together"))
    assert run.finish(TOGETHER) == 0, run.log
    return run


def vectors(run: Run, files: list[Path]) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return load_vectorizer(run.output / "model").encode(files)


def test_two_processes_give_the_vectors_and_the_figures_of_one(alone: Run, together: Run, data: Path) -> None:
    assert together.manifest.outcome == alone.manifest.outcome
    for one, two in zip(alone.manifest.metrics, together.manifest.metrics, strict=True):
        assert (two.start, two.tuned) == pytest.approx((one.start, one.tuned), abs=0.005), one.name
    files = sorted((data / "test").glob("*.png"))
    cosines = (vectors(alone, files) * vectors(together, files)).sum(axis=1)
    assert cosines.min() > 0.999


def descendants(pid: int) -> list[int]:
    """The trainers that a launcher has started, by their rank."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            environment = (process / "environ").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        rank = next((said.removeprefix("RANK=") for said in environment if said.startswith("RANK=")), None)
        if parent == pid and rank is not None:
            found[int(rank)] = int(process.name)
    return [found[rank] for rank in sorted(found)]


def interrupt(run: Run, by: signal.Signals) -> int:
    """Train by two processes until the blocks are in training, and end all of them; the launcher's exit code.

    A node asks the launcher alone, which asks the others; what it kills, it kills at once.
    """
    process = run.begin(TOGETHER)
    try:
        eventually(lambda: run.is_tuning, timeout=LONG)
        for pid in [process.pid, *(descendants(process.pid) if by is signal.SIGKILL else [])]:
            os.kill(pid, by)
        return process.wait(timeout=300)
    finally:
        process.kill()


def stopped_with_a_checkpoint(data: Path, folder: Path) -> Run:
    """An attempt that was stopped while blocks were trained: between two trainings there is nothing to go on from."""
    for attempt in range(1, 6):
        run = Run(data / "train", folder, attempt)
        assert interrupt(run, signal.SIGTERM) == 143
        if list((folder / "checkpoints").glob("*all-blocks*.safetensors")):
            return run
    raise AssertionError(f"never stopped in the middle of a training: {run.log}")


def test_two_processes_that_were_stopped_and_then_killed_end_with_the_weights_of_two_that_were_not(
    together: Run, data: Path, tmp_path: Path
) -> None:
    stopped = stopped_with_a_checkpoint(data, tmp_path)
    killed, last = (Run(data / "train", tmp_path, stopped.attempt + more) for more in (1, 2))
    assert interrupt(killed, signal.SIGKILL) == -signal.SIGKILL
    assert last.finish(TOGETHER) == 0, last.log
    assert "goes on from step" in last.log, last.log
    assert last.weights == together.weights
    assert last.manifest.metrics == together.manifest.metrics


@pytest.mark.parametrize("victim", [0, 1])
def test_a_process_that_is_killed_ends_the_run_with_an_error_and_not_with_a_hang(
    data: Path, tmp_path: Path, victim: int
) -> None:
    run = Run(data / "train", tmp_path)
    process = run.begin(TOGETHER)
    try:
        eventually(lambda: run.is_tuning, timeout=LONG)
        os.kill(descendants(process.pid)[victim], signal.SIGKILL)
        assert process.wait(timeout=300) not in (0, 64, 65)
    finally:
        process.kill()


def test_bad_input_is_told_by_the_leader_and_by_the_exit_code(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    run = Run(empty, tmp_path)
    assert run.finish(TOGETHER) == 64, run.log
    assert run.failure.reason == "BadInput"
