"""What the watch has told so far: the objects by kind and name, and which versions of them were delivered.

Only a newer version replaces an older one, so that events may come late, twice or in the wrong order.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeVar

from vectorizer_api.names import ACCOUNT_LABEL, FINE_TUNE_LABEL, RUN_UID_LABEL

from vectorizer_operator.kube import FINE_TUNES, JOBS, NAMESPACES, PODS, VECTORIZERS, Kind, Object

WATCHED: tuple[Kind, ...] = (NAMESPACES, FINE_TUNES, VECTORIZERS, JOBS, PODS)
T = TypeVar("T")
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


class Key(NamedTuple):
    """Which object; the namespace of a Namespace is empty."""

    kind: str
    namespace: str
    name: str


def key_of(kind: Kind, body: Object) -> Key:
    """The object's key."""
    return Key(kind.kind, body["metadata"].get("namespace") or "", body["metadata"]["name"])


def version_of(body: Object) -> int:
    """The object's resourceVersion, which grows with every write to the cluster."""
    return int(body["metadata"]["resourceVersion"])


def condition(body: Object, type_: str) -> Object | None:
    """The condition of that type in the object's status."""
    found: list[Object] = (body.get("status") or {}).get("conditions") or []
    return next((item for item in found if item["type"] == type_), None)


def is_true(body: Object, type_: str) -> bool:
    """Whether the condition of that type is True."""
    return (condition(body, type_) or {}).get("status") == "True"


def is_finished(fine_tune: Object) -> bool:
    """Whether a fine-tune is Complete or Failed."""
    return is_true(fine_tune, "Complete") or is_true(fine_tune, "Failed")


def named_vectorizers(fine_tune: Object) -> list[str]:
    """What people call the vectorizers that a fine-tune is to use: the one to start from and the one to sample with."""
    spec = fine_tune["spec"]
    named = (spec.get("startingCustomVectorizerName"), spec.get("customVectorizerNameForSampling"))
    return [name for name in dict.fromkeys(named) if name]


class Known:
    """The objects as last seen."""

    def __init__(self) -> None:
        self._objects: dict[str, dict[Key, Object]] = defaultdict(dict)
        """By kind."""
        self._delivered: dict[Key, int] = {}
        self._unfinished: dict[str, set[str]] = defaultdict(set)
        self._pods: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._jobs: dict[tuple[str, str], set[str]] = defaultdict(set)
        """By namespace and name of the fine-tune, as their label says."""
        self._departed: dict[Key, list[Object]] = defaultdict(list)

    def __len__(self) -> int:
        return sum(map(len, self._objects.values()))

    def deliver(self, kind: Kind, body: Object) -> bool:
        """Take an object from the watch; True where the watch has not told of it before.

        An own write is known before the watch tells of it, and still concerns others when it does.
        """
        key, version = key_of(kind, body), version_of(body)
        self.update(kind, body)
        if version <= self._delivered.get(key, 0):
            return False
        self._delivered[key] = version
        return True

    def update(self, kind: Kind, body: Object) -> bool:
        """Take an object from a list or from an own write; True where it is news."""
        key = key_of(kind, body)
        if (old := self._objects[key.kind].get(key)) is not None and version_of(old) >= version_of(body):
            return False
        if old is not None:
            self._unindex(key, old)
            if old["metadata"].get("uid") != body["metadata"].get("uid"):
                self._depart(key, old)
        self._objects[key.kind][key] = _slim(body)
        self._index(key, body)
        return True

    def remove(self, key: Key, version: int) -> Object | None:
        """Forget an object that was gone at `version`; what was known of it, unless that is newer."""
        if (old := self._objects[key.kind].get(key)) is None or version_of(old) > version:
            return None
        del self._objects[key.kind][key]
        self._delivered.pop(key, None)
        self._unindex(key, old)
        self._depart(key, old)
        return old

    def delivered(self, key: Key) -> int:
        """The newest version of the object that the watch itself has delivered; 0 for none."""
        return self._delivered.get(key, 0)

    def get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        """The object as last seen."""
        return self._objects[kind.kind].get(Key(kind.kind, namespace, name))

    def account(self, namespace: str) -> str:
        """The account that the namespace was last seen to be; empty where it is none."""
        body = self.get(NAMESPACES, "", namespace) or {"metadata": {}}
        return str((body["metadata"].get("labels") or {}).get(ACCOUNT_LABEL, ""))

    def keys(self, kind: Kind) -> list[Key]:
        """The keys of all known objects of a kind."""
        return list(self._objects[kind.kind])

    def unfinished(self, namespace: str) -> Iterator[Object]:
        """The fine-tunes of a namespace that are neither Complete nor Failed."""
        return self._each(FINE_TUNES, namespace, sorted(self._unfinished.get(namespace, ())))

    def departed(self, namespace: str, name: str) -> list[Object]:
        """The fine-tunes of that name that are gone, each told of once: what is kept for them may go."""
        return self._departed.pop(Key(FINE_TUNES.kind, namespace, name), [])

    def pods(self, namespace: str, run_uid: str) -> Iterator[Object]:
        """The Pods of a run; those of an earlier object of the same name are not among them."""
        return self._each(PODS, namespace, sorted(self._pods.get((namespace, run_uid), ())))

    def is_going(self, namespace: str) -> bool:
        """Whether the namespace is being deleted, with everything in it."""
        return "deletionTimestamp" in (self.get(NAMESPACES, "", namespace) or {"metadata": {}})["metadata"]

    def jobs_of(self, namespace: str, fine_tune: str) -> list[Object]:
        """The Jobs of every fine-tune that has, or had, this name."""
        return list(self._each(JOBS, namespace, sorted(self._jobs.get((namespace, fine_tune), ()))))

    def _each(self, kind: Kind, namespace: str, names: Iterable[str]) -> Iterator[Object]:
        return (body for name in names if (body := self.get(kind, namespace, name)) is not None)

    def _depart(self, key: Key, body: Object) -> None:
        if key.kind == FINE_TUNES.kind:
            self._departed[key].append(body)

    def _index(self, key: Key, body: Object) -> None:
        if key.kind == FINE_TUNES.kind:
            self._unfinished[key.namespace].add(key.name) if not is_finished(body) else None
        elif key.kind == PODS.kind:
            self._pods[key.namespace, _label(body, RUN_UID_LABEL)].add(key.name)
        elif key.kind == JOBS.kind:
            self._jobs[key.namespace, _label(body, FINE_TUNE_LABEL)].add(key.name)

    def _unindex(self, key: Key, body: Object) -> None:
        if key.kind == FINE_TUNES.kind:
            _discard(self._unfinished, key.namespace, key.name)
        elif key.kind == PODS.kind:
            _discard(self._pods, (key.namespace, _label(body, RUN_UID_LABEL)), key.name)
        elif key.kind == JOBS.kind:
            _discard(self._jobs, (key.namespace, _label(body, FINE_TUNE_LABEL)), key.name)


def _label(body: Object, label: str) -> str:
    return str((body["metadata"].get("labels") or {}).get(label, ""))


def _discard(index: dict[T, set[str]], place: T, name: str) -> None:
    """Take the name out, and with the last one the place: runs come and go for as long as the process lives."""
    index[place].discard(name)
    if not index[place]:
        del index[place]


def _slim(body: Object) -> Object:
    """Without what nobody reads: with thousands of objects it is most of the memory."""
    metadata = {name: value for name, value in body["metadata"].items() if name != "managedFields"}
    if _LAST_APPLIED in (metadata.get("annotations") or {}):
        metadata["annotations"] = {k: v for k, v in metadata["annotations"].items() if k != _LAST_APPLIED}
    return {**body, "metadata": metadata}
