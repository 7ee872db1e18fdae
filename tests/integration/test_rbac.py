"""Who may do what, asked of the real authorizer: the operator exactly its work, account users exactly theirs."""

import uuid
from typing import Any

import pytest
from kubernetes import client
from minio import Minio
from minio.minioadmin import MinioAdmin
from vectorizer_api import GROUP
from vectorizer_dev.accounts import create_account

OPERATOR = "system:serviceaccount:vectorizer-system:vectorizer-operator"
ACCOUNT_ONLY = [
    (GROUP, "vectorizerfinetunes", "delete"),
    ("batch", "jobs", "create"),
    ("batch", "jobs", "patch"),
    ("batch", "jobs", "delete"),
    ("", "pods", "patch"),
    ("", "secrets", "create"),
    ("", "secrets", "delete"),
    ("", "configmaps", "create"),
    ("", "configmaps", "get"),
    ("", "configmaps", "delete"),
    *(("", "services", verb) for verb in ("create", "get", "delete")),
    ("", "events", "create"),
    (GROUP, "customvectorizers", "create"),
]
KINDS = ("vectorizerfinetunes", "customvectorizers")
EVERYWHERE = [
    *(
        (GROUP, kind, verb)
        for kind in ("vectorizerfinetunes", "customvectorizers")
        for verb in ("get", "list", "watch")
    ),
    (GROUP, "vectorizerfinetunes/status", "patch"),
    (GROUP, "customvectorizers/status", "patch"),
    (GROUP, "customvectorizers", "patch"),
    *(("batch", "jobs", verb) for verb in ("get", "list", "watch")),
    *(("", kind, verb) for kind in ("pods", "namespaces") for verb in ("get", "list", "watch")),
]
NEVER = [
    *(("", "secrets", verb) for verb in ("get", "list", "watch", "update")),
    ("", "pods", "create"),
    ("", "pods", "delete"),
    ("", "pods/exec", "create"),
    ("", "pods/log", "get"),
    ("", "namespaces", "create"),
    ("", "namespaces", "patch"),
    ("", "serviceaccounts", "create"),
    ("", "serviceaccounts/token", "create"),
    ("", "configmaps", "list"),
    ("", "nodes", "list"),
    ("apps", "deployments", "create"),
    ("rbac.authorization.k8s.io", "rolebindings", "create"),
    ("rbac.authorization.k8s.io", "clusterroles", "escalate"),
    (GROUP, "vectorizerfinetunes", "create"),
    (GROUP, "vectorizerfinetunes", "patch"),
    (GROUP, "customvectorizers", "delete"),
    ("", "users", "impersonate"),
]


@pytest.fixture(scope="module")
def account(crds: None, api: client.ApiClient, store: Minio, store_admin: MinioAdmin) -> str:
    return create_account(f"t-{uuid.uuid4().hex[:8]}", api=api, store=store, admin=store_admin).namespace


def may(api: client.ApiClient, user: str, namespace: str, group: str, resource: str, verb: str) -> bool:
    kind, _, subresource = resource.partition("/")
    asked = client.V1ResourceAttributes(
        namespace=namespace, group=group, resource=kind, subresource=subresource or None, verb=verb
    )
    spec = client.V1SubjectAccessReviewSpec(user=user, resource_attributes=asked)
    review = client.V1SubjectAccessReview(spec=spec)
    answer: Any = client.AuthorizationV1Api(api).create_subject_access_review(review)
    return bool(answer.status.allowed)


@pytest.mark.parametrize(("group", "resource", "verb"), [*ACCOUNT_ONLY, *EVERYWHERE])
def test_the_operator_may_do_its_work_in_an_account(
    api: client.ApiClient, account: str, group: str, resource: str, verb: str
) -> None:
    assert may(api, OPERATOR, account, group, resource, verb)


@pytest.mark.parametrize(("group", "resource", "verb"), ACCOUNT_ONLY)
def test_the_operator_may_not_do_so_where_no_account_binds_it(
    api: client.ApiClient, account: str, namespace: str, group: str, resource: str, verb: str
) -> None:
    assert not may(api, OPERATOR, namespace, group, resource, verb)


@pytest.mark.parametrize(("group", "resource", "verb"), NEVER)
def test_the_operator_may_never(api: client.ApiClient, account: str, group: str, resource: str, verb: str) -> None:
    assert not may(api, OPERATOR, account, group, resource, verb)


def test_no_role_of_ours_has_a_wildcard(api: client.ApiClient, account: str) -> None:
    roles: Any = client.RbacAuthorizationV1Api(api).list_cluster_role()
    for role in roles.items:
        if not role.metadata.name.startswith("vectorizer-"):
            continue
        for rule in role.rules:
            assert "*" not in [*rule.verbs, *(rule.resources or []), *(rule.api_groups or [])]


READ = [(kind, verb) for kind in KINDS for verb in ("get", "list", "watch")]
WRITE = [
    *(("vectorizerfinetunes", verb) for verb in ("create", "patch", "delete")),
    *(("customvectorizers", verb) for verb in ("patch", "delete")),
]
OPERATORS_ALONE = [
    ("customvectorizers", "create"),
    ("vectorizerfinetunes/status", "patch"),
    ("vectorizerfinetunes/status", "update"),
    ("customvectorizers/status", "patch"),
    ("customvectorizers/status", "update"),
]


@pytest.fixture(scope="module")
def bound(api: client.ApiClient, account: str) -> str:
    """Users bound to our two roles and to the built-in ones that aggregate them."""
    roles = ("vectorizer-account-read-write", "vectorizer-account-read-only", "edit", "admin", "view")
    for role in roles:
        body = client.V1RoleBinding(
            metadata=client.V1ObjectMeta(name=f"test-{role}"),
            role_ref=client.V1RoleRef(api_group="rbac.authorization.k8s.io", kind="ClusterRole", name=role),
            subjects=[client.RbacV1Subject(kind="User", name=f"user-{role}", api_group="rbac.authorization.k8s.io")],
        )
        client.RbacAuthorizationV1Api(api).create_namespaced_role_binding(account, body)
    return account


@pytest.mark.parametrize("role", ["vectorizer-account-read-write", "edit", "admin"])
def test_read_write_users_ask_for_and_delete_but_set_no_status(api: client.ApiClient, bound: str, role: str) -> None:
    for resource, verb in [*READ, *WRITE]:
        assert may(api, f"user-{role}", bound, GROUP, resource, verb), (resource, verb)
    for resource, verb in OPERATORS_ALONE:
        assert not may(api, f"user-{role}", bound, GROUP, resource, verb), (resource, verb)


@pytest.mark.parametrize("role", ["vectorizer-account-read-only", "view"])
def test_read_only_users_read(api: client.ApiClient, bound: str, role: str) -> None:
    for resource, verb in READ:
        assert may(api, f"user-{role}", bound, GROUP, resource, verb), (resource, verb)
    for resource, verb in [*WRITE, *OPERATORS_ALONE]:
        assert not may(api, f"user-{role}", bound, GROUP, resource, verb), (resource, verb)


def test_the_runs_service_account_may_nothing_but_ask_who_it_is(api: client.ApiClient, account: str) -> None:
    run = f"system:serviceaccount:{account}:vectorizer-run"
    for group, resource, verb in [*ACCOUNT_ONLY, *EVERYWHERE, *NEVER]:
        assert not may(api, run, account, group, resource, verb), (group, resource, verb)
