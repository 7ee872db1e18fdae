"""What Prometheus reads of the real operator: each alert and each panel asks for what there is."""

import json
import math
import subprocess
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from vectorizer_api.run import Stage
from vectorizer_dev.dashboard import FILE as DASHBOARD
from vectorizer_dev.platform import Platform
from vectorizer_dev.prometheus import Answer, Prometheus
from vectorizer_dev.tenant import Tenant
from vectorizer_dev.tools import MonitoringTools
from vectorizer_dev.waiting import eventually

DIMENSION = 384
MACROS = {"$__rate_interval": "5m", "$__interval": "5m"}
OF_PROMETHEUS = {"job", "instance", "le"}


def panels() -> list[tuple[str, str]]:
    """The title and the expression of each query of the dashboard."""
    found = json.loads(DASHBOARD.read_text())["panels"]
    return [(f"{panel['title']}", target["expr"]) for panel in found for target in panel.get("targets", [])]


def written_out(expression: str) -> str:
    for macro, value in MACROS.items():
        expression = expression.replace(macro, value)
    return expression


def nodes(tree: object) -> Iterator[Answer]:
    """Every node of an expression's tree."""
    if isinstance(tree, dict):
        yield tree
        for value in tree.values():
            yield from nodes(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from nodes(value)


@pytest.fixture(scope="module", autouse=True)
def runs(prometheus: Prometheus, tenant: Tenant) -> None:
    """One run that succeeds, one that fails, one that waits and one that is at work."""
    eventually(lambda: prometheus.query("vectorizer_operator_info"))

    def ask(**spec: Any) -> dict[str, Any]:
        return tenant.ask(f"n-{uuid.uuid4().hex[:8]}", **spec)

    good, bad, at_work = ask(), ask(), ask()
    ask(profile="no-such-profile")
    run = tenant.run_of(good)
    run.run()
    run.say(Stage.TUNING, 50)
    tenant.until(good["metadata"]["name"], "Running", "True")
    eventually(lambda: tenant.status(good["metadata"]["name"])["phase"] == "Training")
    run.succeed(DIMENSION)
    tenant.run_of(bad).end(64)
    tenant.run_of(at_work).run()
    tenant.until(at_work["metadata"]["name"], "Running", "True")
    for body in (good, bad):
        tenant.ended(body["metadata"]["name"])
    account = tenant.account.name
    eventually(lambda: prometheus.query(f'sum(vectorizer_account_fine_tunes_ended_total{{account="{account}"}}) == 2'))


def asked(prometheus: Prometheus, expression: str) -> list[tuple[str, set[str]]]:
    """The metrics that an expression selects, each with the labels that it matches."""
    selectors = [node for node in nodes(prometheus.parse(expression)) if "matchers" in node]
    return [
        (selector["name"], {matcher["name"] for matcher in selector["matchers"]} - {"__name__"})
        for selector in selectors
    ]


def grouped(prometheus: Prometheus, expression: str) -> set[str]:
    """The labels that an expression groups by."""
    return {label for node in nodes(prometheus.parse(expression)) for label in node.get("grouping") or []}


def expressions(alerts: Path) -> dict[str, str]:
    rules = [rule for group in yaml.safe_load(alerts.read_text())["groups"] for rule in group["rules"]]
    of_rules = {rule["alert"]: rule["expr"] for rule in rules}
    return of_rules | {f"{title}: {expr}": written_out(expr) for title, expr in panels()}


def test_every_metric_and_every_label_that_is_asked_for_exists(prometheus: Prometheus, alerts: Path) -> None:
    for name, expression in expressions(alerts).items():
        selected, there = asked(prometheus, expression), set(OF_PROMETHEUS)
        assert selected, name
        for metric, matched in selected:
            labels = prometheus.labels_of(metric)
            assert labels, f"{name}: there is no {metric}"
            assert matched <= labels, f"{name}: {metric} has no label {matched - labels}"
            there |= labels
        assert grouped(prometheus, expression) <= there, name


def test_every_rule_is_evaluated_without_a_fault(prometheus: Prometheus, alerts: Path) -> None:
    expected = sum(len(group["rules"]) for group in yaml.safe_load(alerts.read_text())["groups"])
    eventually(lambda: all(rule["health"] != "unknown" for rule in prometheus.rules()))
    rules = prometheus.rules()
    assert [rule["name"] for rule in rules if rule["health"] != "ok"] == []
    assert len(rules) == expected


def test_nothing_is_alarming_about_an_operator_at_work(prometheus: Prometheus) -> None:
    assert prometheus.query('ALERTS{alertname!="VectorizerRunsWaitForPlatform"}') == []


@pytest.mark.parametrize(("title", "expression"), panels())
def test_every_panel_shows_figures(prometheus: Prometheus, title: str, expression: str) -> None:
    def finite() -> list[float]:
        values = [float(series["value"][1]) for series in prometheus.query(written_out(expression))]
        return [value for value in values if not math.isnan(value)]

    assert eventually(finite, 20), title


def test_the_metrics_follow_the_conventions(platform: Platform, monitoring_tools: MonitoringTools) -> None:
    with urllib.request.urlopen(f"http://{platform.metrics_address}/metrics", timeout=10) as answer:
        told = answer.read()
    done = subprocess.run([monitoring_tools.promtool, "check", "metrics"], input=told, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
