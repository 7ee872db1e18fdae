"""A namespace that goes, with everything in it, and comes back from Git while the buckets stayed."""

import pytest
from kubernetes import client
from minio import Minio
from minio.minioadmin import MinioAdmin
from vectorizer_dev.accounts import create_account
from vectorizer_dev.platform import Platform
from vectorizer_dev.tenant import FINE_TUNES, VECTORIZERS, Tenant, make_tenant, offer
from vectorizer_dev.waiting import eventually

DIMENSION = 384
PATIENCE = 240
"""Seconds: the namespace controller looks again after half of the longest grace period of a Pod."""


@pytest.mark.timeout(600)
def test_a_namespace_goes_in_the_middle_of_a_run_and_what_git_brings_back_runs_nothing_again(
    platform: Platform, api: client.ApiClient, core: client.CoreV1Api, store: Minio, store_admin: MinioAdmin
) -> None:
    """One run is at work, on a vectorizer that it holds and that is to go with its files."""
    (platform.cluster.folder / "profiles.yaml").write_text(offer("parked"))
    tenant, name = make_tenant(api, store, store_admin), "first"
    made = tenant.ask(name)
    tenant.run_of(made).succeed(DIMENSION)
    tenant.ended(name)
    tenant.run_of(tenant.ask("second", startingCustomVectorizerName=name)).run()
    tenant.until("second", "Running", "True", "JobRunning")
    eventually(lambda: tenant.vectorizer(name)["metadata"].get("finalizers"))
    core.delete_namespace(tenant.namespace)
    eventually(lambda: not core.list_namespace(field_selector=f"metadata.name={tenant.namespace}").items, PATIENCE)
    create_account(tenant.account.name, api=api, store=store, admin=store_admin)
    tenant.ask(name, **made["spec"])
    assert "nothing was run again" in tenant.until(name, "Complete", "True", "Improved")["message"]
    assert tenant.vectorizer(name)["spec"]["source"]["fineTuneUID"] == made["metadata"]["uid"]
    eventually(lambda: is_ready(tenant, name))
    assert tenant.jobs(name) == []
    again = tenant.ask("second", startingCustomVectorizerName=name)
    tenant.until("second", "Running", "False", "JobCreated")
    tenant.run_of(again).succeed(DIMENSION)
    tenant.until("second", "Complete", "True")
    for plural, one in ((FINE_TUNES, name), (FINE_TUNES, "second"), (VECTORIZERS, name), (VECTORIZERS, "second")):
        tenant.vanish(plural, one)


def is_ready(tenant: Tenant, name: str) -> bool:
    found = tenant.vectorizer(name).get("status", {}).get("conditions", [])
    return any((item["type"], item["status"]) == ("Ready", "True") for item in found)
