"""The only file that talks to the API server: plain objects in, plain objects out, errors by what to do about them."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote, urlencode

import aiohttp
from kubernetes.aio import config
from kubernetes.aio.client import ApiClient, Configuration
from vectorizer_api import GROUP, VERSION

from vectorizer_operator.errors import Denied, Stale, Unavailable
from vectorizer_operator.metrics.requests import Verb, asked_api

FIELD_MANAGER = "vectorizer-operator"
PAGE = 500
PAUSE_SECONDS = 1.0
"""Before a page is asked for once more; what an API server that is overloaded asks for (`Retry-After`)."""
_WRITES = frozenset({Verb.CREATE, Verb.PATCH, Verb.DELETE})
_METHODS = {Verb.GET: "GET", Verb.LIST: "GET", Verb.CREATE: "POST", Verb.PATCH: "PATCH", Verb.DELETE: "DELETE"}
_METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

Object = dict[str, Any]
"""A Kubernetes object as JSON."""


class AlreadyExists(Stale):
    """An object of that name is there already."""


class NoSuchKind(Unavailable):
    """The API server has no such kind, or not yet."""


@dataclass(frozen=True)
class Kind:
    """A kind of object and where the API server has it."""

    kind: str
    plural: str
    group: str = ""
    version: str = "v1"
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """The `apiVersion` of its objects."""
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None = None, name: str | None = None, subresource: str | None = None) -> str:
        """The URL path of a collection, an object or its subresource."""
        parts = ["apis", self.group, self.version] if self.group else ["api", self.version]
        if namespace and self.namespaced:
            parts += ["namespaces", namespace]
        parts += [self.plural, *(part for part in (name, subresource) if part)]
        return "/" + "/".join(quote(part, safe="") for part in parts)


FINE_TUNES = Kind("VectorizerFineTune", "vectorizerfinetunes", GROUP, VERSION)
VECTORIZERS = Kind("CustomVectorizer", "customvectorizers", GROUP, VERSION)
JOBS = Kind("Job", "jobs", "batch")
PODS = Kind("Pod", "pods")
SECRETS = Kind("Secret", "secrets")
CONFIG_MAPS = Kind("ConfigMap", "configmaps")
SERVICES = Kind("Service", "services")
EVENTS = Kind("Event", "events")
LEASES = Kind("Lease", "leases", "coordination.k8s.io")
NAMESPACES = Kind("Namespace", "namespaces", namespaced=False)


class Kube:
    """A connection to one API server."""

    def __init__(self, api: ApiClient, request_seconds: float, before_write: Callable[[], None]) -> None:
        self._api = api
        self._timeout = request_seconds
        self._before_write = before_write

    @classmethod
    async def connect(cls, request_seconds: float, before_write: Callable[[], None] = lambda: None) -> Self:
        """Log in with the pod's service account, else with the kubeconfig file.

        Args:
            request_seconds: what a request takes at most.
            before_write: raises where nothing may be written any more.

        """
        configuration = Configuration()
        try:
            config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        except config.ConfigException:
            await config.load_kube_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        return cls(ApiClient(configuration), request_seconds, before_write)

    async def close(self) -> None:
        """Close the connections."""
        await self._api.close()  # type: ignore[no-untyped-call]

    async def get(self, kind: Kind, namespace: str | None, name: str) -> Object | None:
        """The object, or None where there is none."""
        return await self._request(Verb.GET, kind.plural, kind.path(namespace, name))

    async def schemas(self) -> Mapping[str, Object]:
        """The schemas of our own kinds as the API server publishes them to whoever may log in, by kind."""
        found = await self._request(Verb.GET, "openapi", f"/openapi/v3/apis/{GROUP}/{VERSION}")
        published = found["components"]["schemas"] if found else {}
        return {name.rpartition(".")[2]: body for name, body in published.items()}

    async def items(self, kind: Kind, namespace: str | None = None, labels: str = "") -> AsyncIterator[Object]:
        """Every object of a kind, in pages."""
        async for item in self._pages(kind, namespace, labels, "application/json"):
            yield item

    async def metadata(self, kind: Kind, namespace: str | None = None, labels: str = "") -> AsyncIterator[Object]:
        """The metadata of every object of a kind, in pages: what a comparison of versions needs."""
        async for item in self._pages(kind, namespace, labels, _METADATA_ONLY):
            yield item["metadata"]

    async def create(self, kind: Kind, body: Object) -> Object:
        """Create the object.

        Raises:
            AlreadyExists: where one of that name is there.

        """
        path = kind.path(body["metadata"].get("namespace"))
        query = urlencode({"fieldManager": FIELD_MANAGER})
        created = await self._request(Verb.CREATE, kind.plural, f"{path}?{query}", body)
        if created is None:
            raise Unavailable(f"there is no {path}")
        return created

    async def merge(self, kind: Kind, namespace: str, name: str, patch: Object) -> Object | None:
        """Merge-patch the object, or None where it is gone; a resourceVersion in the patch makes it conditional."""
        query = urlencode({"fieldManager": FIELD_MANAGER})
        path = f"{kind.path(namespace, name)}?{query}"
        return await self._request(Verb.PATCH, kind.plural, path, patch, content="application/merge-patch+json")

    async def apply_status(
        self, kind: Kind, namespace: str, name: str, status: Object, resource_version: str
    ) -> Object | None:
        """Make `status` the whole of what this operator says about the object; None where it is gone.

        The version makes sure that the status of one object never lands on another of the same name.
        """
        metadata = {"name": name, "namespace": namespace, "resourceVersion": resource_version}
        body = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata, "status": status}
        query = urlencode({"fieldManager": FIELD_MANAGER, "force": "true"})
        path = f"{kind.path(namespace, name, 'status')}?{query}"
        resource = f"{kind.plural}/status"
        return await self._request(Verb.PATCH, resource, path, body, content="application/apply-patch+yaml")

    async def delete(self, kind: Kind, namespace: str, name: str, uid: str | None = None) -> None:
        """Delete the object with its dependents; nothing happens where it is gone or, given a UID, another one."""
        body: Object = {"propagationPolicy": "Background"}
        if uid is not None:
            body["preconditions"] = {"uid": uid}
        try:
            await self._request(Verb.DELETE, kind.plural, kind.path(namespace, name), body)
        except Stale:
            if uid is None:
                raise

    async def _pages(self, kind: Kind, namespace: str | None, labels: str, accept: str) -> AsyncIterator[Object]:
        query = {"limit": str(PAGE)} | ({"labelSelector": labels} if labels else {})
        while True:
            path = f"{kind.path(namespace)}?{urlencode(query)}"
            page = await self._page(kind, path, accept)
            if page is None:
                raise NoSuchKind(f"there is no {kind.path(namespace)}")
            for item in page["items"] or []:
                yield item
            if not (following := page["metadata"].get("continue")):
                return
            query["continue"] = following

    async def _page(self, kind: Kind, path: str, accept: str) -> Object | None:
        """One page, asked for once more where it did not come: a list of many pages is worth more than one of them."""
        try:
            return await self._request(Verb.LIST, kind.plural, path, accept=accept)
        except Unavailable:
            await asyncio.sleep(PAUSE_SECONDS)
            return await self._request(Verb.LIST, kind.plural, path, accept=accept)

    async def _request(
        self,
        verb: Verb,
        resource: str,
        path: str,
        body: Object | None = None,
        content: str = "application/json",
        accept: str = "application/json",
    ) -> Object | None:
        method, started = _METHODS[verb], time.perf_counter()
        headers = {"Accept": accept, "Content-Type": content, "User-Agent": FIELD_MANAGER}
        try:
            await self._api.update_params_for_auth(headers, [], ["BearerToken"], path, method, body)
            url = self._api.configuration.host + path
            if verb in _WRITES:
                self._before_write()
            response = await self._api.call_api(method, url, headers, body, _request_timeout=self._timeout)
            text = await response.read()  # type: ignore[no-untyped-call]
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            asked_api(verb, resource, None, time.perf_counter() - started)
            raise Unavailable(f"{method} {path}: {type(error).__name__}: {error}") from error
        asked_api(verb, resource, response.status, time.perf_counter() - started)
        return _answer(method, path, response.status, text)


def _answer(method: str, path: str, status: int, text: bytes) -> Object | None:
    if status < 300:
        answer: Object = json.loads(text)
        return answer
    said = f"{method} {path.partition('?')[0]}: {status} {_message(text)}"
    match status:
        case 404:
            return None
        case 409:
            raise (AlreadyExists if method == "POST" else Stale)(said)
        case 400 | 403 | 405 | 422:
            raise Denied(said)
        case _:
            raise Unavailable(said)


def _message(text: bytes) -> str:
    try:
        said = json.loads(text)
    except ValueError:
        return text[:200].decode(errors="replace")
    return str(said.get("message", said))[:1000] if isinstance(said, Mapping) else str(said)[:1000]
