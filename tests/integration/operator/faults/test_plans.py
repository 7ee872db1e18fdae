"""The plans can fail: a life that met no fault is like another one, and one whose write was a lie is not."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from multidict import CIMultiDict
from vectorizer_dev.faults.crashes import CrashPlan, Moment
from vectorizer_dev.faults.intermediary import Answer, Call, Forward, answered
from vectorizer_dev.faults.lane import Lane
from vectorizer_dev.faults.ledger import Ledger
from vectorizer_dev.faults.trial import Field, Plan, Usual, Verdict, opened, tried, usual
from vectorizer_dev.faults.views import Met
from vectorizer_dev.faults.writes import Write, name_of


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    """A cluster with one lane, and an operator of its own."""
    with opened(tmp_path_factory.mktemp("field"), 1, print) as ready:
        yield ready


@pytest.fixture(scope="module")
def wanted(field: Field) -> Usual:
    """A life without faults."""
    return usual(field.lanes)


@dataclass(frozen=True)
class Pretended:
    """A server that says it has done a write, and has not."""

    at: str
    answer: bytes
    name: str = "a lie"

    @contextmanager
    def inflicted(self, lane: Lane, ledger: Ledger) -> Iterator[Met]:
        """The fault, until the context is left."""
        met = Met()

        async def treat(call: Call, forward: Forward) -> Answer:
            if name_of(call) != self.at:
                return await forward(call)
            met.happened = True
            return answered(200, self.answer, CIMultiDict({"Content-Type": "application/xml"}))

        with lane.treated(ledger.over(treat)):
            yield met


def verdict(plan: Plan, field: Field, wanted: Usual) -> Verdict:
    [found] = tried([plan], field.lanes, wanted)
    return found


def test_files_that_only_seem_to_be_deleted_are_found(field: Field, wanted: Usual) -> None:
    lie = Pretended("POST delete objects", b"<DeleteResult></DeleteResult>")
    found = verdict(lie, field, wanted)
    assert found.happened
    assert "after the deletion: vectorizers/NAME/RUN/manifest.json is there" in found.faults


@pytest.mark.parametrize("moment", list(Moment))
def test_killed_where_the_training_follows_the_download_nothing_is_left_or_done_twice(
    field: Field, wanted: Usual, moment: Moment
) -> None:
    found = verdict(CrashPlan(Write("PATCH jobs t1", 1), moment), field, wanted)
    assert found.happened
    assert found.faults == []
