"""The Secrets, ConfigMaps and tokens that a pod refers to, read with the node's own narrow rights."""

import base64
from collections.abc import Mapping

from vectorizer_dev.process_node.api import ApiError, KubernetesApi
from vectorizer_dev.process_node.names import PodNames
from vectorizer_dev.process_node.pod import KeyPath, Pod, TokenProjection

FORBIDDEN, NOT_FOUND = 403, 404


class MissingReference(RuntimeError):  # noqa: N818 it is a state to wait in rather than an error
    """Something that the pod refers to is not there yet."""


class References:
    """Reads what one pod refers to."""

    def __init__(self, api: KubernetesApi, pod: Pod) -> None:
        self._api = api
        self._pod = pod

    async def secret(self, name: str, *, optional: bool) -> Mapping[str, bytes]:
        """Return the values of a Secret; none where it is missing and `optional`.

        Raises MissingReference.
        """
        found = await self._read("secrets", name, optional=optional)
        return {key: base64.b64decode(value) for key, value in (found.get("data") or {}).items()}

    async def config_map(self, name: str, *, optional: bool) -> Mapping[str, bytes]:
        """Return the values of a ConfigMap; none where it is missing and `optional`.

        Raises MissingReference.
        """
        found = await self._read("configmaps", name, optional=optional)
        text = {key: value.encode() for key, value in (found.get("data") or {}).items()}
        return text | {key: base64.b64decode(value) for key, value in (found.get("binaryData") or {}).items()}

    async def token(self, projection: TokenProjection) -> bytes:
        """Return a token of the pod's service account that is valid as long as the pod exists."""
        metadata = self._pod.metadata
        spec = {
            "audiences": [projection.audience] if projection.audience else [],
            "expirationSeconds": projection.expiration_seconds,
            "boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": metadata.name, "uid": metadata.uid},
        }
        account = f"{self._place('serviceaccounts')}/{self._pod.spec.service_account_name}"
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
        answer = await self._api.create(f"{account}/token", request)
        return str(answer["status"]["token"]).encode()

    async def names_of_pods(self, subdomain: str) -> PodNames:
        """Return the names that a headless Service gives to its pods.

        Raises MissingReference.
        """
        await self._read("services", subdomain, optional=False)
        return PodNames(subdomain)

    async def _read(self, kind: str, name: str, *, optional: bool) -> Mapping[str, Mapping[str, str]]:
        try:
            return await self._api.get(f"{self._place(kind)}/{name}")
        except ApiError as error:
            # The API server lets a node read only what its pods refer to, and learns of a new pod a moment late.
            if error.status == NOT_FOUND and optional:
                return {}
            if error.status in {FORBIDDEN, NOT_FOUND}:
                raise MissingReference(f"{kind} {name!r} not found") from error
            raise

    def _place(self, kind: str) -> str:
        return f"/api/v1/namespaces/{self._pod.metadata.namespace}/{kind}"


def chosen(
    values: Mapping[str, bytes], items: list[KeyPath], *, optional: bool, default_mode: int
) -> Mapping[str, tuple[bytes, int]]:
    """Return content and mode of each file that a volume shows: every key, or those that `items` lists.

    Raises MissingReference where a listed key is missing.
    """
    if not items:
        return {key: (value, default_mode) for key, value in values.items()}
    missing = [item.key for item in items if item.key not in values]
    if missing and not optional:
        raise MissingReference(f"key {missing[0]!r} not found")
    return {item.path: (values[item.key], item.mode or default_mode) for item in items if item.key in values}
