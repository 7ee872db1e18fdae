"""The thin layer over kopf: watched events become keys to work on, and a list now and then proves the watch alive."""

import asyncio
import logging
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import kopf
from vectorizer_api.conditions import ConditionType
from vectorizer_api.names import FINE_TUNE_LABEL, vectorizer_object_name

from vectorizer_operator.errors import Unavailable
from vectorizer_operator.jobs import SELECTOR
from vectorizer_operator.known import WATCHED, Key, Known, is_finished, is_true, key_of, named_vectorizers, version_of
from vectorizer_operator.kube import FINE_TUNES, JOBS, NAMESPACES, PODS, VECTORIZERS, Kind, Kube, Object
from vectorizer_operator.metrics import work
from vectorizer_operator.settings import Settings
from vectorizer_operator.turns import next_in_line

log = logging.getLogger(__name__)

FIRST_PAUSE = 1.0
"""Seconds until the first list is asked for again."""
Enqueue = Callable[[Key], None]


class WatchDead(Exception):  # noqa: N818
    """The watch did not deliver what a list showed long ago: only a new process helps."""


class Watch:
    """Turns what is watched and listed into keys of fine-tunes and vectorizers."""

    def __init__(self, known: Known, enqueue: Enqueue, settings: Settings) -> None:
        self._known = known
        self._enqueue = enqueue
        self._settings = settings
        self._missing: dict[Key, tuple[int, float]] = {}
        self._listed: float | None = None

    def registry(self) -> kopf.OperatorRegistry:
        """Kopf's handlers: they note the object and enqueue keys, and never fail or write."""
        registry = kopf.OperatorRegistry()
        kopf.on.login(registry=registry)(_login)
        for kind in WATCHED:
            self._register(registry, kind)
        return registry

    def _register(self, registry: kopf.OperatorRegistry, kind: Kind) -> None:
        @kopf.on.event(kind.group, kind.version, kind.plural, registry=registry, id=kind.plural)
        async def on_event(event: Any, **_: Any) -> None:  # noqa: ANN401 - kopf's own types
            self.event(kind, event["type"], dict(event["object"]))

    def event(self, kind: Kind, type_: str | None, body: Object) -> None:
        """One event of the watch."""
        work.watched(kind.kind)
        if type_ == "DELETED":
            self._gone(kind, key_of(kind, body), version_of(body))
        elif self._known.deliver(kind, body):
            self._touch(kind, body)

    async def begin(self, kube: Kube) -> None:
        """List everything for the first time; an API server that does not answer is asked until it does.

        The watch begins after that, and owes nothing yet.
        """
        while True:
            try:
                return await self._learn(kube)
            except Unavailable as error:
                log.warning("the first list: %s", error)
            await asyncio.sleep(FIRST_PAUSE)

    async def resync(self, kube: Kube) -> None:
        """List everything: fetch what is newer than what is known, and note what the watch still owes.

        Raises:
            Unavailable: where the API server does not answer.

        """
        for kind in WATCHED:
            before = set(self._known.keys(kind))
            seen = set()
            for namespace in self._namespaces(kind):
                async for metadata in kube.metadata(kind, namespace, _selector(kind)):
                    seen.add(await self._compare(kind, {"metadata": metadata}, kube))
            for key in before - seen:
                await self._look_for(kind, key, kube)
        self._listed_all()

    def owed(self) -> Key | None:
        """An object that a list showed and the watch has not delivered within the grace time."""
        now = time.monotonic()
        for key, (version, since) in list(self._missing.items()):
            if self._known.delivered(key) >= version:
                del self._missing[key]
            elif now - since > self._settings.watch_grace:
                return key
        return None

    def ailment(self) -> str | None:
        """What is wrong with the watch, for the liveness probe; None where nothing is."""
        if (key := self.owed()) is not None:
            return f"the watch has not delivered {'/'.join(key)}"
        if self._listed is None:
            return "nothing has been listed yet"
        silent = time.monotonic() - self._listed
        limit = 3 * self._settings.resync_interval + self._settings.watch_grace
        return f"no list for {silent:.0f} s" if silent > limit else None

    async def run(self, kube: Kube) -> None:
        """List again and again, until the watch is found dead.

        Raises:
            WatchDead: when it is.

        """
        while True:
            due = time.monotonic() + self._settings.resync_interval
            while time.monotonic() < due:
                await asyncio.sleep(min(1.0, self._settings.resync_interval))
                await self._prove_alive(kube)
            try:
                await self.resync(kube)
            except Unavailable as error:
                log.warning("resync: %s", error)

    async def _learn(self, kube: Kube) -> None:
        """Whole objects, page by page: to ask for each of thousands would take minutes."""
        for kind in WATCHED:
            for namespace in self._namespaces(kind):
                async for item in kube.items(kind, namespace, _selector(kind)):
                    self._known.update(kind, {"apiVersion": kind.api_version, "kind": kind.kind, **item})
        self._listed_all()

    def _listed_all(self) -> None:
        for kind in (FINE_TUNES, VECTORIZERS):
            for key in self._known.keys(kind):
                self._enqueue(key)
        self._listed = time.monotonic()
        work.resynced()

    async def _prove_alive(self, kube: Kube) -> None:
        if (key := self.owed()) is None:
            return
        kind = next(kind for kind in WATCHED if kind.kind == key.kind)
        try:
            if await kube.get(kind, key.namespace or None, key.name) is None:
                self._missing.pop(key, None)  # Gone before it was delivered: the watch owes nothing.
                return
        except Unavailable as error:
            log.warning("is the watch alive? %s", error)
            return
        if self.owed() == key:
            raise WatchDead(f"the watch has not delivered {'/'.join(key)}")

    def _namespaces(self, kind: Kind) -> tuple[str | None, ...]:
        return (self._settings.namespaces or (None,)) if kind.namespaced else (None,)

    async def _compare(self, kind: Kind, listed: Object, kube: Kube) -> Key:
        key, version = key_of(kind, listed), version_of(listed)
        if self._known.delivered(key) < version and key not in self._missing:
            self._missing[key] = (version, time.monotonic())
        known = self._known.get(kind, key.namespace, key.name)
        if known is None or version_of(known) < version:
            await self._look_for(kind, key, kube)
        return key

    async def _look_for(self, kind: Kind, key: Key, kube: Kube) -> None:
        """Ask for an object that the list and the memory disagree on."""
        body = await kube.get(kind, key.namespace or None, key.name)
        known = self._known.get(kind, key.namespace, key.name)
        if body is not None and self._known.update(kind, body):
            self._touch(kind, body)
        elif body is None and known is not None:
            self._gone(kind, key, version_of(known))

    def _gone(self, kind: Kind, key: Key, version: int) -> None:
        self._missing.pop(key, None)
        if (last := self._known.remove(key, version)) is not None:
            self._touch(kind, last)
            self._enqueue(key) if kind in (FINE_TUNES, VECTORIZERS) else None

    def _touch(self, kind: Kind, body: Object) -> None:
        for key in self._concerned(kind, body):
            self._enqueue(key)

    def _concerned(self, kind: Kind, body: Object) -> Iterator[Key]:
        """Whose wanted state may follow from this object."""
        namespace = body["metadata"].get("namespace") or body["metadata"]["name"]
        if kind == NAMESPACES:
            yield from (key_of(FINE_TUNES, item) for item in self._known.unfinished(namespace))
        elif kind in (JOBS, PODS):
            yield Key(FINE_TUNES.kind, namespace, body["metadata"].get("labels", {}).get(FINE_TUNE_LABEL, ""))
        elif kind == VECTORIZERS:
            yield key_of(kind, body)
            yield from self._waiting_for(namespace, body["spec"]["customVectorizerName"])
        else:
            yield key_of(kind, body)
            yield from self._after_fine_tune(namespace, body)

    def _waiting_for(self, namespace: str, name: str) -> Iterator[Key]:
        for item in self._known.unfinished(namespace):
            if name in named_vectorizers(item):
                yield key_of(FINE_TUNES, item)

    def _after_fine_tune(self, namespace: str, body: Object) -> Iterator[Key]:
        """Its end frees the vectorizers that it used, the name that it held, and its turn; to suspend it the turn."""
        for name in named_vectorizers(body):
            yield Key(VECTORIZERS.kind, namespace, vectorizer_object_name(name))
        is_over = is_finished(body) or self._known.get(FINE_TUNES, namespace, body["metadata"]["name"]) is None
        if not is_over and not is_true(body, ConditionType.SUSPENDED):
            return
        yield from (key_of(FINE_TUNES, item) for item in next_in_line(self._known, namespace, self._settings))
        name = body["spec"]["customVectorizerName"]
        others = self._known.unfinished(namespace) if is_over else ()
        yield from (key_of(FINE_TUNES, item) for item in others if item["spec"]["customVectorizerName"] == name)


class NothingToCompare(kopf.DiffBaseStorage):
    """No copy of what matters in an object: nobody here handles changes, and to make it is much of an event's work."""

    def build(self, **_: Any) -> kopf.BodyEssence:  # noqa: ANN401 - kopf's own types
        """Nothing."""
        return kopf.BodyEssence({})

    def fetch(self, **_: Any) -> None:  # noqa: ANN401 - kopf's own types
        """Nothing was stored."""

    def store(self, **_: Any) -> None:  # noqa: ANN401 - kopf's own types
        """Stores nothing."""


def operator_settings(settings: Settings) -> kopf.OperatorSettings:
    """Kopf as a watcher and nothing else: it writes nothing, scans for nothing, and gives up rather than hangs."""
    kopf_settings = kopf.OperatorSettings()
    kopf_settings.posting.enabled = False
    kopf_settings.scanning.disabled = True
    kopf_settings.peering.standalone = True
    kopf_settings.persistence.diffbase_storage = NothingToCompare()
    kopf_settings.watching.inactivity_timeout = settings.watch_inactivity
    kopf_settings.watching.connect_timeout = 10
    kopf_settings.networking.request_timeout = settings.request_timeout
    kopf_settings.networking.connect_timeout = 10
    kopf_settings.queueing.worker_limit = 50
    kopf_settings.queueing.idle_timeout = 0.01
    kopf_settings.queueing.exit_timeout = 0.5
    kopf_settings.process.ultimate_exiting_timeout = 5
    for kind in (JOBS, PODS):
        kopf_settings.watching.label_selectors[kind.group, kind.version, kind.plural] = SELECTOR
    return kopf_settings


def _selector(kind: Kind) -> str:
    return SELECTOR if kind in (JOBS, PODS) else ""


async def _login(**kwargs: Any) -> kopf.ConnectionInfo | None:  # noqa: ANN401 - kopf's own types
    within = kopf.login_with_service_account(**kwargs)
    if within is None:
        return kopf.login_with_kubeconfig(**kwargs)
    # By address, as every other request of the operator: the watch needs no DNS.
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    return replace(within, server=f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}")
