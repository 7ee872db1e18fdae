import json
from dataclasses import asdict, replace

import pytest
from peers.catalogue import OURS
from peers.comparison import best_variants, exponent, rows, summarise
from peers.results import Point, Quality, Result
from peers.table import markdown, plot


def _quality(ndcg: float) -> Quality:
    return Quality(ndcg, ndcg / 2, ndcg / 3, 0.8)


def _result(method: str, *ndcgs: float, seconds: float = 10, examples: int = 1000, tunes: bool = True) -> Result:
    points = tuple(
        Point(seconds * turn, seconds * turn + 5, 100 * turn, _quality(ndcg)) for turn, ndcg in enumerate(ndcgs, 1)
    )
    chosen = max(range(len(ndcgs)), key=ndcgs.__getitem__)
    return Result("Text", examples, 0, method, "loss", tunes, points, chosen, ndcgs[chosen], 1000, 0.5)


OUR = _result(OURS, 0.55, 0.6)


class TestRows:
    def test_ratios_are_ours_over_theirs(self) -> None:
        peer = replace(_result("peer", 0.5, 0.56, seconds=40), peak=2000)
        row = rows([peer, OUR])[1]
        assert row.to_best == 80
        assert row.to_best_ratio == pytest.approx(20 / 80 if 0.55 < 0.99 * 0.56 else 10 / 80)
        assert row.full_ratio == pytest.approx(25 / 85)
        assert row.peak_ratio == 0.5

    def test_99_per_cent_of_the_peers_best_count_as_reached(self) -> None:
        row = rows([_result("peer", 0.5, 0.555, seconds=40), OUR])[1]
        assert row.to_best_ratio == pytest.approx(10 / 80)
        assert row.cold_to_best_ratio == pytest.approx(15 / 85)

    def test_a_best_that_ours_never_reached_has_no_ratio_of_time(self) -> None:
        row = rows([_result("peer", 0.7), OUR])[1]
        assert row.to_best_ratio is None
        assert row.cold_to_best_ratio is None

    def test_ours_comes_first_and_a_set_without_it_has_no_rows(self) -> None:
        assert [row.method for row in rows([_result("a peer", 0.5), OUR])] == [OURS, "a peer"]
        assert rows([_result("a peer", 0.5)]) == []

    def test_the_variant_that_is_best_on_the_examples_to_choose_on_stands_for_the_peer(self) -> None:
        worse = replace(_result("peer", 0.9), chosen_score=0.1, variant="worse")
        better = replace(_result("peer", 0.2), chosen_score=0.2, variant="better")
        assert [result.variant for result in best_variants([worse, better])] == ["better"]


class TestSummary:
    def test_ours_is_ahead_where_it_beats_every_tuning_peer_on_all_three_metrics(self) -> None:
        assert summarise([OUR, _result("peer", 0.5)], []).quality_ahead_of_best_peer is True
        one_metric = Quality(0.5, 0.2, 0.9, 0.8)
        peer = replace(_result("peer", 0.5), points=(Point(1, 2, 3, one_metric),))
        assert summarise([OUR, peer], []).quality_ahead_of_best_peer is False

    def test_a_peer_that_leaves_the_encoder_alone_sets_no_target(self) -> None:
        summary = summarise([OUR, _result("peer", 0.5), _result("probe", 0.9, seconds=0.1, tunes=False)], [])
        assert summary.quality_ahead_of_best_peer is True
        assert summary.best_peer == "peer"

    def test_the_worst_ratio_over_all_peers_counts(self) -> None:
        summary = summarise([OUR, _result("slow", 0.5, seconds=100), _result("fast", 0.5, seconds=2)], [])
        assert summary.time_to_peer_best_ratio == 5
        assert summary.full_run_time_ratio == pytest.approx(25 / 7)

    def test_a_peer_whose_best_is_out_of_reach_is_named_and_leaves_no_ratio_of_the_others_alone(self) -> None:
        summary = summarise([OUR, _result("peer", 0.7), _result("weaker peer", 0.5)], [])
        assert summary.peer_best_never_reached == ["peer"]
        assert summary.time_to_peer_best_ratio is None
        assert summary.cold_time_to_peer_best_ratio is None

    def test_what_did_not_run_is_null_and_never_a_guess(self) -> None:
        summary = json.loads(json.dumps(asdict(summarise([OUR], ["peer: ended with 1"]))))
        assert summary["quality_ahead_of_best_peer"] is None
        assert summary["time_to_peer_best_ratio"] is None
        assert summary["scaling_exponent"] is None
        assert summary["did_not_run"] == ["peer: ended with 1"]

    def test_cost_grows_with_the_exponent_of_two_sizes_and_more(self) -> None:
        larger = _result(OURS, 0.55, 0.6, examples=2000, seconds=22.5)
        assert summarise([OUR, larger], []).scaling_exponent == pytest.approx(1.0)


def test_the_exponent_of_a_square_is_two() -> None:
    assert exponent([(size, 3 * size**2) for size in (100, 1000, 10_000)]) == pytest.approx(2)


def test_one_size_has_no_exponent() -> None:
    assert exponent([(1000, 1.0), (1000, 2.0)]) is None


def test_a_result_is_the_same_after_its_line() -> None:
    line = json.loads(json.dumps({"source": "abc", **OUR.line()}))
    assert Result.of_line(line) == OUR


def test_the_table_has_a_line_for_each_row_and_a_dash_for_what_was_never_reached() -> None:
    lines = markdown(rows([OUR, _result("peer", 0.7)])).splitlines()
    assert len(lines) == 4
    assert len({line.count("|") for line in lines}) == 1
    assert "| peer: loss | 70.0 |" in lines[3]
    assert "| – | – |" in lines[3]


def test_what_tunes_nothing_is_shown_without_ratios() -> None:
    untouched = markdown(rows([OUR, _result("base", 0.4, tunes=False)])).splitlines()[3]
    assert "| base: loss | 40.0 |" in untouched
    assert "| – | – | – | – | 0.5 |" in untouched


def test_the_plot_has_a_line_for_each_method_and_escapes_their_names() -> None:
    picture = plot([OUR, _result("a < b", 0.5, 0.52)])
    assert picture.count("<polyline") == 2
    assert "a &lt; b" in picture
