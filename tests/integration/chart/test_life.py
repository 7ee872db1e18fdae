"""Install, upgrade, rollback and uninstall by the real Helm, with a run in flight that survives them."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from kubernetes import client
from vectorizer_api import GROUP
from vectorizer_api.crd import SCHEMA_ANNOTATION
from vectorizer_api.run import Stage
from vectorizer_dev.chart_release import LONG, Release
from vectorizer_dev.helm import HelmError
from vectorizer_dev.inspection import Kubectl
from vectorizer_dev.platform import OPERATOR, SYSTEM_NAMESPACE
from vectorizer_dev.tenant import FINE_TUNES, VECTORIZERS, Body, Tenant
from vectorizer_dev.waiting import eventually

DIMENSION = 384
WAIT = ("--wait", "--timeout=5m")
FORBIDDEN = "403"
DRY_RUN = "--dry-run=server"
STAMP = "--output=jsonpath={.metadata.annotations.vectorizers\\.dev/schema}"


def may(api: client.ApiClient, namespace: str, group: str, resource: str, verb: str) -> bool:
    asked = client.V1ResourceAttributes(namespace=namespace, group=group, resource=resource, verb=verb)
    user = f"system:serviceaccount:{SYSTEM_NAMESPACE}:{OPERATOR}"
    review = client.V1SubjectAccessReview(spec=client.V1SubjectAccessReviewSpec(user=user, resource_attributes=asked))
    answer: Any = client.AuthorizationV1Api(api).create_subject_access_review(review)
    return bool(answer.status.allowed)


def pods_of_operator(core: client.CoreV1Api) -> list[str]:
    selector = f"app.kubernetes.io/name={OPERATOR}"
    pods: Any = core.list_namespaced_pod(SYSTEM_NAMESPACE, label_selector=selector)
    return [pod.metadata.name for pod in pods.items]


def last_words(core: client.CoreV1Api) -> str:
    """What an operator's container left when it ended, as `kubectl describe pod` shows it."""
    selector = f"app.kubernetes.io/name={OPERATOR}"
    pods: Any = core.list_namespaced_pod(SYSTEM_NAMESPACE, label_selector=selector)
    ended = [one.last_state.terminated for pod in pods.items for one in pod.status.container_statuses or []]
    return "".join(each.message or "" for each in ended if each)


def live(tenant: Tenant, name: str) -> None:
    """A whole life: waiting, a failed attempt, another one, success, and the TTL."""
    body = tenant.ask(name)
    tenant.run_of(body).end(75)
    tenant.run_of(body, 2).succeed(DIMENSION)
    tenant.ended(name)
    tenant.change(name, ttlSecondsAfterFinished=1)
    eventually(lambda: name not in tenant.fine_tunes())
    eventually(lambda: tenant.vectorizer(name)["status"]["conditions"])


def test_the_notes_say_that_the_secret_is_missing_and_how_to_make_it(waiting_release: Release) -> None:
    assert "The Secret object-store is not there yet" in waiting_release.notes
    assert "create secret generic object-store" in waiting_release.notes
    assert "vectorizer account create NAME\n" in waiting_release.notes


def test_the_operator_starts_when_the_secret_comes_and_no_call_of_a_whole_life_is_denied(
    release: Release, tenant: Tenant
) -> None:
    live(tenant, "whole-life")
    answers = release.answers()
    assert answers["201"] > 3
    assert FORBIDDEN not in answers


def test_what_is_installed_is_what_the_chart_says(release: Release, kubectl: Kubectl, tmp_path: Path) -> None:
    """A tool that compares both, as Argo CD does, finds nothing to ignore."""
    manifest = tmp_path / "manifest.yaml"
    manifest.write_text(release.run("get", "manifest", OPERATOR))
    done = subprocess.run(
        kubectl.command("diff", f"--filename={manifest}"), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_a_run_in_flight_survives_an_upgrade_and_a_rollback(
    release: Release, tenant: Tenant, core: client.CoreV1Api, kubectl: Kubectl
) -> None:
    body = tenant.ask("in-flight")
    run = tenant.run_of(body)
    run.run()
    run.say(Stage.TUNING, 10)
    eventually(lambda: tenant.status("in-flight").get("phase") == "Training")
    first = pods_of_operator(core)
    job = tenant.jobs("in-flight")

    kubectl("annotate", "--overwrite", f"crd/{FINE_TUNES}.{GROUP}", f"{SCHEMA_ANNOTATION}=older")
    release.install(*WAIT, trainer={"image": {"tag": "0.2.0"}})
    release.until_it_leads()
    assert set(pods_of_operator(core)).isdisjoint(first)
    assert kubectl("get", f"crd/{FINE_TUNES}.{GROUP}", STAMP).startswith("sha256:")
    run.say(Stage.TUNING, 50)
    eventually(lambda: tenant.status("in-flight")["progress"]["percent"] == 50)

    release.run("rollback", OPERATOR, "1", *WAIT)
    release.ports.append(release.ports[0])
    release.until_it_leads()
    run.say(Stage.TUNING, 80)
    eventually(lambda: tenant.status("in-flight")["progress"]["percent"] == 80)
    assert tenant.jobs("in-flight") == job
    run.succeed(DIMENSION)
    assert tenant.ended("in-flight")["status"]["attempts"]["current"] == 1
    assert FORBIDDEN not in release.answers()


def test_crds_of_another_version_are_named_where_the_chart_may_not_mend_them(
    release: Release, kubectl: Kubectl
) -> None:
    crd = f"crd/{FINE_TUNES}.{GROUP}"
    stamp = kubectl("get", crd, STAMP)
    kubectl("annotate", "--overwrite", crd, f"{SCHEMA_ANNOTATION}=older")
    with pytest.raises(HelmError, match=rf"CRD {FINE_TUNES}\.{GROUP} is of another version: kubectl apply"):
        release.install(DRY_RUN, crds={"install": False})
    kubectl("annotate", "--overwrite", crd, f"{SCHEMA_ANNOTATION}={stamp}")


def test_a_namespace_that_is_not_there_is_named_before_anything_is_made(release: Release) -> None:
    with pytest.raises(HelmError, match="the cluster has no namespace absent: make it first"):
        release.install(DRY_RUN, namespaces=["absent"])


def test_a_key_that_the_secret_lacks_is_named_with_those_that_it_has(release: Release) -> None:
    storage = {**release.values["storage"], "secretKeyKey": "password"}
    with pytest.raises(
        HelmError, match=r"has no key password \(storage.secretKeyKey\), it has: access_key, secret_key"
    ):
        release.install(DRY_RUN, storage=storage)


def with_finalizer(tenant: Tenant) -> Body | None:
    body = tenant.vectorizer("bound")
    return body if body["metadata"].get("finalizers") else None


@pytest.fixture(scope="module")
def bound(release: Release, tenant: Tenant) -> Body:
    """A vectorizer whose deletion waits for the operator."""
    live(tenant, "bound")
    tenant.patch(VECTORIZERS, "bound", {"spec": {"deletionPolicy": "Delete"}})
    return eventually(lambda: with_finalizer(tenant))


@pytest.fixture(scope="module")
def uninstalled(release: Release, bound: Body) -> Release:
    release.run("uninstall", OPERATOR, *WAIT)
    return release


class TestUninstall:
    """After all others: the release is gone then, and comes back for a list of namespaces."""

    def test_what_the_accounts_have_stays(self, uninstalled: Release, tenant: Tenant, kubectl: Kubectl) -> None:
        assert kubectl("get", "crds", "--output=name").count(GROUP) == 2
        assert tenant.fine_tune("in-flight")["status"]["phase"] == "Succeeded"
        assert tenant.vectorizer("in-flight")

    def test_nothing_waits_for_an_operator_that_is_gone(self, uninstalled: Release, tenant: Tenant) -> None:
        assert "finalizers" not in tenant.vectorizer("bound")["metadata"]
        tenant.vanish(VECTORIZERS, "bound")

    def test_nothing_else_is_left(self, uninstalled: Release, kubectl: Kubectl, core: client.CoreV1Api) -> None:
        kinds = "deployments,jobs,services,configmaps,serviceaccounts,roles,rolebindings,networkpolicies"
        cluster_wide = "clusterroles,clusterrolebindings,validatingadmissionpolicies,validatingadmissionpolicybindings"
        mine = f"--selector=app.kubernetes.io/instance={OPERATOR}"
        assert kubectl("get", kinds, f"--namespace={SYSTEM_NAMESPACE}", mine, "--output=name") == ""
        assert kubectl("get", cluster_wide, mine, "--output=name") == ""
        eventually(lambda: not pods_of_operator(core), LONG)

    def test_an_operator_on_older_crds_says_what_they_lack_and_how_to_mend_it(
        self, uninstalled: Release, kubectl: Kubectl, core: client.CoreV1Api
    ) -> None:
        field = "/spec/versions/0/schema/openAPIV3Schema/properties/status/properties/display"
        older = json.dumps([{"op": "remove", "path": field}])
        kubectl("patch", f"crd/{FINE_TUNES}.{GROUP}", "--type=json", f"--patch={older}")
        uninstalled.install(crds={"install": False})
        said = eventually(lambda: last_words(core), LONG)
        assert "CRD of VectorizerFineTune is older than this operator, and lacks status.display: `helm upgrade`" in said

    def test_it_comes_back_for_a_list_of_namespaces_and_needs_no_more_rights_than_there(
        self, uninstalled: Release, new_tenant: Callable[[], Tenant], tenant: Tenant, api: client.ApiClient
    ) -> None:
        listed = new_tenant()
        uninstalled.install(*WAIT, namespaces=[listed.namespace])
        uninstalled.until_it_leads()
        live(listed, "listed")
        assert FORBIDDEN not in uninstalled.answers()
        assert may(api, listed.namespace, "batch", "jobs", "list")
        assert not may(api, tenant.namespace, "batch", "jobs", "list")
        assert not may(api, tenant.namespace, GROUP, FINE_TUNES, "list")
        assert not may(api, SYSTEM_NAMESPACE, "", "pods", "list")

    def test_from_a_list_of_namespaces_to_all_of_them(
        self, uninstalled: Release, tenant: Tenant, api: client.ApiClient
    ) -> None:
        uninstalled.install(*WAIT)
        eventually(lambda: may(api, tenant.namespace, GROUP, FINE_TUNES, "list"))

    def test_who_does_not_want_to_keep_them_has_the_crds_removed_too(
        self, uninstalled: Release, kubectl: Kubectl
    ) -> None:
        uninstalled.install(crds={"keep": False})
        uninstalled.run("uninstall", OPERATOR, *WAIT)
        assert GROUP not in kubectl("get", "crds", "--output=name")
