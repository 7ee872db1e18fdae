"""The plans of make faults: what a write is called, when a crash comes, what a watch shows, and when lives differ."""

import json
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from multidict import CIMultiDict, CIMultiDictProxy
from typer.testing import CliRunner
from vectorizer_dev.__main__ import app
from vectorizer_dev.faults.crashes import Crash, CrashPlan, Moment, crash_plans
from vectorizer_dev.faults.ending import Ending
from vectorizer_dev.faults.intermediary import Answer, Call, Forward, HungUp, Service, answered, body_of, pass_on
from vectorizer_dev.faults.ledger import Ledger
from vectorizer_dev.faults.life import Lived
from vectorizer_dev.faults.views import Met, ViewPlan, view_plans
from vectorizer_dev.faults.writes import Count, Write, name_of

UID = "0b9b6a34-6c1b-4b1c-9d2c-0a4f6c1d2e3f"
FINE_TUNES = "/apis/vectorizers.dev/v1alpha1/namespaces/team/vectorizerfinetunes"


def to_api(method: str, target: str, body: object = None) -> Call:
    text = json.dumps(body).encode() if body is not None else b""
    return Call(Service.API, method, target, CIMultiDictProxy(CIMultiDict()), text)


def to_store(method: str, target: str, **headers: str) -> Call:
    said = {name.replace("_", "-"): value for name, value in headers.items()}
    return Call(Service.STORE, method, target, CIMultiDictProxy(CIMultiDict(said)), b"")


class TestName:
    @pytest.mark.parametrize(
        ("call", "name"),
        [
            (to_api("GET", FINE_TUNES), None),
            (to_store("HEAD", "/team-models/a"), None),
            (
                to_api("POST", "/apis/batch/v1/namespaces/team/jobs?x=y", {"metadata": {"name": "n-0b9b6a34-t2"}}),
                "POST jobs t2",
            ),
            (to_api("DELETE", "/api/v1/namespaces/team/secrets/n-0b9b6a34-f1"), "DELETE secrets f1"),
            (to_store("POST", "/"), "AssumeRole"),
            (to_store("POST", "/team-models?delete="), "POST delete objects"),
            (to_store("PUT", "/team-models/requests/n.json"), "PUT requests/NAME"),
            (
                to_store("PUT", f"/team-models/vectorizers/n/{UID}/model/w.safetensors", x_amz_copy_source="s"),
                "COPY vectorizers/UID/model/w.safetensors",
            ),
        ],
    )
    def test_is_the_same_in_every_life(self, call: Call, name: str | None) -> None:
        assert name_of(call) == name

    def test_of_a_status_tells_what_it_says(self) -> None:
        said = {
            "phase": "Pending",
            "conditions": [{"type": "Running", "reason": "BackOff"}],
            "attempts": {"current": 1},
        }
        call = to_api("PATCH", f"{FINE_TUNES}/n/status?fieldManager=m", {"metadata": {}, "status": said})
        assert name_of(call) == "PATCH vectorizerfinetunes/status Pending BackOff 1"


class TestCrash:
    class Operator:
        killed = 0

        def kill(self) -> None:
            self.killed += 1

    async def strike(self, moment: Moment) -> tuple["TestCrash.Operator", Ledger]:
        operator, ledger = self.Operator(), Ledger()
        plan = CrashPlan(Write("POST jobs t1", 1), moment)
        treat = ledger.over(Crash(plan, operator))  # type: ignore[arg-type]
        job = to_api("POST", "/apis/batch/v1/namespaces/team/jobs", {"metadata": {"name": "n-0b9b6a34-t1"}})
        await treat(to_store("POST", "/"), taken)
        with pytest.raises(HungUp):
            await treat(job, taken)
        await treat(job, taken)
        return operator, ledger

    async def test_before_a_write_keeps_it_from_the_server(self) -> None:
        operator, ledger = await self.strike(Moment.BEFORE)
        assert (operator.killed, ledger.taken["POST jobs t1"]) == (1, 1)

    async def test_after_a_write_keeps_its_answer_from_the_operator(self) -> None:
        operator, ledger = await self.strike(Moment.AFTER)
        assert (operator.killed, ledger.taken["POST jobs t1"]) == (1, 2)

    async def test_a_job_that_was_created_twice_is_told(self) -> None:
        _, ledger = await self.strike(Moment.AFTER)
        assert ledger.doubled() == ["POST jobs t1"]
        assert ledger.repeated(Ledger()) == {"POST jobs t1": 2, "AssumeRole": 1}

    @pytest.mark.parametrize(
        ("again", "objections"),
        [
            ({"POST jobs t1": 1}, 0),
            ({"AssumeRole": 1, "POST secrets t1": 1, "DELETE secrets t1": 1}, 0),
            ({"PUT requests/NAME": 1, "PATCH vectorizerfinetunes/status Training JobRunning 1": 3}, 0),
            ({"PUT requests/NAME": 2}, 1),
            ({"PUT requests/NAME": 1, "POST jobs t1": 1}, 1),
        ],
    )
    def test_one_write_may_be_done_once_more(self, again: dict[str, int], objections: int) -> None:
        crash = Crash(CrashPlan(Write("POST jobs t1", 1), Moment.AFTER), self.Operator())  # type: ignore[arg-type]
        assert len(crash.objections(Counter(again))) == objections

    def test_every_write_has_two_plans(self) -> None:
        writes = [Write("AssumeRole", 1), Write("AssumeRole", 2)]
        assert [plan.name for plan in crash_plans(writes)] == [
            "killed before AssumeRole",
            "killed after AssumeRole",
            "killed before AssumeRole (2)",
            "killed after AssumeRole (2)",
        ]


def test_writes_are_numbered_by_name() -> None:
    count = Count()
    assert [count.next(name) for name in ("a", "b", "a")] == [Write("a", 1), Write("b", 1), Write("a", 2)]


EVENTS = [f'{{"n": {number}}}\n'.encode() for number in range(4)]


async def streamed(name: str) -> bytes:
    """What comes of four events of a watch; bytes come in chunks that know nothing of lines."""
    [plan] = [plan for plan in view_plans() if plan.name == name]
    text = b"".join(EVENTS)

    async def upstream(_call: Call) -> Answer:
        async def chunks() -> AsyncIterator[bytes]:
            yield text[:5]
            yield text[5:]

        return Answer(200, CIMultiDict(), chunks())

    answer = await treated(plan, to_api("GET", f"{FINE_TUNES}?watch=true"), upstream)
    received = b""
    try:
        async for chunk in answer.chunks:
            received += chunk
    except HungUp:
        received += b"cut"
    return received


async def treated(plan: ViewPlan, call: Call, upstream: Forward) -> Answer:
    return await plan.fault(Met())(call, upstream)


class TestWatch:
    async def test_every_other_event_is_dropped(self) -> None:
        assert await streamed("every other event of a watch dropped") == EVENTS[0] + EVENTS[2]

    async def test_every_event_comes_twice(self) -> None:
        assert await streamed("every event twice") == b"".join(event + event for event in EVENTS)

    async def test_each_event_is_overtaken_by_the_next(self) -> None:
        assert await streamed("events overtaken by the next one") == EVENTS[1] + EVENTS[0] + EVENTS[3] + EVENTS[2]

    async def test_it_is_cut_in_the_middle_of_an_event(self) -> None:
        assert await streamed("a watch that is cut after each third event") == EVENTS[0] + EVENTS[1] + b'{"n"cut'


async def taken(_call: Call) -> Answer:
    return answered(201, b"{}")


async def test_a_fault_that_comes_now_and_then_comes_at_each_fourth_call() -> None:
    [plan] = [plan for plan in view_plans() if plan.name.startswith("the object store answers 503")]
    treat = plan.fault(Met())
    codes = [(await treat(to_store("GET", "/team-models/a"), taken)).status for _ in range(8)]
    assert codes == [201, 201, 201, 503, 201, 201, 201, 503]


async def test_a_fault_that_lasts_a_while_begins_with_its_write() -> None:
    [plan] = [plan for plan in view_plans() if "answers 401" in plan.name]
    treat = plan.fault(Met())
    job = to_api("POST", "/apis/batch/v1/namespaces/team/jobs", {"metadata": {"name": "n-0b9b6a34-t1"}})
    read = to_api("GET", FINE_TUNES)
    assert [(await treat(call, taken)).status for call in (read, job, read)] == [201, 401, 401]


async def test_an_old_list_is_the_one_before_the_newest() -> None:
    [plan] = [plan for plan in view_plans() if plan.name.startswith("a list from before")]
    met, bodies = Met(), iter([b"1", b"2", b"3"])
    treat = plan.fault(met)

    async def upstream(_call: Call) -> Answer:
        return answered(200, next(bodies))

    seen = [await body_of(await treat(to_api("GET", f"{FINE_TUNES}?limit=500"), upstream)) for _ in range(3)]
    assert (seen, met.happened) == ([b"1", b"1", b"3"], True)


class TestEnding:
    def test_what_is_missing_further_or_changed_is_told_by_name(self) -> None:
        one = Ending({"jobs/a": "x", "jobs/b": "x"}, {})
        other = Ending({"jobs/b": "y"}, {"k": "v"})
        assert one.differences(other) == ["jobs/a is not there", "jobs/b: x -> y", "k is there"]

    def test_lives_that_ended_alike_have_no_difference(self) -> None:
        lived = Lived(Ending({"jobs/a": "x"}, {}), Ending({}, {"k": "v"}))
        assert lived.differences(lived) == []

    def test_what_is_left_after_the_deletion_is_told(self) -> None:
        nothing = Ending({}, {})
        left = Lived(nothing, Ending({"jobs/a": "x"}, {}))
        assert Lived(nothing, nothing).differences(left) == ["after the deletion: jobs/a is there"]


async def test_a_good_network_passes_everything_on() -> None:
    assert (await pass_on(to_api("GET", FINE_TUNES), taken)).status == 201


class TestCommand:
    def test_what_is_no_regular_expression_is_refused(self) -> None:
        told = CliRunner().invoke(app, ["faults", "--only", "("])
        assert (told.exit_code, "is no regular expression" in told.output) == (2, True)

    def test_a_folder_with_something_in_it_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "a").touch()
        told = CliRunner().invoke(app, ["faults", "--keep", str(tmp_path)], env={"COLUMNS": "400"})
        assert (told.exit_code, "is no empty folder" in told.output) == (2, True)
