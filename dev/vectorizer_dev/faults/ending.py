"""How a life ended, in words that are the same for every life that ended like it."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kubernetes import client
from vectorizer_api.names import ATTEMPT_LABEL, FINE_TUNE_LABEL

from vectorizer_dev.tenant import FINE_TUNES, VECTORIZERS, Body, Tenant

_COMPONENT_LABEL = "app.kubernetes.io/component"
_UID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_PASSING = re.compile(
    rf"(?P<UID>{_UID})|(?P<SHA256>[0-9a-f]{{64}})|(?P<TIME>\d{{4}}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z| UTC)?)"
)
_OF_ONE_LIFE = frozenset(
    {
        "managedFields",
        "resourceVersion",
        "creationTimestamp",
        "startTime",
        "completionTime",
        "lastTransitionTime",
        "lastProbeTime",
        "lastPhaseTransitionTime",
        "seconds",
        "gpuSeconds",
        "activeDeadlineSeconds",
    }
)
"""Fields that tell of time, spent or left, or of the order of writes in the whole cluster."""
_LARGEST_RECORD = 1024**2


@dataclass(frozen=True)
class Ending:
    """What there is, by its name; two endings are alike where they are equal."""

    objects: Mapping[str, str]
    """Of the cluster, as JSON."""
    stored: Mapping[str, str]
    """Of the account's bucket: JSON as it is, of the rest the digest."""

    def differences(self, other: "Ending") -> list[str]:
        """What `other` has otherwise."""
        return [*_differences(self.objects, other.objects), *_differences(self.stored, other.stored)]


def ending(tenant: Tenant, name: str, run_uid: str) -> Ending:
    """Look at everything that came of a fine-tune, and at what it left in the object store."""
    plain = _Plain(tenant, name, run_uid)
    objects = {plain.text(key): plain.told(body) for key, body in _objects(tenant, name, run_uid)}
    mine = [*tenant.keys(f"requests/{name}.json"), *(key for key in tenant.keys("") if run_uid in key)]
    return Ending(objects, {plain.text(key): plain.content(_read(tenant, key)) for key in mine})


def remains(tenant: Tenant, name: str, run_uid: str) -> list[str]:
    """`kind/name` of everything that is left of it in the cluster."""
    return [key for key, _ in _objects(tenant, name, run_uid)]


@dataclass(frozen=True)
class _Plain:
    """Takes from what is told all that belongs to this one life."""

    tenant: Tenant
    name: str
    run_uid: str

    def text(self, text: str) -> str:
        for own, plain in (
            (self.run_uid, "RUN"),
            (self.run_uid.replace("-", "")[:8], "RUN"),
            (self.tenant.namespace, "ACCOUNT"),
            (self.name, "NAME"),
        ):
            text = text.replace(own, plain)
        return _PASSING.sub(lambda found: str(found.lastgroup), text)

    def told(self, body: object) -> str:
        return self.text(json.dumps(_lasting(body), indent=1, sort_keys=True))

    def content(self, body: bytes) -> str:
        try:
            return self.told(json.loads(body))
        except ValueError:
            return hashlib.sha256(body).hexdigest()


def _objects(tenant: Tenant, name: str, run_uid: str) -> Iterable[tuple[str, Any]]:
    """Pods by their component and attempt: their own names are drawn by lot, and what is in them is the Job's."""
    plain = tenant.api.sanitize_for_serialization
    for plural in (FINE_TUNES, VECTORIZERS):
        listed: Any = tenant.objects.list_namespaced_custom_object(
            "vectorizers.dev", "v1alpha1", tenant.namespace, plural
        )
        for item in listed["items"]:
            if item["metadata"]["name"] == name:
                yield f"{plural}/{name}", item
    core, batch = client.CoreV1Api(tenant.api), client.BatchV1Api(tenant.api)
    listings = {
        "jobs": batch.list_namespaced_job,
        "secrets": core.list_namespaced_secret,
        "configmaps": core.list_namespaced_config_map,
        "services": core.list_namespaced_service,
    }
    for kind, listing in listings.items():
        for item in plain(listing(tenant.namespace))["items"]:  # type: ignore[no-untyped-call]
            if run_uid in json.dumps(item):
                yield f"{kind}/{item['metadata']['name']}", _TOLD.get(kind, _as_it_is)(item)
    pods = core.list_namespaced_pod(tenant.namespace, label_selector=f"{FINE_TUNE_LABEL}={name}")
    for pod in plain(pods)["items"]:  # type: ignore[no-untyped-call]
        labels = pod["metadata"]["labels"]
        yield f"pods/{labels[_COMPONENT_LABEL]}-{labels[ATTEMPT_LABEL]}", pod["status"]["phase"]


def _as_it_is(item: Body) -> Body:
    return item


def _without_secrets(secret: Body) -> Body:
    return {**secret, "data": sorted(secret.get("data", {}))}


def _without_resumption(job: Body) -> Body:
    """The condition Suspended is there where the Job's controller came to see the Job before it was to run."""
    status = job.get("status", {})
    lasting = [item for item in status.get("conditions", []) if item["type"] != "Suspended"]
    return {**job, "status": {**status, "conditions": lasting}}


_TOLD = {"secrets": _without_secrets, "jobs": _without_resumption}


def _read(tenant: Tenant, key: str) -> bytes:
    with tenant.store.get_object(bucket_name=tenant.account.models_bucket, object_name=key) as answer:
        return answer.read(_LARGEST_RECORD)


def _lasting(body: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(body, dict):
        return {key: _lasting(value) for key, value in body.items() if key not in _OF_ONE_LIFE}
    return [_lasting(item) for item in body] if isinstance(body, list) else body


def _differences(one: Mapping[str, str], other: Mapping[str, str]) -> list[str]:
    missing = [f"{key} is not there" for key in sorted(one.keys() - other.keys())]
    further = [f"{key} is there" for key in sorted(other.keys() - one.keys())]
    changed = [key for key in sorted(one.keys() & other.keys()) if one[key] != other[key]]
    return [*missing, *further, *(f"{key}: {_lines(one[key], other[key])}" for key in changed)]


def _lines(one: str, other: str) -> str:
    before, after = one.splitlines(), other.splitlines()
    gone = [line.strip() for line in before if line not in after]
    new = [line.strip() for line in after if line not in before]
    return f"{' '.join(gone)} -> {' '.join(new)}"[:500]
