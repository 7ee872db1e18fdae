"""An account as objects of a cluster: a pure function of its terms, for whoever applies them."""

from collections.abc import Iterator
from typing import Any

from vectorizer_api import GROUP
from vectorizer_api.names import ACCOUNT_LABEL, MANAGED_BY, MAX_RUNS_LABEL, MAX_UNFINISHED_LABEL, RUN_SERVICE_ACCOUNT

from vectorizer_cli.accounts.terms import Terms

__all__ = ["manifests"]

Manifest = dict[str, Any]

_RBAC = "rbac.authorization.k8s.io"
_RUNS = {"app.kubernetes.io/managed-by": MANAGED_BY}
_INTERNET = {
    "0.0.0.0/0": [
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "224.0.0.0/4",
        "240.0.0.0/4",
    ],
    "::/0": ["::1/128", "64:ff9b::/96", "fc00::/7", "fe80::/10"],
}
"""What a download may reach, less what is private, local to a link (the cloud's metadata) or no address of one host."""


def manifests(terms: Terms) -> Iterator[Manifest]:
    """Its namespace, and what stands in it; raises AccountError where the terms cannot be met.

    A NetworkPolicy is static: it cannot tell one run from another, so that the processes of one account's trainings
    may speak to each other, whichever run they belong to.
    """
    yield _namespace(terms)
    yield _object(terms, "v1", "ServiceAccount", RUN_SERVICE_ACCOUNT) | {"automountServiceAccountToken": False}
    yield _operator_rights(terms)
    if terms.people.users or terms.people.groups:
        yield _peoples_rights(terms)
    if terms.max_objects is not None:
        yield _quota(terms)
    yield _policy(terms, "train", [_dns(), _store(terms), _peers()], [_peers_in()])
    yield _policy(terms, "fetch", [_dns(), _store(terms), _internet()], [])


def _namespace(terms: Terms) -> Manifest:
    limits = {MAX_RUNS_LABEL: terms.max_runs, MAX_UNFINISHED_LABEL: terms.max_unfinished}
    labels = {
        ACCOUNT_LABEL: terms.name,
        "pod-security.kubernetes.io/enforce": "restricted",
        **{label: str(limit) for label, limit in limits.items() if limit is not None},
    }
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": terms.place, "labels": labels}}


def _operator_rights(terms: Terms) -> Manifest:
    namespace, _, name = terms.operator.service_account.partition("/")
    subject = {"kind": "ServiceAccount", "name": name, "namespace": namespace}
    return _binding(terms, "vectorizer-operator", terms.operator.role, [subject])


def _peoples_rights(terms: Terms) -> Manifest:
    named = {"User": terms.people.users, "Group": terms.people.groups}
    subjects = [{"apiGroup": _RBAC, "kind": kind, "name": name} for kind, names in named.items() for name in names]
    return _binding(terms, "vectorizer-account", terms.people.role, subjects)


def _binding(terms: Terms, name: str, role: str, subjects: list[dict[str, str]]) -> Manifest:
    reference = {"apiGroup": _RBAC, "kind": "ClusterRole", "name": role}
    return _object(terms, f"{_RBAC}/v1", "RoleBinding", name) | {"roleRef": reference, "subjects": subjects}


def _quota(terms: Terms) -> Manifest:
    kinds = ("vectorizerfinetunes", "customvectorizers")
    hard = {f"count/{kind}.{GROUP}": str(terms.max_objects) for kind in kinds}
    return _object(terms, "v1", "ResourceQuota", "vectorizer-account") | {"spec": {"hard": hard}}


def _policy(terms: Terms, component: str, egress: list[Manifest], ingress: list[Manifest]) -> Manifest:
    spec = {
        "podSelector": {"matchLabels": {**_RUNS, "app.kubernetes.io/component": component}},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": ingress,
        "egress": egress,
    }
    return _object(terms, "networking.k8s.io/v1", "NetworkPolicy", f"vectorizer-{component}") | {"spec": spec}


def _dns() -> Manifest:
    ports = [{"protocol": protocol, "port": 53} for protocol in ("UDP", "TCP")]
    return {"to": [{"namespaceSelector": {}}], "ports": ports}


def _store(terms: Terms) -> Manifest:
    if terms.reach.namespace:
        # A Service's port need not be its pods' port, which is the one that a policy sees.
        return {"to": [_in_namespace(terms.reach.namespace)]}
    block = {"ipBlock": {"cidr": terms.reach.network}}
    return {"to": [block], "ports": [{"protocol": "TCP", "port": terms.reach.port}]}


def _in_namespace(name: str) -> Manifest:
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}


def _trainings() -> Manifest:
    return {"podSelector": {"matchLabels": {**_RUNS, "app.kubernetes.io/component": "train"}}}


def _peers() -> Manifest:
    return {"to": [_trainings()]}


def _peers_in() -> Manifest:
    return {"from": [_trainings()]}


def _internet() -> Manifest:
    blocks = [{"cidr": cidr, "except": private} for cidr, private in _INTERNET.items()]
    ports = [{"protocol": "TCP", "port": port} for port in (80, 443)]
    return {"to": [{"ipBlock": block} for block in blocks], "ports": ports}


def _object(terms: Terms, version: str, kind: str, name: str) -> Manifest:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": terms.place}}
