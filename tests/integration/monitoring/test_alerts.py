"""The alert rules, by Prometheus's own tool: they load, each fires when it should, and is silent when it should be."""

import subprocess
from pathlib import Path

import yaml
from vectorizer_dev.tools import MonitoringTools

WORLDS = Path(__file__).with_name("alerts.test.yaml")


def test_the_rules_load(monitoring_tools: MonitoringTools, alerts: Path) -> None:
    done = subprocess.run(
        [monitoring_tools.promtool, "check", "rules", "--lint-fatal", alerts],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_fires_in_its_world_and_in_no_other(monitoring_tools: MonitoringTools) -> None:
    done = subprocess.run(
        [monitoring_tools.promtool, "test", "rules", WORLDS], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_of_each_alert_there_is_a_world_where_it_fires_and_one_where_it_is_silent(alerts: Path) -> None:
    rules = [rule["alert"] for group in yaml.safe_load(alerts.read_text())["groups"] for rule in group["rules"]]
    worlds = [world["name"].split()[:2] for world in yaml.safe_load(WORLDS.read_text())["tests"]]
    assert sorted(worlds) == sorted([name, verb] for name in rules for verb in ("fires", "is"))
