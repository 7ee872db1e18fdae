"""`python -m vectorizer_operator`: settings, logging, the metrics server, and kopf until it ends."""

import asyncio
import logging
import os
import signal
import socket
import sys
import threading
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Sequence

import kopf
from kopf._core.engines.peering import Identity

from vectorizer_operator import reconcile, vectorizers
from vectorizer_operator.election import REQUEST_SECONDS, Alone, Election, Leadership, while_kept
from vectorizer_operator.endpoints import serve
from vectorizer_operator.errors import Denied, LeadershipLost, SettingsError, Stale, Unavailable, Unfit
from vectorizer_operator.fleet import Fleet
from vectorizer_operator.follow import Follower
from vectorizer_operator.known import Key, Known
from vectorizer_operator.kube import FINE_TUNES, VECTORIZERS, Kube
from vectorizer_operator.metrics import work
from vectorizer_operator.profiles import Profiles
from vectorizer_operator.queue import Queue
from vectorizer_operator.records import Records
from vectorizer_operator.reservations import Reservations
from vectorizer_operator.services import Services
from vectorizer_operator.settings import Settings
from vectorizer_operator.storage import Storage, StorageUnavailable
from vectorizer_operator.surroundings import FirstContact, check_kinds
from vectorizer_operator.turns import Turns
from vectorizer_operator.watch import Watch, operator_settings

log = logging.getLogger("vectorizer_operator")

LAST_SECONDS = 10.0
"""How long an orderly end may take before the process is ended all the same."""
LAST_SECONDS_OF_WATCH = 3.0
"""How long kopf may take once another operator may lead: whatever is cut off is done again by that one."""

Reconcile = Callable[[str, str, Services], Awaitable[float | None]]
_RECONCILE: dict[str, Reconcile] = {
    FINE_TUNES.kind: reconcile.reconcile,
    VECTORIZERS.kind: vectorizers.reconcile,
}


def main() -> None:
    """Run the operator. The exit code is 0 only where it was asked to end."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("kopf").setLevel(logging.WARNING)
    try:
        settings = Settings.from_environment(os.environ)
        profiles = Profiles(settings.profiles)
        code = asyncio.run(_operate(settings, profiles))
    except (SettingsError, Unfit, Denied, Unavailable, LeadershipLost, OSError) as error:
        sys.exit(f"vectorizer-operator: {error}")
    logging.shutdown()
    os._exit(code)  # Threads that still wait for the object store must not hold the process.


async def _operate(settings: Settings, profiles: Profiles) -> int:
    leadership = await _leadership(settings.lease)
    services = await _connect(settings, profiles, leadership)
    queue = Queue(lambda key: _work(key, services), lambda key, error: work.failed(key.kind, error), work.taken)
    watch = Watch(services.known, queue.add, settings)
    for kind in _RECONCILE:
        work.expect(kind, Stale, Unavailable, StorageUnavailable, Denied)
    work.show_queue(lambda: queue.depth, lambda: queue.active, lambda: queue.longest_wait)
    work.show_leadership(lambda: leadership.held)
    Fleet(services.known).register()
    ready = asyncio.Event()
    contact = FirstContact(services.storage, settings)
    server = await serve(settings.metrics_address, lambda: _ailment(watch, ready, leadership), lambda: contact.obstacle)
    calling = asyncio.create_task(contact.make(), name="object store")
    ending = Ending()
    ending.heed_signals()
    try:
        keeping = await ending.unless_asked(_begin(watch, services, leadership))
        return await _run(watch, queue, services, ready, leadership, keeping, ending) if keeping is not None else 0
    finally:
        _end_soon(1)
        calling.cancel()
        await server.cleanup()
        await services.kube.close()
        services.storage.close()


async def _leadership(lease: str) -> Leadership:
    if not lease:
        return Alone()
    namespace, _, name = lease.partition("/")
    identity = f"{socket.gethostname()}_{uuid.uuid4().hex[:8]}"
    return Election(await Kube.connect(REQUEST_SECONDS), namespace, name, identity)


async def _begin(watch: Watch, services: Services, leadership: Leadership) -> asyncio.Task[None]:
    """Win the leadership and learn what there is; the answer is what keeps the leadership from then on."""
    await check_kinds(services.kube)
    await leadership.win()
    keeping = asyncio.create_task(leadership.keep(), name="leadership")
    try:
        await while_kept(keeping, watch.begin(services.kube))
    except BaseException:
        keeping.cancel()
        await leadership.release()
        raise
    return keeping


class Ending:
    """That this process is to end: because it was asked to, or because a part of it failed.

    A container's first process is not ended by a signal that it does not handle.
    """

    def __init__(self) -> None:
        self.stop = asyncio.Event()
        self.is_asked = False
        """Whether it was by a signal."""

    def heed_signals(self) -> None:
        """Take them from whoever has them."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ask)

    async def unless_asked(self, work: Coroutine[None, None, asyncio.Task[None]]) -> asyncio.Task[None] | None:
        """What the work gives, or None where it was cancelled because the process is asked to end."""
        doing, stopping = asyncio.create_task(work), asyncio.create_task(self.stop.wait())
        await asyncio.wait({doing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if doing.done():
            return doing.result()
        doing.cancel()
        await asyncio.gather(doing, return_exceptions=True)
        return None

    def _ask(self) -> None:
        self.is_asked = True
        self.stop.set()
        _end_soon(0)


def _ailment(watch: Watch, ready: asyncio.Event, leadership: Leadership) -> str | None:
    if ready.is_set():
        return watch.ailment()
    return "the watch has not started yet" if leadership.held else None


async def _run(
    watch: Watch,
    queue: Queue,
    services: Services,
    ready: asyncio.Event,
    leadership: Leadership,
    keeping: asyncio.Task[None],
    ending: Ending,
) -> int:
    """Watch and work until one of the parts ends. kopf cancels tasks that are younger than itself: so it comes last."""
    stop = ending.stop
    own = [
        asyncio.create_task(watch.run(services.kube), name="resync"),
        asyncio.create_task(queue.run(services.settings.workers), name="queue"),
        keeping,
    ]
    for task in own:
        task.add_done_callback(lambda done: _stop_on_failure(done, stop))
    ended = asyncio.create_task(_end(own, stop, leadership), name="end")
    ended.add_done_callback(lambda _: _end_soon(int(not ending.is_asked), LAST_SECONDS_OF_WATCH))
    await asyncio.sleep(0)
    others = asyncio.all_tasks()
    try:
        tasks = await kopf.spawn_tasks(
            registry=watch.registry(),
            settings=operator_settings(services.settings),
            standalone=True,
            # Its own would ask for the name of user 65532, which an image need not have.
            identity=Identity(socket.gethostname()),
            clusterwide=not services.settings.namespaces,
            namespaces=services.settings.namespaces,
            stop_flag=stop,
            ready_flag=ready,
        )
        ending.heed_signals()  # kopf's own handlers take seconds, and fail on a second signal.
        await kopf.run_tasks(tasks, ignored=others)
    except Exception:
        log.exception("the watch failed")
    stop.set()
    await ended
    return 0 if ending.is_asked else 1


async def _end(tasks: Sequence[asyncio.Task[None]], stop: asyncio.Event, leadership: Leadership) -> None:
    """When it is time: end the work, then let another operator have it; kopf takes its time to end."""
    await stop.wait()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await leadership.release()


async def _connect(settings: Settings, profiles: Profiles, leadership: Leadership) -> Services:
    storage, known = Storage(settings, leadership.assert_held), Known()
    return Services(
        settings=settings,
        kube=await Kube.connect(settings.request_timeout, leadership.assert_held),
        storage=storage,
        records=Records(storage),
        follower=Follower(storage, settings.progress_interval, settings.status_interval),
        profiles=profiles,
        known=known,
        reservations=Reservations(),
        turns=Turns(known, settings),
    )


async def _work(key: Key, services: Services) -> float | None:
    with work.timed(key.kind):
        return await _RECONCILE[key.kind](key.namespace, key.name, services)


def _stop_on_failure(done: asyncio.Task[None], stop: asyncio.Event) -> None:
    if done.cancelled() or (error := done.exception()) is None:
        return
    log.error("%s failed: %s", done.get_name(), error, exc_info=error)
    stop.set()
    _end_soon(1)


def _end_soon(code: int, seconds: float = LAST_SECONDS) -> None:
    """Whatever hangs, the process ends: a dead watch must not look alive."""
    watchdog = threading.Timer(seconds, os._exit, (code,))
    watchdog.daemon = True
    watchdog.start()


if __name__ == "__main__":
    main()
