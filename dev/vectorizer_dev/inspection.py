"""What kubectl shows of a cluster: every object of a namespace, every Job that ever was, one command's answer."""

import json
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vectorizer_api.names import ATTEMPT_LABEL, RUN_UID_LABEL

from vectorizer_dev.cluster import DevelopmentCluster
from vectorizer_dev.waiting import eventually

COMPONENT_LABEL = "app.kubernetes.io/component"
_TOLD_ONLY = ("events", "events.events.k8s.io")
"""Kinds that speak of objects, also of those that are gone, and go by themselves."""


@dataclass(frozen=True)
class Kubectl:
    """The real kubectl, as the administrator."""

    program: Path
    kubeconfig: Path

    @classmethod
    def of(cls, cluster: DevelopmentCluster) -> "Kubectl":
        """That of a development cluster."""
        return cls(cluster.tools.kubectl, cluster.kubeconfig)

    def command(self, *arguments: str) -> list[str]:
        """The whole command line."""
        return [str(self.program), f"--kubeconfig={self.kubeconfig}", *arguments]

    def __call__(self, *arguments: str) -> str:
        """Its answer; raises CalledProcessError where it fails."""
        return subprocess.run(self.command(*arguments), check=True, capture_output=True, text=True).stdout

    def everything(self, namespace: str) -> list[Mapping[str, Any]]:
        """Every object of a namespace, of every kind that can be listed, Events aside."""
        kinds = self("api-resources", "--namespaced", "--verbs=list", "--output=name").split()
        wanted = ",".join(kind for kind in kinds if kind not in _TOLD_ONLY)
        found: list[Mapping[str, Any]] = json.loads(self("get", wanted, f"--namespace={namespace}", "--output=json"))[
            "items"
        ]
        return found

    def remains(self, namespace: str, run_uid: str) -> list[str]:
        """What is left of a run: `Kind/name` of each object that bears its UID, in a label, a reference or a field."""
        return [
            f"{item['kind']}/{item['metadata']['name']}"
            for item in self.everything(namespace)
            if run_uid in json.dumps(item)
        ]


@dataclass(frozen=True)
class JobHistory:
    """Every Job that a namespace has had since the watch began, by the attempt that it was for."""

    written: Path

    def uids(self) -> Mapping[tuple[str, str, str], set[str]]:
        """The UIDs of the Jobs of each run, component and attempt."""
        seen: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        for line in self.written.read_text().splitlines():
            run_uid, component, attempt, uid = line.split("|")
            if run_uid:
                seen[run_uid, component, attempt].add(uid)
        return seen

    def knows(self, job_uid: str) -> bool:
        """Whether the watch has told of this Job."""
        return job_uid in self.written.read_text()


@contextmanager
def job_history(kubectl: Kubectl, namespace: str, folder: Path) -> Iterator[JobHistory]:
    """Watch the Jobs of a namespace until the context is left."""
    labels = (RUN_UID_LABEL, COMPONENT_LABEL, ATTEMPT_LABEL)
    fields = "|".join(f"{{.metadata.labels.{label.replace('.', chr(92) + '.')}}}" for label in labels)
    line = f"jsonpath={fields}|{{.metadata.uid}}{{'\\n'}}"
    written = folder / f"jobs-{namespace}.txt"
    command = kubectl.command("get", "jobs", f"--namespace={namespace}", "--watch", "--output", line)
    with written.open("w") as output, subprocess.Popen(command, stdout=output) as process:
        try:
            eventually(lambda: process.poll() is None)
            yield JobHistory(written)
        finally:
            process.terminate()
            process.wait()
