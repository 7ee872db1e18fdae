"""How a run that ends badly is told: the condition, the failure, no vectorizer, and the account's files untouched."""

import pytest
from kubernetes import client
from vectorizer_api.run import Failure
from vectorizer_dev.acted_run import ActedRun
from vectorizer_dev.tenant import Tenant
from vectorizer_dev.waiting import eventually


@pytest.mark.parametrize(("exit_code", "reason"), [(64, "BadInput"), (65, "OverLimit")])
def test_the_trainers_last_word_is_the_status_failure(tenant: Tenant, name: str, exit_code: int, reason: str) -> None:
    tenant.upload(f"{name}/a.txt", b"text")
    before = listing(tenant)
    said = Failure(exit_code=exit_code, reason="SpokenByTrainer", message=f"what is wrong with {name}", hint="do this")
    tenant.run_of(tenant.ask(name, batchFolder=name)).fail(said)
    failed = tenant.until(name, "Failed", "True", reason)
    assert failed["message"] == f"what is wrong with {name} do this"
    assert tenant.status(name)["failure"] == said.model_dump(by_alias=True)
    assert_nothing_came_of_it(tenant, name)
    assert listing(tenant) == before


def test_bad_input_is_told_as_a_refused_data_set(tenant: Tenant, name: str) -> None:
    tenant.run_of(tenant.ask(name)).fail(Failure(exit_code=64, reason="X", message="line 3 is no list"))
    tenant.until(name, "Failed", "True")
    ready = tenant.condition(name, "DatasetReady")
    assert (ready["status"], ready["reason"], ready["message"]) == ("False", "DatasetRefused", "line 3 is no list")


def test_too_little_memory_is_said(tenant: Tenant, name: str) -> None:
    tenant.run_of(tenant.ask(name)).end(137, reason="OOMKilled")
    assert "memory" in tenant.until(name, "Failed", "True", "OutOfMemory")["message"]


def test_a_deleted_job_ends_the_run_and_is_not_started_again(
    tenant: Tenant, batch: client.BatchV1Api, name: str
) -> None:
    tenant.run_of(tenant.ask(name))
    tenant.until(name, "Accepted", "True")
    job = tenant.jobs(name)[0]
    batch.delete_namespaced_job(job, tenant.namespace, propagation_policy="Background")
    tenant.until(name, "Failed", "True", "JobDeleted")
    assert_nothing_came_of_it(tenant, name)
    assert job not in tenant.jobs(name)


def test_a_process_that_runs_past_its_deadline_took_too_long(
    tenant: Tenant, batch: client.BatchV1Api, name: str
) -> None:
    tenant.run_of(tenant.ask(name)).run()
    tenant.until(name, "Running", "True")
    batch.patch_namespaced_job(tenant.jobs(name)[0], tenant.namespace, {"spec": {"activeDeadlineSeconds": 1}})
    assert "took longer" in tenant.until(name, "Failed", "True", "DeadlineExceeded")["message"]


def test_deleting_the_fine_tune_takes_its_job_and_secret_along(
    tenant: Tenant, core: client.CoreV1Api, name: str
) -> None:
    run = tenant.run_of(tenant.ask(name))
    tenant.vanish("vectorizerfinetunes", name)
    eventually(lambda: tenant.jobs(name) == [])
    eventually(lambda: core.list_namespaced_secret(tenant.namespace, field_selector=secret_of(run)).items == [])


def secret_of(run: ActedRun) -> str:
    return f"metadata.name={run.pod.rpartition('-')[0]}"


def assert_nothing_came_of_it(tenant: Tenant, name: str) -> None:
    assert tenant.vectorizer(name) == {}
    assert tenant.condition(name, "Complete") == {}
    assert tenant.keys(f"vectorizers/{name}/") == []


def listing(tenant: Tenant) -> list[tuple[str, str]]:
    listed = tenant.store.list_objects(bucket_name=tenant.account.batch_bucket, recursive=True)
    return [(item.object_name, item.etag) for item in listed]
