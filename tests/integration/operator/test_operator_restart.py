"""The operator dies, and what it did is neither lost nor done twice."""

from collections.abc import Callable, Iterator

import pytest
from kubernetes import client
from vectorizer_api.run import Stage
from vectorizer_dev.tenant import RunningOperator, Tenant
from vectorizer_dev.waiting import eventually

DIMENSION = 384
ForbidJobs = Callable[[str], Callable[[], None]]


@pytest.fixture
def revived(operator: RunningOperator) -> Iterator[RunningOperator]:
    """Whatever a test does to it, the operator runs afterwards."""
    yield operator
    operator.kill()
    operator.start()


def test_killed_in_the_middle_of_a_run_it_goes_on_with_the_same_job_and_publishes_once(
    tenant: Tenant, revived: RunningOperator, name: str
) -> None:
    run = tenant.run_of(tenant.ask(name))
    run.run()
    run.say(Stage.TUNING, 50)
    eventually(lambda: tenant.status(name).get("progress"))
    jobs = tenant.jobs(name)
    revived.kill()
    revived.start()
    run.say(Stage.EVALUATING, 90)
    eventually(lambda: tenant.status(name).get("progress", {}).get("percent") == 90)
    run.succeed(DIMENSION)
    tenant.ended(name)
    assert tenant.jobs(name) == jobs
    assert len(jobs) == 1
    eventually(lambda: "Improved" in tenant.events(name))
    assert tenant.events(name).count("Improved") == 1


def test_a_run_that_ends_while_it_is_down_is_published_when_it_is_back(
    tenant: Tenant, revived: RunningOperator, name: str
) -> None:
    run = tenant.run_of(tenant.ask(name))
    tenant.until(name, "Accepted", "True")
    revived.kill()
    run.succeed(DIMENSION)
    revived.start()
    tenant.until(name, "Complete", "True", "Improved")
    assert tenant.vectorizer(name) != {}


def test_a_run_whose_job_is_gone_is_judged_by_the_result_that_it_left(
    tenant: Tenant, batch: client.BatchV1Api, revived: RunningOperator, name: str
) -> None:
    run = tenant.run_of(tenant.ask(name))
    tenant.until(name, "Accepted", "True")
    job = tenant.jobs(name)[0]
    revived.kill()
    run.succeed(DIMENSION)
    eventually(lambda: has_succeeded(batch, job, tenant.namespace))
    batch.delete_namespaced_job(job, tenant.namespace, propagation_policy="Background")
    eventually(lambda: tenant.jobs(name) == [])
    revived.start()
    tenant.until(name, "Complete", "True", "Improved")


def test_killed_before_it_said_so_it_finds_its_job_and_goes_on(
    tenant: Tenant, revived: RunningOperator, name: str
) -> None:
    """The crash that random kills miss: the Job runs, and the status does not know of it."""
    revived.kill()
    asked = tenant.ask(name)
    revived.start()
    run = tenant.run_of(asked)
    revived.kill()
    tenant.objects.patch_namespaced_custom_object_status(
        "vectorizers.dev", "v1alpha1", tenant.namespace, "vectorizerfinetunes", name, {"status": None}
    )
    revived.start()
    tenant.until(name, "Accepted", "True")
    run.succeed(DIMENSION)
    tenant.ended(name)
    assert len(tenant.jobs(name)) == 1


def test_what_waits_for_its_job_keeps_its_name_across_a_restart(
    new_tenant: Callable[[], Tenant], forbid_jobs: ForbidJobs, revived: RunningOperator, name: str
) -> None:
    tenant = new_tenant()
    allow = forbid_jobs(tenant.namespace)
    asked = tenant.ask(name)
    tenant.until(name, "Running", "False", "QuotaExceeded")
    revived.kill()
    tenant.ask(f"{name}-2", customVectorizerName=name)
    allow()
    revived.start()
    assert tenant.run_of(asked).description.custom_vectorizer_name == name
    tenant.until(f"{name}-2", "Accepted", "Unknown", "NameReserved")
    assert tenant.jobs(f"{name}-2") == []


def test_killed_between_the_record_and_the_status_it_accepts_anew_and_one_name_has_one_run(
    new_tenant: Callable[[], Tenant], forbid_jobs: ForbidJobs, revived: RunningOperator, name: str
) -> None:
    """The record is there, and neither the status nor a Job shows it: meanwhile another may take the name."""
    tenant = new_tenant()
    allow = forbid_jobs(tenant.namespace)
    tenant.ask(name)
    tenant.until(name, "Running", "False", "QuotaExceeded")
    revived.kill()
    tenant.objects.patch_namespaced_custom_object_status(
        "vectorizers.dev", "v1alpha1", tenant.namespace, "vectorizerfinetunes", name, {"status": None}
    )
    tenant.ask(f"{name}-2", customVectorizerName=name)
    allow()
    revived.start()
    both = (name, f"{name}-2")
    eventually(lambda: said_of(tenant, both) == ["Accepted", "NameReserved"])
    eventually(lambda: sum(len(tenant.jobs(each)) for each in both) == 1)


def said_of(tenant: Tenant, names: tuple[str, ...]) -> list[str]:
    return sorted(tenant.condition(each, "Accepted").get("reason", "") for each in names)


def test_after_a_restart_nothing_is_written_for_what_is_finished_or_waits(
    tenant: Tenant, revived: RunningOperator, name: str
) -> None:
    tenant.run_of(tenant.ask(name)).succeed(DIMENSION)
    tenant.ended(name)
    tenant.ask(f"{name}-2", startingCustomVectorizerName="absent", profile="")
    tenant.until(f"{name}-2", "Accepted", "Unknown")
    tenant.run_of(tenant.ask(f"{name}-3")).run()
    tenant.until(f"{name}-3", "Running", "True")
    before = versions(tenant, name)
    revived.stop()
    revived.start()
    tenant.run_of(tenant.ask(f"{name}-4"))  # It works again, and has listed everything.
    tenant.until(f"{name}-4", "Accepted", "True")
    assert versions(tenant, name) == before


def has_succeeded(batch: client.BatchV1Api, job: str, namespace: str) -> bool:
    status = batch.read_namespaced_job(job, namespace).status
    return status is not None and status.succeeded == 1


def versions(tenant: Tenant, name: str) -> list[str]:
    fine_tunes = [tenant.fine_tune(found) for found in (name, f"{name}-2", f"{name}-3")]
    return [found["metadata"]["resourceVersion"] for found in (*fine_tunes, tenant.vectorizer(name))]


def test_asked_to_end_it_ends_at_once_and_well(revived: RunningOperator, tenant: Tenant) -> None:
    assert revived.stop() == 0
