"""Finished fine-tunes and their vectorizers as copies of real ones, for sizes that take too long to live through.

They are written while no operator runs, with the status that the operator itself gave to what they are copied from, as
a restore brings them back. They have no Job: that of a finished run goes after a day.
"""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any

from vectorizer_api.names import vectorizer_object_name
from vectorizer_operator.kube import FINE_TUNES, VECTORIZERS, Kind

from scale.api_server import ApiServer, Body
from scale.bed import account_of

__all__ = ["plant"]

_AT_ONCE = 16


async def plant(api: ApiServer, names: Iterable[str], like: str) -> None:
    """Plant a fine-tune and a vectorizer of each name, like those of the finished one `like`; raises RefusedError."""
    place, vectorizer = account_of(like), vectorizer_object_name(like)
    fine_tune = await api.get(FINE_TUNES.path(place, like))
    made = await api.get(VECTORIZERS.path(place, vectorizer))
    free = asyncio.Semaphore(_AT_ONCE)
    async with asyncio.TaskGroup() as group:
        for name in names:
            group.create_task(_one_of_many(free, _plant(api, name, fine_tune, made)))


async def _one_of_many(free: asyncio.Semaphore, planting: Awaitable[None]) -> None:
    async with free:
        await planting


async def _plant(api: ApiServer, name: str, fine_tune: Body, vectorizer: Body) -> None:
    called = vectorizer_object_name(name)
    await _copy(api, FINE_TUNES, fine_tune, name, {"vectorizer": called}, {"customVectorizerName": name})
    await _copy(api, VECTORIZERS, vectorizer, called, {}, {"customVectorizerName": name})


async def _copy(
    api: ApiServer, kind: Kind, body: Body, name: str, status: dict[str, Any], spec: dict[str, Any]
) -> None:
    account = account_of(name)
    kept = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": name}}
    await api.create(kind.path(account), {**kept, "spec": {**body["spec"], **spec}})
    await api.merge(kind.path(account, name, "status"), {"status": {**body["status"], **status}})
