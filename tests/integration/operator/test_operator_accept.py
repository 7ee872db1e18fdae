"""Every reason for which a fine-tune is refused or waits, and that nothing runs meanwhile."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kubernetes import client
from minio import Minio
from minio.minioadmin import MinioAdmin
from vectorizer_api.content import ContentType
from vectorizer_api.names import ACCOUNT_LABEL, attempt_name
from vectorizer_dev.accounts import create_account
from vectorizer_dev.platform import Platform
from vectorizer_dev.tenant import RunningOperator, Tenant, offer
from vectorizer_dev.waiting import eventually

DIMENSION = 384
BOTH_ROLES = pytest.mark.parametrize(
    ("role", "field"),
    [("starting", "startingCustomVectorizerName"), ("sampling", "customVectorizerNameForSampling")],
)
ForbidJobs = Callable[[str], Callable[[], None]]


def refused(tenant: Tenant, name: str, reason: str) -> str:
    """Refused for good, in every condition that a machine may read; the answer is the message."""
    accepted = tenant.until(name, "Accepted", "False", reason)
    assert tenant.condition(name, "Failed")["status"] == "True"
    assert tenant.condition(name, "Stalled")["reason"] == reason
    assert tenant.condition(name, "Ready")["status"] == "False"
    assert tenant.status(name)["phase"] == "Failed"
    assert tenant.jobs(name) == []
    return str(accepted["message"])


def waits(tenant: Tenant, name: str, reason: str) -> str:
    accepted = tenant.until(name, "Accepted", "Unknown", reason)
    assert tenant.status(name)["phase"] == "Waiting"
    assert tenant.condition(name, "Reconciling")["status"] == "True"
    assert tenant.condition(name, "Failed") == {}
    assert tenant.jobs(name) == []
    return str(accepted["message"])


@pytest.fixture
def serving_text_alone(operator: RunningOperator, platform: Platform) -> Iterator[None]:
    """The operator as on a platform that has no other base than that of Text."""
    operator.stop()
    operator.start({ContentType.TEXT: platform.bases[ContentType.TEXT]})
    yield
    operator.stop()
    operator.start()


@pytest.mark.usefixtures("serving_text_alone")
def test_a_content_type_without_a_base_is_refused_by_name(tenant: Tenant, name: str) -> None:
    tenant.ask(f"{name}-text")
    for kind in set(ContentType) - {ContentType.TEXT}:
        asked = f"{name}-{kind.lower().replace('_', '-')}"
        tenant.ask(asked, contentType=kind)
        assert f"contentType {kind} (this operator serves Text)" in refused(tenant, asked, "NotSupported")
    tenant.until(f"{name}-text", "Accepted", "True")


def test_a_namespace_without_the_label_is_told_that_it_is_no_account(tenant: Tenant, namespace: str, name: str) -> None:
    outside = type(tenant)(
        account=type(tenant.account)(**{**vars(tenant.account), "namespace": namespace}),
        api=tenant.api,
        store=tenant.store,
    )
    outside.ask(name)
    refused(outside, name, "NotAnAccount")


def test_the_younger_of_two_namespaces_with_one_label_is_refused(
    tenant: Tenant, core: client.CoreV1Api, namespace: str, name: str
) -> None:
    eventually(lambda: older(core, tenant.namespace, namespace))
    core.patch_namespace(namespace, {"metadata": {"labels": {ACCOUNT_LABEL: tenant.account.name}}})
    twin = type(tenant)(
        account=type(tenant.account)(**{**vars(tenant.account), "namespace": namespace}),
        api=tenant.api,
        store=tenant.store,
    )
    twin.ask(name)
    assert tenant.namespace in refused(twin, name, "AccountTaken")


def older(core: client.CoreV1Api, first: str, second: str) -> bool:
    found: list[Any] = [core.read_namespace(name) for name in (first, second)]
    return bool(found[0].metadata.creation_timestamp < found[1].metadata.creation_timestamp)


def test_a_name_that_a_vectorizer_has_is_taken(tenant: Tenant, name: str) -> None:
    tenant.run_of(tenant.ask(name)).succeed(DIMENSION)
    tenant.ended(name)
    tenant.ask(f"{name}-2", customVectorizerName=name)
    assert name in refused(tenant, f"{name}-2", "NameTaken")


def test_a_name_that_a_run_holds_is_waited_for_and_then_taken(tenant: Tenant, name: str) -> None:
    run = tenant.run_of(tenant.ask(name))
    tenant.ask(f"{name}-2", customVectorizerName=name)
    assert name in waits(tenant, f"{name}-2", "NameReserved")
    run.succeed(DIMENSION)
    refused(tenant, f"{name}-2", "NameTaken")


def test_a_name_is_free_again_when_the_run_that_held_it_fails(tenant: Tenant, name: str) -> None:
    run = tenant.run_of(tenant.ask(name))
    later = tenant.ask(f"{name}-2", customVectorizerName=name)
    waits(tenant, f"{name}-2", "NameReserved")
    run.end(64)
    tenant.until(f"{name}-2", "Accepted", "True")
    assert tenant.run_of(later).description.custom_vectorizer_name == name


def test_a_name_is_free_again_when_the_fine_tune_that_held_it_is_deleted(tenant: Tenant, name: str) -> None:
    tenant.run_of(tenant.ask(name))
    tenant.ask(f"{name}-2", customVectorizerName=name)
    waits(tenant, f"{name}-2", "NameReserved")
    tenant.vanish("vectorizerfinetunes", name)
    tenant.until(f"{name}-2", "Accepted", "True")


def test_of_many_that_ask_for_one_name_at_once_exactly_one_runs(tenant: Tenant, name: str) -> None:
    asked = [tenant.ask(f"{name}-{i}", customVectorizerName=name) for i in range(8)]
    eventually(lambda: all(tenant.condition(a["metadata"]["name"], "Accepted") for a in asked))
    said = [tenant.condition(a["metadata"]["name"], "Accepted")["reason"] for a in asked]
    assert sorted(said) == ["Accepted", *["NameReserved"] * 7]
    assert sum(len(tenant.jobs(a["metadata"]["name"])) for a in asked) == 1


@BOTH_ROLES
def test_a_vectorizer_of_other_content_is_refused(tenant: Tenant, name: str, role: str, field: str) -> None:
    tenant.run_of(tenant.ask(name)).succeed(DIMENSION)
    tenant.ended(name)
    tenant.ask(f"{name}-2", contentType="Image", **{field: name})
    message = refused(tenant, f"{name}-2", "ContentTypeMismatch")
    assert f"The {role} vectorizer {name} is for Text, and the request is for Image." in message


@BOTH_ROLES
def test_a_vectorizer_of_another_account_is_not_seen(
    tenant: Tenant, other_tenant: Tenant, name: str, role: str, field: str
) -> None:
    tenant.run_of(tenant.ask(name)).succeed(DIMENSION)
    tenant.ended(name)
    other_tenant.ask(f"{name}-2", **{field: name})
    message = waits(other_tenant, f"{name}-2", "WaitingForVectorizer")
    assert message == f"The {role} vectorizer {name} is not there yet."


def test_what_is_final_is_told_before_what_is_waited_for(tenant: Tenant, name: str) -> None:
    tenant.run_of(tenant.ask(name)).succeed(DIMENSION)
    tenant.ended(name)
    tenant.ask(
        f"{name}-2",
        contentType="Image",
        startingCustomVectorizerName="absent",
        customVectorizerNameForSampling=name,
    )
    assert f"sampling vectorizer {name}" in refused(tenant, f"{name}-2", "ContentTypeMismatch")


def test_more_time_than_the_profile_allows_is_over_the_limit(tenant: Tenant, name: str) -> None:
    tenant.ask(name, training={"maxDurationSeconds": 1801})
    assert "maxDurationSeconds" in refused(tenant, name, "LimitExceeded")


def test_a_missing_profile_is_waited_for(tenant: Tenant, platform: Platform, name: str) -> None:
    profile = f"p-{uuid.uuid4().hex[:8]}"
    tenant.ask(name, profile=profile)
    assert "parked" in waits(tenant, name, "ProfileMissing")
    file = platform.cluster.folder / "profiles.yaml"
    try:
        file.write_text(offer("parked", profile))
        tenant.until(name, "Accepted", "True", timeout=70)
    finally:
        file.write_text(offer("parked"))


def test_a_missing_bucket_is_waited_for(
    tenant: Tenant, api: client.ApiClient, store: Minio, store_admin: MinioAdmin, name: str
) -> None:
    made = create_account(f"t-{uuid.uuid4().hex[:8]}", api=api, store=store, admin=store_admin)
    bare = type(tenant)(made, api, store)
    store.remove_bucket(bucket_name=made.models_bucket)
    bare.ask(name)
    assert made.models_bucket in waits(bare, name, "StorageUnreachable")
    create_account(made.name, api=api, store=store, admin=store_admin)
    bare.until(name, "Accepted", "True", timeout=70)


@pytest.mark.parametrize("kind", ["Job", "ConfigMap"])
def test_a_child_of_a_foreign_owner_is_a_conflict_and_is_left_alone(
    tenant: Tenant, api: client.ApiClient, name: str, kind: str
) -> None:
    """The foreign object is there before: the request waits for its starting vectorizer while it is made."""
    asked = tenant.ask(name, startingCustomVectorizerName=f"{name}-s")
    waits(tenant, name, "WaitingForVectorizer")
    child = attempt_name(name, asked["metadata"]["uid"], 1)
    metadata = client.V1ObjectMeta(name=child)
    if kind == "Job":
        container = client.V1Container(name="train", image="none")
        pod = client.V1PodSpec(restart_policy="Never", containers=[container])
        spec = client.V1JobSpec(suspend=True, template=client.V1PodTemplateSpec(spec=pod))
        client.BatchV1Api(api).create_namespaced_job(tenant.namespace, client.V1Job(metadata=metadata, spec=spec))
    else:
        body = client.V1ConfigMap(metadata=metadata, data={"run.json": "{}"})
        client.CoreV1Api(api).create_namespaced_config_map(tenant.namespace, body)
    tenant.run_of(tenant.ask(f"{name}-s")).succeed(DIMENSION)
    tenant.until(name, "Accepted", "False", "NameConflict")
    assert tenant.condition(name, "Failed")["status"] == "True"
    if kind == "Job":
        there: Any = client.BatchV1Api(api).read_namespaced_job(child, tenant.namespace)
        assert there.spec.suspend is True
    else:
        assert client.CoreV1Api(api).read_namespaced_config_map(child, tenant.namespace).data == {"run.json": "{}"}
        eventually(lambda: child not in tenant.jobs(name))


def test_a_quota_on_jobs_is_waited_for_and_named(
    new_tenant: Callable[[], Tenant], forbid_jobs: ForbidJobs, name: str
) -> None:
    tenant = new_tenant()
    allow = forbid_jobs(tenant.namespace)
    tenant.ask(name)
    assert "no-jobs" in held(tenant, name, "QuotaExceeded")
    allow()
    tenant.until(name, "Running", "False", "JobCreated", timeout=70)


def test_a_run_that_waits_for_its_job_keeps_its_name(
    new_tenant: Callable[[], Tenant], forbid_jobs: ForbidJobs, name: str
) -> None:
    tenant = new_tenant()
    forbid_jobs(tenant.namespace)
    tenant.ask(name)
    held(tenant, name, "QuotaExceeded")
    tenant.ask(f"{name}-2", customVectorizerName=name)
    assert name in waits(tenant, f"{name}-2", "NameReserved")


def held(tenant: Tenant, name: str, reason: str) -> str:
    """Accepted, and without a Job; the answer is the message."""
    running = tenant.until(name, "Running", "False", reason)
    assert tenant.condition(name, "Accepted")["status"] == "True"
    assert tenant.status(name)["phase"] == "Waiting"
    assert tenant.jobs(name) == []
    return str(running["message"])


def test_an_account_that_does_not_bind_the_operator_is_told(
    new_tenant: Callable[[], Tenant], api: client.ApiClient, name: str
) -> None:
    tenant = new_tenant()
    client.RbacAuthorizationV1Api(api).delete_namespaced_role_binding("vectorizer-operator", tenant.namespace)
    tenant.ask(name)
    assert "forbidden" in held(tenant, name, "Waiting")
