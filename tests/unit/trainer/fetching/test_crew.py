"""Several threads at one list of work."""

import threading

import pytest
from vectorizer_trainer.fetching.crew import Crew


def nothing() -> None:
    """Ends nothing."""


def test_each_task_comes_with_its_result() -> None:
    with Crew(lambda task: task * 2, range(100), 4, nothing) as crew:
        results = [result for result in crew.results(10) if result is not None]
    assert sorted(results) == [(task, task * 2) for task in range(100)]


def test_no_work_is_done_at_once() -> None:
    tasks: list[int] = []
    with Crew(str, tasks, 4, nothing) as crew:
        assert list(crew.results(10)) == []


def test_who_waits_is_told_now_and_then() -> None:
    go_on = threading.Event()
    with Crew(lambda _task: go_on.wait(10), [1], 1, nothing) as crew:
        results = crew.results(0.01)
        assert next(results) is None
        go_on.set()
        assert [result for result in results if result is not None] == [(1, True)]


def test_what_the_work_raises_ends_the_rest() -> None:
    stopped: list[bool] = []
    done: list[int] = []

    def fail_at_two(task: int) -> None:
        done.append(task)
        if task == 2:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), Crew(fail_at_two, range(1000), 1, lambda: stopped.append(True)) as crew:
        list(crew.results(10))
    assert stopped == [True]
    assert done == [0, 1, 2]


def test_leaving_early_asks_what_is_under_way_to_stop() -> None:
    stop = threading.Event()
    with Crew(lambda _task: stop.wait(30), range(8), 4, stop.set) as crew:
        assert next(crew.results(0.01)) is None
    assert not [thread for thread in threading.enumerate() if thread.name == "fetch"]
