"""Lives through faults, side by side on one cluster, each compared with the lives that met no fault."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Protocol

import yaml
from kubernetes import client
from urllib3.util import Retry
from vectorizer_api.content import ContentType
from vectorizer_trainer.bases import ensure_base

from vectorizer_dev.acted_run import PARKED
from vectorizer_dev.cluster import DevelopmentCluster
from vectorizer_dev.faults.intermediary import background, pass_on
from vectorizer_dev.faults.lane import Lane, Surroundings, open_lane
from vectorizer_dev.faults.ledger import Ledger
from vectorizer_dev.faults.life import Lived, Stuck, live
from vectorizer_dev.faults.writes import Write
from vectorizer_dev.platform import PROFILES, apply_manifests, create_operator_account, publish_bases
from vectorizer_dev.tenant import make_tenant


class Inflicted(Protocol):
    """A fault at work."""

    @property
    def happened(self) -> bool:
        """Whether the operator met it."""

    def objections(self, repeated: Counter[str]) -> list[str]:
        """What should not have been done again, of all that was done more often than in a life without faults."""


class Plan(Protocol):
    """One fault for one life."""

    @property
    def name(self) -> str:
        """For people."""

    def inflicted(self, lane: Lane, ledger: Ledger) -> AbstractContextManager[Inflicted]:
        """The fault, until the context is left."""


@dataclass(frozen=True)
class Usual:
    """What lives without faults have in common."""

    lived: Lived
    writes: Sequence[Write]
    """Those that come in every such life, in their order."""
    taken: Ledger
    """How often each write is done at most."""


@dataclass(frozen=True)
class Verdict:
    """What came of a plan."""

    plan: str
    seconds: float
    happened: bool
    faults: Sequence[str]
    """In what the life was not like the fault-free ones."""
    repeated: Counter[str]
    """The writes that were done more often."""

    @property
    def is_good(self) -> bool:
        """Whether the fault was met, and changed nothing."""
        return self.happened and not self.faults


@dataclass(frozen=True)
class Field:
    """A cluster, and the lanes on it."""

    cluster: DevelopmentCluster
    lanes: Sequence[Lane]


class Unlike(Exception):  # noqa: N818
    """Lives without faults differ: nothing can be compared with them."""


def usual(lanes: Sequence[Lane]) -> Usual:
    """Live one life without faults in each lane, at the same time.

    Raises Unlike where they differ, Stuck where one does not go on.
    """
    with ThreadPoolExecutor(len(lanes)) as threads:
        lives = list(threads.map(_without_faults, lanes))
    first, ledger = lives[0]
    differences = [found for lived, _ in lives[1:] for found in first.differences(lived)]
    if differences:
        raise Unlike("; ".join(differences))
    common = set.intersection(*(set(noted.asked) for _, noted in lives))
    most: Counter[str] = Counter()
    for _, noted in lives:
        most |= noted.taken
    return Usual(first, [write for write in ledger.asked if write in common], Ledger(taken=most))


def tried(plans: Iterable[Plan], lanes: Sequence[Lane], wanted: Usual) -> Iterator[Verdict]:
    """Try each plan in whatever lane is free; the verdicts come as they fall."""
    free = SimpleQueue[Lane]()
    for lane in lanes:
        free.put(lane)

    def judged(plan: Plan) -> Verdict:
        lane = free.get()
        try:
            return _judged(plan, lane, wanted)
        finally:
            free.put(lane)

    with ThreadPoolExecutor(len(lanes)) as threads:
        coming = [threads.submit(judged, plan) for plan in plans]
        try:
            for done in as_completed(coming):
                yield done.result()
        finally:
            # Who interrupts this waits for no more than what has begun.
            threads.shutdown(wait=False, cancel_futures=True)


@contextmanager
def opened(folder: Path, lanes: int, report: Callable[[str], None]) -> Iterator["Field"]:
    """One cluster with so many lanes, until the context is left."""
    with DevelopmentCluster.start(folder, report) as cluster, background() as network, ExitStack() as stack:
        base = ensure_base(ContentType.TEXT)
        publish_bases(cluster.object_store.client(), [base])
        apply_manifests(cluster)
        (cluster.folder / "profiles.yaml").write_text(yaml.safe_dump(_PROFILES))
        account = create_operator_account(cluster)
        around = Surroundings(cluster, account, {ContentType.TEXT: base.name}, network)
        with _patient(cluster.api_client()) as api:
            store, admin = cluster.object_store.client(), cluster.object_store.admin()
            tenants = [make_tenant(api, store, admin) for _ in range(lanes)]
            yield Field(cluster, [stack.enter_context(open_lane(around, tenant)) for tenant in tenants])


_PASSING = (429, 500, 502, 503, 504)
_PARKED = {"nodeSelector": PARKED, "maxDurationSeconds": 1800}
_PROFILES = {**PROFILES, "fetch": _PARKED, "profiles": {"default": _PARKED, "parked": _PARKED}}


def _patient(api: client.ApiClient) -> client.ApiClient:
    """The same client for those who act in a life: to them, a server that restarts is slow and nothing else."""
    retries = Retry(total=60, backoff_factor=0.1, backoff_max=2, allowed_methods=None, status_forcelist=_PASSING)
    api.rest_client.pool_manager.connection_pool_kw["retries"] = retries
    return api


def _without_faults(lane: Lane) -> tuple[Lived, Ledger]:
    ledger = Ledger()
    with lane.treated(ledger.over(pass_on)):
        return live(lane.tenant, lane.new_name()), ledger


def _judged(plan: Plan, lane: Lane, wanted: Usual) -> Verdict:
    ledger, began, name = Ledger(), time.monotonic(), lane.new_name()
    with plan.inflicted(lane, ledger) as fault:
        try:
            faults = wanted.lived.differences(live(lane.tenant, name))
        except Stuck as error:
            faults = [f"it is stuck: {error}"]
        except Exception as error:  # noqa: BLE001 - one plan's trouble must not end the others
            faults = [f"{type(error).__name__}: {error}"]
    lane.clear(name)
    repeated = ledger.repeated(wanted.taken)
    twice = [f"{name} was done twice" for name in ledger.doubled()]
    seconds = time.monotonic() - began
    return Verdict(plan.name, seconds, fault.happened, [*faults, *twice, *fault.objections(repeated)], repeated)
