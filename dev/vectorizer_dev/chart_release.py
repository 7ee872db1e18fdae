"""The chart as it is installed on a development cluster, as tests handle it."""

import json
import re
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vectorizer_dev.helm import CHART, Helm
from vectorizer_dev.platform import OPERATOR, SYSTEM_NAMESPACE
from vectorizer_dev.ports import free_port
from vectorizer_dev.waiting import eventually

LONG = 180.0
"""Seconds that a busy machine may take until one operator has followed another."""
_ANSWERED = re.compile(r'^vectorizer_api_requests_total\{[^}]*code="(\w+)"[^}]*\} (\S+)', re.MULTILINE)


@dataclass
class Release:
    """The chart, installed with these values; its operator serves metrics on a port of this machine."""

    helm: Helm
    values: Mapping[str, Any]
    folder: Path
    """Takes the files of values."""
    notes: str = ""
    """What Helm said when it was installed."""
    ports: list[int] = field(default_factory=list)
    """The ports of the metrics, one for each revision that was asked for."""

    def install(self, *more: str, **changes: object) -> str:
        """Install or upgrade, with these values changed; the answer is what Helm says."""
        # Two operators overlap while one follows the other, and share the addresses of this machine.
        self.ports.append(free_port())
        metrics = {"address": "127.0.0.1", "port": self.ports[-1]}
        file = self.folder / f"values-{len(self.ports)}.json"
        file.write_text(json.dumps({**self.values, **changes, "metrics": metrics}))
        return self.run("upgrade", OPERATOR, str(CHART), "--install", f"--values={file}", *more)

    def run(self, *arguments: str) -> str:
        """Run Helm in the release's namespace; raises HelmError where it refuses."""
        return self.helm(*arguments, f"--namespace={SYSTEM_NAMESPACE}")

    def until_it_leads(self, port: int | None = None) -> None:
        """Wait until the operator behind a port, by default that of the last revision, is the one that works."""

        def leads_and_watches() -> bool:
            said = self.metrics(port)
            return "vectorizer_operator_leads 1" in said and "\nvectorizer_watch_events_total{" in said

        eventually(leads_and_watches, LONG)

    def metrics(self, port: int | None = None) -> str:
        """What its operator tells Prometheus, empty where none answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port or self.ports[-1]}/metrics", timeout=10) as answer:
                return str(answer.read().decode())
        except OSError:
            return ""

    def answers(self) -> Mapping[str, float]:
        """How often the API server answered the operator with each code."""
        found: dict[str, float] = {}
        for code, count in _ANSWERED.findall(self.metrics()):
            found[code] = found.get(code, 0) + float(count)
        return found
