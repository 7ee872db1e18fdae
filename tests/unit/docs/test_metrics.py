"""docs/metrics.md: each metric of the operator with its labels, in the words that it has for Prometheus."""

import re
from pathlib import Path

import vectorizer_operator.__main__  # noqa: F401 - with it every counter is there
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase
from vectorizer_operator.fleet import Fleet
from vectorizer_operator.known import Known

PAGE = Path(__file__).parents[3] / "docs" / "metrics.md"
SUFFIXES = {"counter": "_total", "info": "_info"}
OURS = "vectorizer_"


def counted() -> dict[str, tuple[list[str], str]]:
    """What is counted as it happens: by name, the labels and the help."""
    collectors = [one for one in REGISTRY._collector_to_names if isinstance(one, MetricWrapperBase)]
    return {
        f"{one._name}{SUFFIXES.get(str(one._type), '')}": (
            ["version"] if one._type == "info" else list(one._labelnames),
            one._documentation,
        )
        for one in collectors
        if one._name.startswith(OURS)
    }


def read_off() -> dict[str, tuple[list[str], str]]:
    """What is read off the objects; of accounts there are none here, so that their labels are written out."""
    of_accounts = {"vectorizer_account_fine_tunes": ["account", "phase"], "vectorizer_account_gpus": ["account"]}
    return {
        family.name: (
            list(family.samples[0].labels) if family.samples else of_accounts[family.name],
            family.documentation,
        )
        for family in Fleet(Known()).collect()
    }


def written() -> dict[str, tuple[list[str], str]]:
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \| ([^|]*) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return {name: (re.findall(r"`(\w+)`", labels), meaning) for name, labels, meaning in rows}


def test_the_page_lists_every_metric_with_its_labels_and_its_help_and_no_other() -> None:
    assert written() == counted() | read_off()


def test_no_label_takes_the_name_of_a_single_object() -> None:
    labels = {label for labels, _ in (counted() | read_off()).values() for label in labels}
    assert labels == {
        *("account", "code", "content_type", "kind", "operation", "outcome", "phase", "reason", "resource"),
        *("verb", "version", "waited"),
    }
