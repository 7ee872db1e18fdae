"""The drawings of the report: where things lie, and that nothing breaks them."""

import re
from typing import ClassVar
from xml.etree import ElementTree as ET

import pytest
from vectorizer_api.run import Metric
from vectorizer_trainer.report import figures
from vectorizer_trainer.report.document import CurvePoint, MapPoint
from vectorizer_trainer.report.figures import Scale
from vectorizer_trainer.report.svg import drawing, element, number


def parsed(drawn: str) -> ET.Element:
    return ET.fromstring(str(drawn))


def of_class(drawn: str, name: str) -> list[ET.Element]:
    return [found for found in parsed(drawn).iter() if name in found.get("class", "").split()]


class TestSvg:
    def test_text_and_attributes_are_escaped(self) -> None:
        drawn = parsed(drawing(1, 1, '<b>"&', element("text", "</text><script>", x=0.5)))
        assert drawn.get("aria-label") == '<b>"&'
        assert [child.text for child in drawn] == ['<b>"&', "</text><script>"]

    @pytest.mark.parametrize(
        ("value", "written"), [(0.0, "0"), (1.0, "1"), (1.26, "1.3"), (-0.04, "0"), (1e6, "1000000")]
    )
    def test_numbers_are_short(self, value: float, written: str) -> None:
        assert number(value) == written


class TestScale:
    def test_ends_lie_at_the_ends_and_the_middle_between(self) -> None:
        scale = Scale(10, 20, 100, 0)
        assert [scale(10), scale(15), scale(20)] == [100, 50, 0]

    def test_values_that_are_all_the_same_lie_in_the_middle(self) -> None:
        assert Scale(3, 3, 0, 100)(3) == 50
        assert Scale(3, 3, 0, 100).ticks(4) == [3]

    @pytest.mark.parametrize(
        ("low", "high", "expected"),
        [
            (0, 10, [0, 5, 10]),
            (0.92, 4.1, [1, 2, 3, 4]),
            (0, 0.013, [0, 0.005, 0.01]),
            (-1, 1, [-1, -0.5, 0, 0.5, 1]),
        ],
    )
    def test_ticks_are_round_and_inside(self, low: float, high: float, expected: list[float]) -> None:
        assert Scale(low, high, 0, 1).ticks(4) == pytest.approx(expected)


class TestCurve:
    def test_the_line_falls_with_the_loss_and_ends_at_the_right(self) -> None:
        drawn = figures.curve([CurvePoint(candidate="x", epoch=epoch, loss=9 - epoch) for epoch in range(1, 9)])
        (line,) = of_class(drawn, "line")
        places = [tuple(map(float, place.split(","))) for place in line.get("points", "").split()]
        assert [y for _, y in places] == sorted(y for _, y in places)
        assert places[-1][0] == 332

    def test_one_point_is_drawn(self) -> None:
        assert of_class(figures.curve([CurvePoint(candidate="x", epoch=1, loss=2)]), "line")

    def test_thousands_of_points_stay_few(self) -> None:
        drawn = figures.curve([CurvePoint(candidate="x", epoch=step / 100, loss=1) for step in range(5000)])
        assert len(str(drawn)) < 10_000

    def test_it_says_what_it_shows(self) -> None:
        drawn = figures.curve([CurvePoint(candidate="all blocks", epoch=epoch, loss=3 - epoch) for epoch in (1, 2)])
        assert parsed(drawn).get("aria-label") == "Loss of the candidate all blocks: 2 at first, 1 after 2 epochs."


class TestScatter:
    POINTS: ClassVar = [
        MapPoint(name=f"{index}", label=label, start=(0, 0), tuned=(0, 0)) for index, label in enumerate("aab")
    ]

    def test_each_label_is_a_path_with_a_dot_for_each_example(self) -> None:
        drawn = figures.scatter(self.POINTS, [(-1, 0), (1, 0), (0, 1)], ["a", "b"], "before")
        assert [found.get("d") for found in of_class(drawn, "s0")] == ["M8 150h0M292 150h0"]
        assert [found.get("d") for found in of_class(drawn, "s1")] == ["M150 8h0"]

    def test_a_label_without_a_colour_is_another_one(self) -> None:
        drawn = figures.scatter(self.POINTS[:1], [(0, 0)], [], "before")
        assert not of_class(drawn, "s0")
        unlabelled = [MapPoint(name="x", label=None, start=(0, 0), tuned=(0, 0))]
        assert of_class(figures.scatter(unlabelled, [(0, 0)], ["a"], "before"), "other")

    def test_no_examples_are_an_empty_frame(self) -> None:
        assert of_class(figures.scatter([], [], [], "before"), "frame")

    def test_a_thousand_examples_take_little_room(self) -> None:
        points = [MapPoint(name="x", label="a", start=(0, 0), tuned=(0, 0))] * 1000
        places = [(index / 7, -index / 3) for index in range(1000)]
        assert len(str(figures.scatter(points, places, ["a"], "before"))) < 20_000


class TestInterval:
    METRIC = Metric(name="mAP@100", start=0.5, tuned=0.6, low=0.05, high=0.2)

    def test_zero_is_in_the_middle_and_the_bounds_to_scale(self) -> None:
        drawn = figures.interval(self.METRIC, 0.2, "better")
        (bounds,) = of_class(drawn, "range")
        assert (bounds.get("x1"), bounds.get("x2")) == ("98.5", "154")
        assert of_class(drawn, "mark")[0].get("cx") == "117"

    def test_it_says_the_numbers(self) -> None:
        said = parsed(figures.interval(self.METRIC, 0.2, "better")).get("aria-label")
        assert said == "mAP@100 changed by +10.0 points, between +5.0 and +20.0."

    def test_intervals_reach_as_far_as_the_widest(self) -> None:
        wider = Metric(name="x", start=0, tuned=0, low=-0.4, high=0.1)
        assert figures.reach([self.METRIC, wider]) == 0.4
        assert figures.reach([]) == 1
        assert figures.reach([Metric(name="x", start=0, tuned=0, low=0, high=0)]) == 1


class TestBars:
    def test_their_lengths_are_the_shares(self) -> None:
        drawn = figures.bars(0.25, 0.5, "<x>")
        assert of_class(drawn, "before")[0].get("width") == "60"
        assert of_class(drawn, "after")[0].get("width") == "120"
        assert parsed(drawn).get("aria-label") == "<x>: 25 before, 50 after, of 100."

    def test_a_share_of_nothing_is_no_bar(self) -> None:
        assert of_class(figures.share(0, 0), "plain")[0].get("width") == "0"


class TestWaveform:
    def test_each_peak_is_a_stroke_and_silence_is_seen(self) -> None:
        (path,) = of_class(figures.waveform([0, 1]), "wave")
        assert re.findall(r"M[\d.]+ ([\d.]+)V([\d.]+)", path.get("d", "")) == [("15.5", "16.5"), ("2", "30")]
