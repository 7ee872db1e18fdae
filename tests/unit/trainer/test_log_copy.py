"""The log is in the store while the run goes on."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from vectorizer_api.run import Progress, RunProgress, Stage
from vectorizer_trainer.log_copy import LogCopy
from vectorizer_trainer.store import FolderStore


def at(stage: Stage) -> RunProgress:
    return RunProgress(progress=Progress(stage=stage, percent=0, last_update_time=datetime.now(UTC)))


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log.txt"


@pytest.fixture
def output(tmp_path: Path) -> FolderStore:
    (tmp_path / "output").mkdir()
    return FolderStore(tmp_path / "output")


def test_it_is_copied_at_each_stage_and_now_and_then_within_one(log: Path, output: FolderStore) -> None:
    clock = Clock()
    copy, there = LogCopy(log, output, 30, clock), output.root / "log.txt"
    for moment, stage, said in [
        (0, Stage.STARTING, "one"),
        (1, Stage.DOWNLOADING, "two"),
        (40, Stage.DOWNLOADING, "three"),
    ]:
        log.write_text(said)
        clock.now = moment
        copy(at(stage))
        assert there.read_text() == said
    log.write_text("four")
    clock.now = 50
    copy(at(Stage.DOWNLOADING))
    assert there.read_text() == "three"


def test_a_log_that_cannot_be_copied_is_no_reason_to_fail(log: Path, output: FolderStore) -> None:
    LogCopy(log, output)(at(Stage.STARTING))
    assert not (output.root / "log.txt").exists()
