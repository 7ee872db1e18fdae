"""What is known, whom an event concerns, and how a dead watch is found."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import kopf
import pytest
from vectorizer_api.names import RUN_UID_LABEL
from vectorizer_operator.errors import Unavailable
from vectorizer_operator.known import Key, Known
from vectorizer_operator.kube import FINE_TUNES, JOBS, NAMESPACES, PODS, VECTORIZERS, Kind, Kube
from vectorizer_operator.settings import Settings
from vectorizer_operator.watch import Watch, WatchDead, operator_settings

SETTINGS = Settings.from_environment(
    {
        "VECTORIZER_S3_ENDPOINT": "s3:1",
        "VECTORIZER_S3_ACCESS_KEY": "a",
        "VECTORIZER_S3_SECRET_KEY": "b",
        "VECTORIZER_TRAINER_IMAGE": "image",
        "VECTORIZER_RESYNC_INTERVAL": "1",
    }
)


Body = dict[str, Any]


def fine_tune(
    name: str, version: int = 1, *, done: bool = False, start: str = "", sampling: str = "", makes: str = "model"
) -> Body:
    conditions = [{"type": "Complete", "status": "True"}] if done else []
    came = {"creationTimestamp": "2026-11-22T12:00:00Z"}
    return {
        "metadata": {"name": name, "namespace": "ns", "uid": f"uid-{name}", "resourceVersion": str(version), **came},
        "spec": {
            "customVectorizerName": makes,
            "startingCustomVectorizerName": start,
            "customVectorizerNameForSampling": sampling,
        },
        "status": {"conditions": conditions},
    }


def child(name: str, of: str, version: int = 1, run: str = "") -> Body:
    metadata = {"name": name, "namespace": "ns", "resourceVersion": str(version)}
    return {"metadata": metadata | {"labels": {"vectorizers.dev/fine-tune": of, RUN_UID_LABEL: run}}}


def vectorizer(name: str, version: int = 1) -> Body:
    metadata = {"name": name, "namespace": "ns", "resourceVersion": str(version)}
    return {"metadata": metadata, "spec": {"customVectorizerName": name}}


class Cluster(Kube):
    """Answers lists and gets from a set of objects, as the API server would."""

    def __init__(self) -> None:
        self.objects: dict[Kind, list[Body]] = {}
        self.refusals = 0
        """How many of the next lists are not answered."""
        self.gets = 0

    async def items(self, kind: Kind, namespace: str | None = None, labels: str = "") -> AsyncIterator[Body]:
        if self.refusals:
            self.refusals -= 1
            raise Unavailable("429")
        for item in self.objects.get(kind, []):
            yield item

    async def metadata(self, kind: Kind, namespace: str | None = None, labels: str = "") -> AsyncIterator[Body]:
        async for item in self.items(kind, namespace, labels):
            yield item["metadata"]

    async def get(self, kind: Kind, namespace: str | None, name: str) -> Body | None:
        self.gets += 1
        return next((item for item in self.objects.get(kind, []) if item["metadata"]["name"] == name), None)


@pytest.fixture
def known() -> Known:
    return Known()


@pytest.fixture
def enqueued() -> list[Key]:
    return []


@pytest.fixture
def watch(known: Known, enqueued: list[Key]) -> Watch:
    return Watch(known, enqueued.append, SETTINGS)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr("vectorizer_operator.watch.time.monotonic", lambda: now[0])
    return now


async def test_the_first_list_is_asked_for_until_it_is_answered(
    watch: Watch, known: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vectorizer_operator.watch.FIRST_PAUSE", 0.0)
    cluster = Cluster()
    cluster.objects[FINE_TUNES], cluster.refusals = [fine_tune("a")], 3
    await watch.begin(cluster)
    assert known.get(FINE_TUNES, "ns", "a") is not None


async def test_the_first_list_learns_everything_without_asking_for_each_object(
    watch: Watch, known: Known, enqueued: list[Key]
) -> None:
    cluster = Cluster()
    cluster.objects[FINE_TUNES] = [fine_tune(str(number)) for number in range(100)]
    cluster.objects[VECTORIZERS] = [vectorizer(str(number)) for number in range(100)]
    await watch.begin(cluster)
    assert cluster.gets == 0
    assert len(known) == 200
    assert {key.kind for key in enqueued} == {FINE_TUNES.kind, VECTORIZERS.kind}
    assert len(enqueued) == 200
    assert (known.get(FINE_TUNES, "ns", "1") or {})["kind"] == FINE_TUNES.kind


async def test_a_first_list_that_takes_long_is_no_debt_of_the_watch_that_begins_after_it(
    watch: Watch, clock: list[float]
) -> None:
    cluster = Cluster()
    cluster.objects[FINE_TUNES] = [fine_tune("a")]
    await watch.begin(cluster)
    clock[0] += SETTINGS.watch_grace + 1
    assert watch.owed() is None
    assert watch.ailment() is None


def names(keys: list[Key]) -> list[str]:
    return [key.name for key in keys]


class TestKnown:
    def test_an_old_event_after_a_new_one_changes_nothing(
        self, watch: Watch, known: Known, enqueued: list[Key]
    ) -> None:
        watch.event(FINE_TUNES, "MODIFIED", fine_tune("a", 5, done=True))
        enqueued.clear()
        watch.event(FINE_TUNES, "MODIFIED", fine_tune("a", 4))
        assert enqueued == []
        assert list(known.unfinished("ns")) == []

    def test_an_old_object_does_not_come_back_from_an_old_deletion(self, watch: Watch, known: Known) -> None:
        watch.event(FINE_TUNES, "ADDED", fine_tune("a", 7))
        watch.event(FINE_TUNES, "DELETED", fine_tune("a", 6))
        assert known.get(FINE_TUNES, "ns", "a") is not None

    def test_finished_fine_tunes_are_not_unfinished(self, watch: Watch, known: Known) -> None:
        watch.event(FINE_TUNES, None, fine_tune("a"))
        watch.event(FINE_TUNES, None, fine_tune("b", done=True))
        assert [item["metadata"]["name"] for item in known.unfinished("ns")] == ["a"]

    def test_what_nobody_reads_is_not_kept(self, watch: Watch, known: Known) -> None:
        body = fine_tune("a")
        body["metadata"] |= {
            "managedFields": [{"manager": "kubectl"}],
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "mine": "x"},
        }
        watch.event(FINE_TUNES, None, body)
        kept = known.get(FINE_TUNES, "ns", "a") or {}
        metadata = kept["metadata"]
        assert "managedFields" not in metadata
        assert metadata["annotations"] == {"mine": "x"}

    def test_the_pods_of_an_earlier_object_of_the_same_name_are_another_runs(self, watch: Watch, known: Known) -> None:
        watch.event(PODS, "ADDED", child("old", "a", run="1"))
        watch.event(PODS, "ADDED", child("new", "a", run="2"))
        assert [pod["metadata"]["name"] for pod in known.pods("ns", "2")] == ["new"]

    def test_the_jobs_of_a_fine_tune_are_those_with_its_label(self, watch: Watch, known: Known) -> None:
        for body in (child("a-1", "a"), child("a-2", "a"), child("b-1", "b")):
            watch.event(JOBS, "ADDED", body)
        watch.event(JOBS, "MODIFIED", child("a-2", "b", 2))
        assert [job["metadata"]["name"] for job in known.jobs_of("ns", "a")] == ["a-1"]

    def test_of_what_came_and_went_nothing_is_kept(self, watch: Watch, known: Known) -> None:
        def size() -> int:
            held = vars(known).values()
            return sum(len(part) + sum(map(len, part.values() if part is known._objects else ())) for part in held)

        watch.event(FINE_TUNES, "ADDED", fine_tune("a"))
        known.departed("ns", "a")
        before = size()
        for number in range(2, 100, 2):
            for kind in (JOBS, PODS):
                watch.event(kind, "ADDED", child(f"{kind.kind}-{number}", "a", number, run=str(number)))
                watch.event(kind, "DELETED", child(f"{kind.kind}-{number}", "a", number + 1, run=str(number)))
        assert size() <= before + 2

    def test_what_is_gone_is_told_once(self, watch: Watch, known: Known) -> None:
        watch.event(FINE_TUNES, "ADDED", fine_tune("a", 1))
        watch.event(FINE_TUNES, "DELETED", fine_tune("a", 2))
        assert [body["metadata"]["uid"] for body in known.departed("ns", "a")] == ["uid-a"]
        assert known.departed("ns", "a") == []

    def test_what_gave_way_to_a_namesake_is_gone(self, watch: Watch, known: Known) -> None:
        watch.event(FINE_TUNES, "ADDED", fine_tune("a", 1))
        namesake = fine_tune("a", 3)
        namesake["metadata"]["uid"] = "another"
        watch.event(FINE_TUNES, "ADDED", namesake)
        watch.event(FINE_TUNES, "DELETED", fine_tune("a", 2))
        assert [body["metadata"]["uid"] for body in known.departed("ns", "a")] == ["uid-a"]
        assert known.get(FINE_TUNES, "ns", "a") is not None


class TestConcerned:
    def test_an_own_write_concerns_others_when_the_watch_tells_of_it(
        self, watch: Watch, known: Known, enqueued: list[Key]
    ) -> None:
        watch.event(FINE_TUNES, None, fine_tune("a", start="start"))
        known.update(FINE_TUNES, fine_tune("a", 2, start="start", done=True))
        enqueued.clear()
        watch.event(FINE_TUNES, "MODIFIED", fine_tune("a", 2, start="start", done=True))
        assert set(names(enqueued)) == {"a", "start"}

    def test_a_job_or_pod_concerns_its_fine_tune(self, watch: Watch, enqueued: list[Key]) -> None:
        watch.event(JOBS, "MODIFIED", child("j", "a"))
        watch.event(PODS, "MODIFIED", child("p", "b"))
        assert names(enqueued) == ["a", "b"]

    def test_the_end_of_a_run_concerns_those_that_wait_for_their_turn(self, watch: Watch, enqueued: list[Key]) -> None:
        waiting = fine_tune("b", makes="other")
        waiting["status"]["conditions"].append({"type": "Running", "status": "False", "reason": "QuotaExceeded"})
        for body in (fine_tune("a"), waiting, fine_tune("c", makes="third")):
            watch.event(FINE_TUNES, "ADDED", body)
        enqueued.clear()
        watch.event(FINE_TUNES, "MODIFIED", fine_tune("a", 2, done=True))
        assert set(names(enqueued)) >= {"a", "b"}
        assert "c" not in names(enqueued)

    def test_the_end_of_a_run_concerns_no_more_of_those_that_wait_than_may_run(
        self, watch: Watch, enqueued: list[Key]
    ) -> None:
        for number in range(50):
            waiting = fine_tune(f"w{number:02}", makes=f"w{number}")
            waiting["status"]["conditions"].append({"type": "Running", "status": "False", "reason": "QuotaExceeded"})
            watch.event(FINE_TUNES, "ADDED", waiting)
        enqueued.clear()
        watch.event(FINE_TUNES, "MODIFIED", fine_tune("a", 2, done=True))
        assert [name for name in names(enqueued) if name != "a"] == [f"w{number:02}" for number in range(10)]

    def test_a_namespace_concerns_its_unfinished_fine_tunes(self, watch: Watch, enqueued: list[Key]) -> None:
        watch.event(FINE_TUNES, None, fine_tune("a"))
        watch.event(FINE_TUNES, None, fine_tune("b", done=True))
        enqueued.clear()
        watch.event(NAMESPACES, "MODIFIED", {"metadata": {"name": "ns", "resourceVersion": "9"}})
        assert names(enqueued) == ["a"]

    def test_a_vectorizer_concerns_those_that_wait_for_it(self, watch: Watch, enqueued: list[Key]) -> None:
        watch.event(FINE_TUNES, None, fine_tune("a", start="wanted"))
        watch.event(FINE_TUNES, None, fine_tune("b", start="another"))
        watch.event(FINE_TUNES, None, fine_tune("c", start="another", sampling="wanted"))
        enqueued.clear()
        watch.event(VECTORIZERS, "MODIFIED", vectorizer("wanted"))
        assert names(enqueued) == ["wanted", "a", "c"]

    @pytest.mark.parametrize("end", ["finished", "deleted"])
    def test_the_end_of_a_fine_tune_concerns_what_it_used_and_who_waits_for_its_name(
        self, watch: Watch, enqueued: list[Key], end: str
    ) -> None:
        watch.event(FINE_TUNES, None, fine_tune("a", start="start", sampling="sampler"))
        watch.event(FINE_TUNES, None, fine_tune("b", makes="model"))
        watch.event(FINE_TUNES, None, fine_tune("c", makes="other"))
        enqueued.clear()
        if end == "finished":
            watch.event(FINE_TUNES, "MODIFIED", fine_tune("a", 2, start="start", sampling="sampler", done=True))
        else:
            watch.event(FINE_TUNES, "DELETED", fine_tune("a", 2, start="start", sampling="sampler"))
        assert {"a", "start", "sampler", "b"} == set(names(enqueued))


class TestResync:
    async def test_what_the_watch_missed_is_fetched_and_worked_on(
        self, watch: Watch, known: Known, enqueued: list[Key]
    ) -> None:
        cluster = Cluster()
        cluster.objects[FINE_TUNES] = [fine_tune("a", 3)]
        await watch.resync(cluster)
        assert known.get(FINE_TUNES, "ns", "a") is not None
        assert "a" in names(enqueued)

    async def test_what_is_gone_without_an_event_is_forgotten(self, watch: Watch, known: Known) -> None:
        watch.event(FINE_TUNES, None, fine_tune("a"))
        await watch.resync(Cluster())
        assert known.get(FINE_TUNES, "ns", "a") is None

    async def test_nothing_is_owed_while_the_watch_delivers(self, watch: Watch, clock: list[float]) -> None:
        cluster = Cluster()
        cluster.objects[FINE_TUNES] = [fine_tune("a", 3)]
        await watch.resync(cluster)
        watch.event(FINE_TUNES, "ADDED", fine_tune("a", 3))
        clock[0] += SETTINGS.watch_grace + 1
        assert watch.owed() is None
        assert watch.ailment() is None

    async def test_what_the_watch_owes_for_too_long_is_an_ailment_and_ends_the_process(
        self, watch: Watch, clock: list[float]
    ) -> None:
        cluster = Cluster()
        cluster.objects[FINE_TUNES] = [fine_tune("a", 3)]
        await watch.resync(cluster)
        clock[0] += SETTINGS.watch_grace - 1
        assert watch.owed() is None
        clock[0] += 2
        assert "VectorizerFineTune/ns/a" in str(watch.ailment())
        with pytest.raises(WatchDead, match="VectorizerFineTune/ns/a"):
            await watch._prove_alive(cluster)

    async def test_what_came_and_went_unseen_is_not_owed(self, watch: Watch, clock: list[float]) -> None:
        cluster = Cluster()
        cluster.objects[FINE_TUNES] = [fine_tune("a", 3)]
        await watch.resync(cluster)
        cluster.objects.clear()
        clock[0] += SETTINGS.watch_grace + 1
        await watch._prove_alive(cluster)
        assert watch.owed() is None

    def test_without_a_first_list_it_is_not_healthy(self, watch: Watch) -> None:
        assert watch.ailment() == "nothing has been listed yet"

    async def test_an_api_server_that_does_not_answer_is_waited_for_but_not_called_healthy(
        self, watch: Watch, clock: list[float]
    ) -> None:
        class Silent(Cluster):
            def metadata(self, *_: object) -> AsyncIterator[Body]:
                raise Unavailable("no answer")

        await watch.resync(Cluster())
        task = asyncio.create_task(watch.run(Silent()))
        await asyncio.sleep(0)
        clock[0] += 10_000
        assert "no list for" in str(watch.ailment())
        assert not task.done()
        task.cancel()


def test_kopf_copies_nothing_of_an_object_to_compare_it_with() -> None:
    storage = operator_settings(SETTINGS).persistence.diffbase_storage
    body = kopf.Body({"metadata": {"name": "a", "annotations": {"b": "c"}}, "spec": {"d": "e"}})
    assert storage.build(body=body, extra_fields=[("status",)]) == {}
    assert storage.fetch(body=body) is None
