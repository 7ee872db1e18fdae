"""A run over more than one attempt: failures and preemptions counted apart, suspend and resume, and limits of time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from kubernetes import client
from vectorizer_api.run import Failure, Stage
from vectorizer_dev.platform import Platform
from vectorizer_dev.tenant import Tenant, offer
from vectorizer_dev.waiting import eventually

DIMENSION = 384
DISRUPTED = {
    "type": "DisruptionTarget",
    "status": "True",
    "reason": "EvictionByEvictionAPI",
    "message": "Eviction API: evicting",
}
ForbidJobs = Callable[[str], Callable[[], None]]
STORAGE = Failure(exit_code=75, reason="StorageFailed", message="The storage does not answer.")


def counted(tenant: Tenant, name: str) -> tuple[int, int, int]:
    """Current attempt, failures, preemptions."""
    said = tenant.status(name)["attempts"]
    return said["current"], said["failures"], said["preemptions"]


class TestFailures:
    def test_one_that_may_pass_is_followed_by_an_attempt_that_goes_on_from_the_same_checkpoints(
        self, tenant: Tenant, core: client.CoreV1Api, name: str
    ) -> None:
        body = tenant.ask(name)
        first = tenant.run_of(body)
        first.fail(STORAGE)
        message = tenant.until(name, "Running", "False", "BackOff")["message"]
        assert "Attempt 1 ended (StorageFailed): The storage does not answer." in message
        second = tenant.run_of(body, attempt=2)
        assert second.description.attempt == 2
        assert second.description.checkpoints == first.description.checkpoints
        assert second.description.output != first.description.output
        credentials = f"metadata.name={first.pod.rpartition('-')[0]}"
        assert core.list_namespaced_secret(tenant.namespace, field_selector=credentials).items == []
        second.succeed(DIMENSION)
        tenant.until(name, "Complete", "True")
        assert counted(tenant, name) == (2, 1, 0)
        assert "BackOff" in tenant.events(name)

    def test_three_of_them_end_the_run_with_the_last_word(self, tenant: Tenant, name: str) -> None:
        body = tenant.ask(name)
        for attempt in (1, 2, 3):
            word = STORAGE.model_copy(update={"message": f"no answer {attempt}"})
            tenant.run_of(body, attempt).fail(word)
        assert "Attempt 3 was the last one: no answer 3" in tenant.until(name, "Failed", "True")["message"]
        assert counted(tenant, name) == (3, 3, 0)
        assert tenant.status(name)["failure"]["exitCode"] == 75
        assert tenant.vectorizer(name) == {}

    @pytest.mark.parametrize("word", ["", '{"exitCode": "yes"'])
    def test_an_exit_without_a_word_names_the_exit_code(self, tenant: Tenant, name: str, word: str) -> None:
        tenant.run_of(tenant.ask(name)).end(3, word)
        assert "exit code 3" in tenant.until(name, "Running", "False", "BackOff")["message"]

    def test_a_failed_job_that_is_deleted_meanwhile_does_not_hold_up_the_next_attempt(
        self, tenant: Tenant, batch: client.BatchV1Api, name: str
    ) -> None:
        body = tenant.ask(name)
        tenant.run_of(body).fail(STORAGE)
        tenant.until(name, "Running", "False", "BackOff")
        batch.delete_namespaced_job(tenant.jobs(name)[0], tenant.namespace, propagation_policy="Background")
        tenant.run_of(body, attempt=2).succeed(DIMENSION)
        tenant.until(name, "Complete", "True")


class TestHeld:
    """The next attempt has to wait for something else than its time: nothing of the last one is counted again."""

    def test_after_a_failure_it_starts_when_it_may_and_the_failure_counts_once(
        self, new_tenant: Callable[[], Tenant], forbid_jobs: ForbidJobs, name: str
    ) -> None:
        tenant = new_tenant()
        body = tenant.ask(name)
        run = tenant.run_of(body)
        allow = forbid_jobs(tenant.namespace)
        run.fail(STORAGE)
        tenant.until(name, "Running", "False", "QuotaExceeded")
        tenant.change(name, ttlSecondsAfterFinished=3600)  # It is looked at again.
        eventually(lambda: tenant.status(name)["observedGeneration"] == 2)
        assert tenant.condition(name, "Running")["reason"] == "QuotaExceeded"
        allow()
        tenant.run_of(body, attempt=2).succeed(DIMENSION)
        tenant.until(name, "Complete", "True")
        assert counted(tenant, name) == (2, 1, 0)

    def test_when_it_is_resumed_it_starts_as_soon_as_it_may(
        self, new_tenant: Callable[[], Tenant], forbid_jobs: ForbidJobs, name: str
    ) -> None:
        tenant = new_tenant()
        body = tenant.ask(name)
        tenant.run_of(body)
        tenant.change(name, suspend=True)
        tenant.until(name, "Suspended", "True")
        eventually(lambda: not tenant.jobs(name))
        allow = forbid_jobs(tenant.namespace)
        tenant.change(name, suspend=False)
        tenant.until(name, "Running", "False", "QuotaExceeded")
        allow()
        tenant.run_of(body, attempt=2).succeed(DIMENSION)
        tenant.until(name, "Complete", "True")
        assert counted(tenant, name) == (2, 0, 0)


def test_what_the_cluster_ends_is_no_failure(tenant: Tenant, name: str) -> None:
    body = tenant.ask(name)
    for attempt in (1, 2, 3, 4):
        tenant.run_of(body, attempt).end(143, "", "Error", DISRUPTED)
    tenant.run_of(body, attempt=5).succeed(DIMENSION)
    tenant.until(name, "Complete", "True")
    assert counted(tenant, name) == (5, 0, 4)


class TestSuspend:
    def test_gives_the_node_back_and_later_goes_on(self, tenant: Tenant, name: str) -> None:
        body = tenant.ask(name)
        tenant.run_of(body).run()
        tenant.until(name, "Running", "True")
        tenant.change(name, suspend=True)
        tenant.until(name, "Suspended", "True")
        eventually(lambda: tenant.jobs(name) == [])
        assert tenant.status(name)["phase"] == "Suspended"
        assert tenant.condition(name, "Failed") == {}
        tenant.change(name, suspend=False)
        tenant.run_of(body, attempt=2).succeed(DIMENSION)
        tenant.until(name, "Complete", "True")
        assert tenant.condition(name, "Suspended") == {}
        assert counted(tenant, name) == (2, 0, 0)

    def test_from_the_beginning_starts_nothing_and_holds_the_name(self, tenant: Tenant, name: str) -> None:
        body = tenant.ask(name, suspend=True)
        tenant.until(name, "Suspended", "True")
        assert tenant.condition(name, "Accepted")["status"] == "True"
        assert tenant.jobs(name) == []
        tenant.ask(f"{name}-b", customVectorizerName=name)
        tenant.until(f"{name}-b", "Accepted", "Unknown", "NameReserved")
        tenant.change(name, suspend=False)
        tenant.run_of(body).succeed(DIMENSION)
        tenant.until(name, "Complete", "True")
        assert counted(tenant, name) == (1, 0, 0)

    def test_between_two_attempts_the_next_one_waits(self, tenant: Tenant, name: str) -> None:
        body = tenant.ask(name)
        run = tenant.run_of(body)
        tenant.change(name, suspend=True)
        tenant.until(name, "Suspended", "True")
        eventually(lambda: tenant.jobs(name) == [])
        tenant.change(name, suspend=False)
        assert tenant.run_of(body, attempt=2).description.checkpoints == run.description.checkpoints


def test_of_an_account_so_many_are_under_way_as_its_namespace_says_and_the_next_follows(
    new_tenant: Callable[[], Tenant], core: client.CoreV1Api, name: str
) -> None:
    tenant = new_tenant()
    core.patch_namespace(tenant.namespace, {"metadata": {"labels": {"vectorizers.dev/max-runs": "1"}}})
    first = tenant.run_of(tenant.ask(f"{name}-1"))
    body = tenant.ask(f"{name}-2")
    message = tenant.until(f"{name}-2", "Running", "False", "QuotaExceeded")["message"]
    assert "At most 1 of the account's runs may be under way at once." in message
    assert tenant.condition(f"{name}-2", "Accepted")["status"] == "True"
    assert tenant.jobs(f"{name}-2") == []
    first.succeed(DIMENSION)
    tenant.run_of(body).succeed(DIMENSION)
    tenant.until(f"{name}-2", "Complete", "True")


class TestTime:
    def test_a_wait_for_a_node_that_is_too_long_ends_the_run(
        self, tenant: Tenant, platform: Platform, name: str
    ) -> None:
        profiles = platform.cluster.folder / "profiles.yaml"
        profiles.write_text(offer("parked", "hasty").replace("hasty:", "hasty:\n    preRunningDeadlineSeconds: 1"))
        tenant.ask(name, profile="hasty")
        message = tenant.until(name, "Failed", "True", "NeverStarted")["message"]
        assert "no node yet" in message
        eventually(lambda: tenant.jobs(name) == [])

    def test_a_process_that_runs_past_its_time_took_too_long(
        self, tenant: Tenant, batch: client.BatchV1Api, name: str
    ) -> None:
        tenant.run_of(tenant.ask(name)).run()
        tenant.until(name, "Running", "True")
        batch.patch_namespaced_job(tenant.jobs(name)[0], tenant.namespace, {"spec": {"activeDeadlineSeconds": 1}})
        assert "took longer" in tenant.until(name, "Failed", "True", "DeadlineExceeded")["message"]

    def test_a_run_that_tells_of_no_progress_is_said_to_be_stale_until_it_does(self, tenant: Tenant, name: str) -> None:
        run = tenant.run_of(tenant.ask(name))
        run.run()
        run.say(Stage.TUNING, 40, at=datetime.now(UTC) - timedelta(minutes=11))
        assert "in the stage Tuning" in tenant.until(name, "ProgressStale", "True", "NoProgress")["message"]
        run.say(Stage.TUNING, 41)
        tenant.until(name, "ProgressStale", "False", "Progressing")

    def test_a_finished_request_goes_when_its_time_is_over_and_its_vectorizer_stays(
        self, tenant: Tenant, name: str
    ) -> None:
        body = tenant.ask(name, ttlSecondsAfterFinished=2)
        tenant.run_of(body).succeed(DIMENSION)
        eventually(lambda: name not in tenant.fine_tunes())
        assert tenant.vectorizer(name)["spec"]["customVectorizerName"] == name
        tenant.ask(name)
        assert "nothing was run again" in tenant.until(name, "Complete", "True")["message"]
        assert tenant.jobs(name) == []

    def test_its_time_may_be_set_after_it_has_ended(self, tenant: Tenant, name: str) -> None:
        tenant.run_of(tenant.ask(name)).succeed(DIMENSION)
        tenant.ended(name)
        tenant.change(name, ttlSecondsAfterFinished=0)
        eventually(lambda: name not in tenant.fine_tunes())
