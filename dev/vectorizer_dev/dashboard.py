"""The Grafana dashboard of the operator, written by `make generate` to where the chart takes it from."""

from collections.abc import Iterable, Sequence
from itertools import count
from pathlib import Path
from string import ascii_uppercase

from grafana_foundation_sdk.builders.common import StackingConfig
from grafana_foundation_sdk.builders.dashboard import Dashboard, DatasourceVariable, Row, ThresholdsConfig
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.builders.stat import Panel as Stat
from grafana_foundation_sdk.builders.timeseries import Panel as TimeSeries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import GraphDrawStyle, StackingMode
from grafana_foundation_sdk.models.dashboard import DashboardCursorSync, DataSourceRef, Threshold, ThresholdsMode

FILE = Path(__file__).parent.parent.parent / "helm" / "vectorizer-operator" / "files" / "dashboard.json"

_SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
_WIDTH = 24
_SHORTEST_BAR = "2m"
"""Two scrapes at least."""
_QUANTILES = (0.5, 0.95)
_UNDER_WAY = "Fetching|Preparing|Training|Evaluating|Publishing"

Query = tuple[str, str]
"""An expression, and the legend of its series."""


def dashboard() -> str:
    """Return the dashboard as JSON: rows of panels, each row with one subject."""
    built = (
        Dashboard("Vectorizer operator")
        .uid("vectorizer-operator")
        .description("Fine-tunes and the operator that carries them out. docs/alerts.md says what to do about what.")
        .tags(["vectorizer-operator"])
        .refresh("1m")
        .time("now-6h", "now")
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .readonly()
        .with_variable(DatasourceVariable("datasource").label("Data source").type("prometheus"))
    )
    numbers = count(1)
    for title, panels in _rows():
        built = built.with_row(Row(title).id(next(numbers)))
        for panel in panels:
            built = built.with_panel(panel.id(next(numbers)))
    return JSONEncoder(sort_keys=True, indent=2).encode(built.build()) + "\n"


def _rows() -> Iterable[tuple[str, Iterable[Stat | TimeSeries]]]:
    yield "Overview", _overview()
    yield "Runs by account", _accounts()
    yield "Runs: time and attempts", _runs()
    yield "Operator", _operator()
    yield "Object store", _storage()
    yield "API server", _api()


def _overview() -> Iterable[Stat | TimeSeries]:
    reds = [Threshold(0, "red"), Threshold(1, "green"), Threshold(2, "red")]
    yield _figure("Operators that lead", "sum(vectorizer_operator_leads) or vector(0)", "none", reds)
    yield _figure("Runs under way", f'sum(vectorizer_fine_tunes{{phase=~"{_UNDER_WAY}"}})', "none")
    yield _figure("Fine-tunes that wait", 'sum(vectorizer_fine_tunes{phase=~"Pending|Waiting|Queued"})', "none")
    yield _figure("Stale runs", "max(vectorizer_fine_tunes_stale)", "none", [Threshold(1, "red")])
    yield _figure("Age of the last progress", "max(vectorizer_progress_age_seconds)", "s", [Threshold(600, "red")])
    listed = "time() - max(vectorizer_last_resync_timestamp_seconds)"
    yield _figure("Since the last resync", listed, "s", [Threshold(300, "red")])
    yield _stack("Fine-tunes by phase", "none", ("sum by (phase) (vectorizer_fine_tunes)", "{{phase}}"))
    yield _stack("Waiting, by reason", "none", ("sum by (reason) (vectorizer_fine_tunes_waiting)", "{{reason}}"))
    yield _bars("Ended, by outcome", "vectorizer_fine_tunes_ended_total", "outcome")
    yield _bars("Failed, by reason", 'vectorizer_fine_tunes_ended_total{outcome="Failed"}', "reason")


def _accounts() -> Iterable[TimeSeries]:
    unfinished = ("sum by (account) (vectorizer_account_fine_tunes)", "{{account}}")
    yield _stack("Unfinished fine-tunes", "none", unfinished)
    yield _bars("Ended", "vectorizer_account_fine_tunes_ended_total", "account, outcome")
    yield _stack("GPUs at work", "none", ("sum by (account) (vectorizer_account_gpus)", "{{account}}"))
    told = "Of runs that ended or were deleted: each is counted as a whole then."
    yield _bars("GPU-seconds", "vectorizer_gpu_seconds_total", "account").unit("s").description(told)


def _runs() -> Iterable[TimeSeries]:
    yield _quantiles("Time in each phase", "vectorizer_phase_duration_seconds", "phase")
    yield _quantiles("From acceptance to end", "vectorizer_fine_tune_duration_seconds", "content_type")
    yield _quantiles("From creation to the first Job", "vectorizer_first_job_delay_seconds", "waited")
    yield _lines("Longest in a phase", "s", ("max by (phase) (vectorizer_phase_age_seconds)", "{{phase}}"))
    yield _bars("Attempts started", "vectorizer_attempts_started_total", "content_type")
    yield _bars("Attempts ended", "vectorizer_attempts_ended_total", "outcome, reason")


def _operator() -> Iterable[TimeSeries]:
    yield _lines(
        "Work queue",
        "none",
        ("sum(vectorizer_work_queue_depth)", "waiting"),
        ("sum(vectorizer_work_queue_active)", "in work"),
    )
    yield _quantiles("Wait in the work queue", "vectorizer_work_queue_wait_seconds")
    yield _rates("Reconciles", "vectorizer_reconcile_duration_seconds_count", "kind")
    yield _quantiles("Time of a reconcile", "vectorizer_reconcile_duration_seconds", "kind")
    yield _bars("Errors of reconciles", "vectorizer_reconcile_errors_total", "kind, reason")
    yield _rates("Events of the watch", "vectorizer_watch_events_total", "kind")
    yield _lines("Objects known", "none", ("sum by (kind) (vectorizer_known_objects)", "{{kind}}"))
    memory = "process_resident_memory_bytes and on (job, instance) vectorizer_operator_info"
    yield _lines("Memory", "bytes", (memory, "{{instance}}"))


def _storage() -> Iterable[TimeSeries]:
    requests = "vectorizer_storage_requests_total"
    yield _rates("Requests by operation", requests, "operation")
    yield _rates("Requests by outcome", requests, "outcome")
    yield _quantiles("Time of a request", "vectorizer_storage_request_duration_seconds", "operation")
    yield _rates("Credentials asked of STS", f'{requests}{{operation="AssumeRole"}}', "outcome")


def _api() -> Iterable[TimeSeries]:
    yield _rates("Requests by verb and resource", "vectorizer_api_requests_total", "verb, resource")
    yield _rates("Requests by code", "vectorizer_api_requests_total", "code")
    yield _quantiles("Time of a request", "vectorizer_api_request_duration_seconds", "verb")


def _figure(title: str, expression: str, unit: str, reds: Sequence[Threshold] = ()) -> Stat:
    """One number, green but where a threshold says otherwise."""
    thresholds = ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps([Threshold(color="green"), *reds])
    panel = Stat().title(title).datasource(_SOURCE).unit(unit).height(4).span(_WIDTH // 6)
    return panel.thresholds(thresholds).with_target(_query(expression, title).instant())


def _lines(title: str, unit: str, *queries: Query) -> TimeSeries:
    panel = TimeSeries().title(title).datasource(_SOURCE).unit(unit).min(0).height(8).span(_WIDTH // 3).line_width(1)
    for letter, (expression, legend) in zip(ascii_uppercase, queries, strict=False):
        panel = panel.with_target(_query(expression, legend, letter))
    return panel


def _stack(title: str, unit: str, *queries: Query) -> TimeSeries:
    return _lines(title, unit, *queries).fill_opacity(40).stacking(StackingConfig().mode(StackingMode.NORMAL))


def _bars(title: str, counter: str, labels: str) -> TimeSeries:
    """How often something rare happened, a bar for each step of time."""
    query = (f"sum by ({labels}) (increase({counter}[$__interval]))", _legend(labels))
    panel = _stack(title, "none", query).draw_style(GraphDrawStyle.BARS).fill_opacity(80).decimals(0)
    return panel.interval(_SHORTEST_BAR)


def _rates(title: str, counter: str, labels: str) -> TimeSeries:
    """How often something frequent happens, a second."""
    return _lines(title, "ops", (f"sum by ({labels}) (rate({counter}[$__rate_interval]))", _legend(labels)))


def _quantiles(title: str, histogram: str, label: str = "") -> TimeSeries:
    """The median and what one in twenty exceeds, by a label where there is one."""
    by, legend = (f"le, {label}", f"{{{{{label}}}}} ") if label else ("le", "")
    buckets = f"sum by ({by}) (rate({histogram}_bucket[$__rate_interval]))"
    queries = ((f"histogram_quantile({part}, {buckets})", f"{legend}p{100 * part:.0f}") for part in _QUANTILES)
    return _lines(title, "s", *queries)


def _legend(labels: str) -> str:
    return " ".join(f"{{{{{label.strip()}}}}}" for label in labels.split(","))


def _query(expression: str, legend: str, letter: str = "A") -> Dataquery:
    return Dataquery().ref_id(letter).expr(expression).legend_format(legend)


def write() -> None:
    """Write the dashboard to its file."""
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text(dashboard(), encoding="utf-8")


if __name__ == "__main__":
    write()
