import json
from dataclasses import asdict, replace

import pytest
from scale.fairness import largest_spec
from scale.figures import Latency, exponent, growth_per_thousand
from scale.operators import Figures
from scale.results import Failover, Fairness, Lives, Result, Size, Throughput, growth, summarise
from scale.table import markdown, plot
from vectorizer_api.fine_tune import FineTune

_TOLD = """\
# TYPE vectorizer_api_requests counter
vectorizer_api_requests_total{verb="create",resource="jobs",code="201"} 3.0
vectorizer_api_requests_total{verb="create",resource="jobs",code="409"} 1.0
vectorizer_api_requests_total{verb="get",resource="jobs",code="200"} 5.0
vectorizer_api_requests_total{verb="patch",resource="leases",code="200"} 70.0
# TYPE vectorizer_storage_requests counter
vectorizer_storage_requests_total{operation="PutObject",outcome="success"} 2.0
vectorizer_storage_requests_total{operation="HeadObject",outcome="not_found"} 9.0
# TYPE vectorizer_known_objects gauge
vectorizer_known_objects{kind="VectorizerFineTune"} 4.0
vectorizer_known_objects{kind="CustomVectorizer"} 3.0
vectorizer_known_objects{kind="Pod"} 8.0
"""


def _size(fine_tunes: int, scale: float = 1.0) -> Size:
    return Size(
        fine_tunes=fine_tunes,
        planted=0,
        running=fine_tunes // 10,
        job=Latency(10, 20),
        started=Latency(30 * scale, 60 * scale),
        throughput=Throughput(fine_tunes, 5, 40, {"create jobs": 1.0, "get jobs": 2.5}, {"PutObject": 3.0}),
        rss_mib=90 * scale,
        idle_s=60,
        idle_writes=0,
        idle_cpu_percent=1.5,
        restart_s=2 * scale,
        restarted_rss_mib=95,
        restarted_peak_mib=120,
        killed=Failover(10.5, 11),
        asked_to_end=Failover(0.5, 1),
    )


class TestLatency:
    def test_is_the_median_and_the_95th_percentile_in_milliseconds(self) -> None:
        latency = Latency.of([index / 1000 for index in range(101)])
        assert latency.p50 == pytest.approx(50)
        assert latency.p95 == pytest.approx(95)

    def test_of_two_times_it_lies_between_them(self) -> None:
        latency = Latency.of([1.0, 2.0])
        assert 1000 <= latency.p50 <= latency.p95 <= 2000


class TestGrowth:
    @pytest.mark.parametrize("power", [0.0, 1.0, 2.0])
    def test_the_exponent_of_a_power_is_found(self, power: float) -> None:
        sizes = [100, 1_000, 5_000]
        assert exponent(sizes, [3 * size**power for size in sizes]) == pytest.approx(power)

    def test_one_size_and_values_of_zero_have_none(self) -> None:
        assert exponent([100, 100], [1, 2]) is None
        assert exponent([100, 1_000], [0, 2]) is None

    def test_memory_is_judged_by_the_later_half(self) -> None:
        counts, warm = [250, 500, 750, 1_000], [60, 80, 80, 81]
        assert growth_per_thousand(counts, warm) == pytest.approx(4.0)
        assert growth_per_thousand([50], [80]) is None

    def test_a_size_without_lives_takes_no_part_in_their_growth(self) -> None:
        sizes = [_size(100), replace(_size(1_000), throughput=None), _size(5_000)]
        assert growth(sizes)["completed_per_s"] == pytest.approx(0.0)


class TestFigures:
    def test_requests_are_summed_over_their_answers_and_the_lease_is_none_of_them(self) -> None:
        told = Figures.read(_TOLD)
        assert told.api_calls == {"create jobs": 4.0, "get jobs": 5.0}
        assert told.s3_calls == {"PutObject": 2.0, "HeadObject": 9.0}

    def test_writes_are_those_that_change_something(self) -> None:
        assert Figures.read(_TOLD).writes == 6.0

    def test_what_is_reconciled_are_fine_tunes_and_vectorizers(self) -> None:
        assert Figures.read(_TOLD).known == 7.0


class TestSummary:
    def test_names_what_is_compared(self) -> None:
        fairness = Fairness(Latency(40, 80), Latency(100, 300), 1500, 100.0, 190_000, 15.0, 130.0)
        result = Result(
            [_size(100), _size(1_000, 2.0), _size(5_000, 3.0)], Lives([50, 100], [80, 80], 0.0, 5), fairness
        )
        summary = summarise(result)
        assert (summary.job_latency_p50_ms, summary.job_latency_p95_ms) == (60, 120)
        assert (summary.rss_mib_5000, summary.restart_s_5000, summary.failover_s) == (270, 6, 11)
        assert (summary.idle_writes, summary.api_calls_per_run, summary.s3_calls_per_run) == (0, 3.5, 3)
        assert (summary.lives, summary.fairness_ratio) == (100, 2.5)

    def test_what_did_not_run_is_null(self) -> None:
        summary = json.loads(json.dumps(asdict(summarise(Result([_size(100)], missed=["lives: the disk is full"])))))
        unknown = ("job_latency_p50_ms", "rss_mib_5000", "restart_s_5000", "lives", "fairness_ratio")
        assert [summary[name] for name in unknown] == [None] * len(unknown)
        assert summary["missed"] == ["lives: the disk is full"]


class TestTelling:
    def test_the_table_has_a_column_for_each_size_and_how_it_grows(self) -> None:
        table = markdown(Result([_size(100), _size(1_000, 10.0)]))
        assert "| figure | 100 CRs, 10 run | 1,000 CRs, 100 run | grows as n^ |" in table
        assert "| restart -> all reconciled, s | 2.0 | 20.0 | 1.00 |" in table

    def test_the_plot_shows_sizes_and_lives(self) -> None:
        drawn = plot(Result([_size(100), _size(1_000)], Lives([50, 100], [80, 81], 0.0, 5)))
        assert drawn.count("<polyline") == 2 + 3 + 3 + 1

    def test_nothing_measured_is_told_and_drawn_as_nothing(self) -> None:
        nothing = Result(missed=["100 fine-tunes: it broke"])
        assert markdown(nothing) == "\nDid not run: 100 fine-tunes: it broke"
        assert "<polyline" not in plot(nothing)


def test_the_largest_spec_is_one_that_the_api_takes() -> None:
    spec = {"contentType": "Text", "customVectorizerName": "large", "downloadFromBatchCloudFolder": True}
    fine_tune = FineTune.model_validate({"metadata": {"name": "large"}, "spec": {**spec, **largest_spec()}})
    assert sum(map(len, fine_tune.spec.file_urls)) == 180_000
