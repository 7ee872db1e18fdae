"""A real Prometheus that reads an operator's metrics, and what it answers."""

import json
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.error import HTTPError
from urllib.parse import urlencode

import yaml

from vectorizer_dev.component import Component, Components
from vectorizer_dev.ports import free_port
from vectorizer_dev.probing import answers_well
from vectorizer_dev.tools import MonitoringTools

START_TIMEOUT = 60.0
JOB = "vectorizer-operator"
Answer = dict[str, Any]


class PrometheusError(RuntimeError):
    """Prometheus could not answer, or not without a remark; the message is its own."""


@dataclass(frozen=True)
class Prometheus:
    """A running Prometheus."""

    address: str
    component: Component

    def query(self, expression: str) -> list[Answer]:
        """Return the value of each series, as of now.

        Raises PrometheusError where the expression is wrong, and also where there is a warning about it.
        """
        return cast("list[Answer]", self._vector(self._ask("query", query=expression)))

    def parse(self, expression: str) -> Answer:
        """Return the tree of an expression; raises PrometheusError where it is none."""
        return cast("Answer", self._ask("parse_query", query=expression)["data"])

    def labels_of(self, metric: str) -> set[str]:
        """Return the names of the labels that series of the metric have; none where there is no such series."""
        found = cast("list[dict[str, str]]", self._ask("series", **{"match[]": metric})["data"])
        return {label for series in found for label in series}

    def rules(self) -> list[Answer]:
        """Return all rules with their health."""
        groups = self._ask("rules")["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]

    def is_ready(self) -> bool:
        """Whether it answers queries."""
        return answers_well(f"http://{self.address}/-/ready")

    def _ask(self, what: str, **parameters: str) -> Answer:
        try:
            with urllib.request.urlopen(
                f"http://{self.address}/api/v1/{what}?{urlencode(parameters)}", timeout=30
            ) as answer:
                said: Answer = json.loads(answer.read())
        except HTTPError as error:
            raise PrometheusError(f"{parameters}: {error.read().decode()}") from error
        if remarks := [*said.get("warnings", []), *said.get("infos", [])]:
            raise PrometheusError(f"{parameters}: {remarks}")
        return said

    @staticmethod
    def _vector(said: Answer) -> object:
        data = said["data"]
        return data["result"] if data["resultType"] == "vector" else [{"metric": {}, "value": data["result"]}]


def start_prometheus(
    tools: MonitoringTools, folder: Path, components: Components, target: str, rules: Sequence[Path]
) -> Prometheus:
    """Start Prometheus with its data below `folder`, reading `target` (host:port) and these rules once a second.

    Raises ComponentError where it does not start.
    """
    address = f"127.0.0.1:{free_port()}"
    configuration = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(path) for path in rules],
        "scrape_configs": [{"job_name": JOB, "static_configs": [{"targets": [target]}]}],
    }
    file = folder / "prometheus.yaml"
    file.write_text(yaml.safe_dump(configuration))
    command = [
        str(tools.prometheus),
        f"--config.file={file}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address={address}",
    ]
    started = Prometheus(address, components.start("prometheus", command))
    started.component.wait_ready(started.is_ready, START_TIMEOUT)
    return started
