"""The dashboard and the alert rules as files: what Grafana and Prometheus are given, and where people read on."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import vectorizer_operator.__main__  # noqa: F401 - with it every counter is there
import yaml
from prometheus_client import REGISTRY
from vectorizer_dev.dashboard import FILE, dashboard
from vectorizer_dev.platform import REPOSITORY
from vectorizer_operator.fleet import Fleet
from vectorizer_operator.known import Known

PAGE = REPOSITORY / "docs" / "alerts.md"
WIDTH = 24


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load((FILE.parent / "alerts.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(FILE.read_text())["panels"]
    return found


def expressions() -> Iterator[str]:
    yield from (rule["expr"] for rule in alerts())
    yield from (target["expr"] for panel in panels() for target in panel.get("targets", []))


def test_the_committed_dashboard_is_the_generated_one() -> None:
    assert FILE.read_text() == dashboard(), "run `make generate`"


def test_every_metric_that_is_asked_for_is_the_operators() -> None:
    families = [*REGISTRY.collect(), *Fleet(Known()).collect()]
    suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_count"), "info": ("_info",), "gauge": ("",)}
    there = {f"{family.name}{suffix}" for family in families for suffix in suffixes.get(family.type, ())}
    wanted = {name for expression in expressions() for name in re.findall(r"vectorizer_\w+", expression)}
    assert len(wanted) > 20
    assert wanted <= there


def test_panels_have_numbers_of_their_own_and_stand_beside_each_other() -> None:
    numbers = [panel["id"] for panel in panels()]
    assert len(set(numbers)) == len(numbers)
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= WIDTH
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells


def test_panels_read_the_data_source_that_is_chosen() -> None:
    variable = json.loads(FILE.read_text())["templating"]["list"][0]
    assert (variable["name"], variable["type"], variable["query"]) == ("datasource", "datasource", "prometheus")
    chosen = [panel["datasource"]["uid"] for panel in panels() if panel["type"] != "row"]
    assert set(chosen) == {"${datasource}"}


def test_queries_of_a_panel_have_letters_of_their_own() -> None:
    for panel in panels():
        letters = [target["refId"] for target in panel.get("targets", [])]
        assert letters == ["A", "B", "C"][: len(letters)], panel["title"]


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule["alert"])
def test_an_alert_says_how_bad_what_and_where_to_read_on(rule: dict[str, Any]) -> None:
    assert re.fullmatch(r"\d+m", rule["for"])
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert rule["annotations"]["summary"].endswith(".")
    assert rule["annotations"]["description"].endswith(".")
    assert rule["annotations"]["runbook_url"] == f"docs/alerts.md#{rule['alert'].lower()}"


def test_every_alert_has_a_paragraph_and_every_paragraph_an_alert() -> None:
    sections = re.findall(r"^## (\w+)\n\n\S", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sections == [rule["alert"] for rule in alerts()]
