"""How far a fetch is, in the words of a run."""

from vectorizer_api.run import RunProgress, Stage
from vectorizer_trainer.fetching import FetchProgress


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_files_bytes_and_the_time_left_are_told() -> None:
    told: list[RunProgress] = []
    clock = Clock()
    progress = FetchProgress([told.append], clock)
    progress(0, 8, 0)
    clock.now += 10
    progress(2, 8, 1000)
    first, last = (said.progress for said in told)
    assert (first.stage, first.percent, first.eta_seconds) == (Stage.FETCHING, 0, None)
    assert (last.percent, last.step, last.steps, last.bytes_done, last.eta_seconds) == (25, 2, 8, 1000, 30)


def test_nothing_to_fetch_is_done() -> None:
    told: list[RunProgress] = []
    FetchProgress([told.append])(0, 0, 0)
    assert told[0].progress.percent == 100
