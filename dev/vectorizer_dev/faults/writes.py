"""Which of the operator's calls write, by names that are the same in every life."""

import json
import re
from collections import Counter
from typing import Any, NamedTuple
from urllib.parse import unquote

from vectorizer_dev.faults.intermediary import Call, Service

_READS = frozenset({"GET", "HEAD"})
_CHILD = re.compile(r"-([ft]\d+)$")
_UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class Write(NamedTuple):
    """The `occurrence`-th write of this name in a life, counted from 1."""

    name: str
    occurrence: int

    def __str__(self) -> str:
        return self.name if self.occurrence == 1 else f"{self.name} ({self.occurrence})"


def name_of(call: Call) -> str | None:
    """What the call writes, or None where it only reads."""
    if call.method in _READS:
        return None
    return _of_api(call) if call.service is Service.API else _of_store(call)


class Count:
    """Numbers the writes of a life as they come."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def next(self, name: str) -> Write:
        """The write of that name that comes now."""
        self._seen[name] += 1
        return Write(name, self._seen[name])


def _of_api(call: Call) -> str:
    body: dict[str, Any] = json.loads(call.body) if call.body else {}
    _, _, inside = call.path.partition("/namespaces/")
    plural, *rest = inside.split("/")[1:]
    name = rest[0] if rest else body["metadata"]["name"]
    if rest[1:] == ["status"]:
        return f"{call.method} {plural}/status {_said(body['status'])}"
    if plural == "events":
        return f"{call.method} {plural} {body['reason']}"
    child = _CHILD.search(name)
    changed = sorted(body.get("metadata", {}).get("finalizers", [])) if call.method == "PATCH" and not child else []
    return " ".join([call.method, plural, *([child[1]] if child else []), *changed])


def _said(status: dict[str, Any]) -> str:
    reasons = {item["type"]: item["reason"] for item in status.get("conditions", [])}
    attempt = status.get("attempts", {}).get("current")
    told = [status.get("phase"), reasons.get("Running") or reasons.get("Ready"), attempt]
    return " ".join(str(word) for word in told if word is not None)


def _of_store(call: Call) -> str:
    if call.path == "/":
        return "AssumeRole"
    _, _, place = unquote(call.path).removeprefix("/").partition("/")
    if not place:
        return "POST delete objects"
    place = _UID.sub("UID", place)
    method = "COPY" if "x-amz-copy-source" in call.headers else call.method
    folder, _, file = place.partition("/")
    return f"{method} {folder}/{file.partition('/')[2] or 'NAME'}"
