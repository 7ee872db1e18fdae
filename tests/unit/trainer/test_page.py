"""report.html: whole, small, harmless, and true to the report."""

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from vectorizer_api.artifact import BaseReference
from vectorizer_api.content import AugmentationConditions, ContentType
from vectorizer_api.run import Dataset, Metric, Outcome, RejectedFile, TrainingSettings
from vectorizer_trainer.report import Origin, Report, render_page
from vectorizer_trainer.report.document import (
    Augmentation,
    Candidate,
    Confusion,
    Copy,
    CurvePoint,
    LabelChange,
    MapPoint,
    Neighbour,
    Neighbourhoods,
    OwnTest,
    Provenance,
    Query,
    Selection,
    TransformationEffect,
    VectorMap,
)
from vectorizer_trainer.report.page import LARGEST_PAGE
from vectorizer_trainer.report.previews import Excerpt, Picture, Preview, Recording

HOSTILE = [
    "<script>alert(1)</script>.txt",
    '"><img src=http://evil.example/x onerror=alert(1)>.png',
    "'; background: url(javascript:1) /*",
    "{{ 7*7 }}{% raw %}",
    "]]></style></svg><iframe>",
    "\u202egnp.exe",
    "תמונה של חתול.png",
    "👩‍👩‍👧‍👦🎉.png",
    "x" * 1000 + ".png",
    "bell\x07 and \x1b[31mred\x00",
    "&amp;lt; &#x3c;",
]
VOID = frozenset({"meta", "img", "br", "link", "input", "hr"})


class Page(HTMLParser):
    """A parser that demands that every element is closed where it must be."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), (tag, names)
        self.text += " "
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        raise AssertionError(f"<{tag}/> is not HTML")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "title"} & set(self.open):
            self.text += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def words(self) -> str:
        return " ".join(self.text.split())


def neighbour(name: str = "n.txt", likeness: float = 1.0, *labels: str) -> Neighbour:
    return Neighbour(name=name, labels=list(labels or ("x",)), cosine=0.9, likeness=likeness)


def query(name: str = "q.txt", why: str = "random", found: int = 5) -> Query:
    both = [neighbour(f"{name} {index}") for index in range(found)]
    return Query.model_validate(
        {
            "name": name,
            "labels": ["x"],
            "why": [why],
            "start_ndcg": 0.25,
            "tuned_ndcg": 0.5,
            "before": both,
            "after": both,
        }
    )


@pytest.fixture
def report() -> Callable[..., Report]:
    """A report of a run that ended well, with what is given put in its place."""
    origin = Origin(name="base", digest="0" * 64)
    parts: dict[str, Any] = {
        "custom_vectorizer_name": "My docs",
        "content_type": ContentType.TEXT,
        "dimension": 384,
        "outcome": Outcome.IMPROVED,
        "verdict": "Better beyond doubt.",
        "metrics": [
            Metric(name="NDCG@10", start=0.5, tuned=0.6, low=0.05, high=0.15),
            Metric(name="recall@1", start=0.5, tuned=0.55, low=-0.05, high=0.15),
            Metric(name="mAP@100", start=0.5, tuned=0.4, low=-0.15, high=-0.05),
            Metric(name="retention", start=1, tuned=0.8, low=-0.21, high=-0.19),
        ],
        "held_out": 100,
        "candidates": [Candidate(name="all blocks", alpha=0.7, score=1.2, start_score=1.1, retention=0.8, seconds=75)],
        "chosen": "all blocks",
        "alpha": 0.7,
        "curves": [CurvePoint(candidate="all blocks", epoch=epoch, loss=1 / epoch) for epoch in (1, 2, 3)],
        "labels": [LabelChange(label="x", examples=40, positives=5, start=0.5, tuned=0.75)],
        "neighbourhoods": Neighbourhoods(improved=5, unchanged=3, worsened=2, queries=[query()]),
        "map": VectorMap(
            labels=["x"],
            points=[MapPoint(name=f"{index}", label="x", start=(index, 0), tuned=(0, index)) for index in range(5)],
            start_share=0.3,
            tuned_share=0.4,
        ),
        "confusions": [Confusion(labels=("x", "y"), queries=10, start=0.3, tuned=0.25, chance=0.1)],
        "effective_rank": (30, 25),
        "dataset": Dataset(files=110, examples=105, selected=100, labels=2, rejected=1),
        "rejected_files": [RejectedFile(name="broken.txt", reason="the text is empty")],
        "warnings": ["Careful with this."],
        "selection": Selection(train=["a"], choose=["b"], gate=["c"], folds=[], copies=[], not_chosen=[]),
        "augmentation": Augmentation(applied=False, note="Text is not augmented.", switches=AugmentationConditions()),
        "provenance": Provenance(
            run_uid="uid",
            attempt=1,
            fine_tune="docs",
            base=BaseReference(name="base", digest="0" * 64),
            start=origin,
            licence="Apache-2.0",
            training=TrainingSettings(),
            versions={"torch": "2"},
            threads=2,
            device="cpu",
            started=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
            finished=datetime(2026, 1, 2, 3, 9, tzinfo=UTC),
            stage_seconds={"Downloading": 2.5, "Tuning": 200.0},
        ),
    }
    return lambda **other: Report.model_validate(parts | other)


def rendered(report: Report, previews: Mapping[str, Preview] | None = None) -> str:
    return render_page(report, previews or {})


class TestContents:
    def test_it_says_the_verdict_and_what_to_do_next(self, report: Callable[..., Report]) -> None:
        page = Page(rendered(report()))
        assert "✓ Improved" in page.words
        assert "“My docs” finds related files better than “base”, which it started from." in page.words
        assert "What to do next Use it, and vectorize your archive anew" in page.words
        assert "Better beyond doubt." in page.words

    def test_no_improvement_says_that_nothing_changed_and_how_to_gain(self, report: Callable[..., Report]) -> None:
        page = Page(rendered(report(outcome=Outcome.NO_IMPROVEMENT)))
        assert "No improvement could be shown, so “My docs” is “base” as it was" in page.words
        assert "Add examples." in page.words

    def test_what_was_tried_is_said_not_to_be_published_and_called_neither_better_nor_worse(
        self, report: Callable[..., Report]
    ) -> None:
        metrics = [
            Metric(name="NDCG@10", start=0.5, tuned=0.6, low=0.05, high=0.15),
            Metric(name="mAP@100", start=0.5, tuned=0.4, low=-0.15, high=-0.05),
            Metric(name="kNN label-mAP", start=0.5, tuned=0.55, low=-0.05, high=0.15),
        ]
        own = OwnTest(files=42, metrics=metrics)
        page = Page(rendered(report(outcome=Outcome.NO_IMPROVEMENT, metrics=metrics, own_test=own)))
        assert page.words.count("Metric Before Tried not published Change") == 2
        assert "NDCG@10 50.0 tried and not published: 60.0, +10.0 points" in page.words
        assert "mAP@100 50.0 tried and not published: 40.0, −10.0 points" in page.words
        assert "tried and not published: 55.0, unchanged within its error" in page.words
        classes = {name for _, own in page.elements for name in own.get("class", "").split()}
        assert not classes & {"better", "worse"}

    def test_an_interval_of_no_width_is_no_gain(self, report: Callable[..., Report]) -> None:
        metrics = [Metric(name="NDCG@10", start=0.5, tuned=1, low=0.5, high=0.5)]
        words = Page(rendered(report(metrics=metrics))).words
        assert "NDCG@10 50.0 → to 100.0 too few files to tell" in words
        assert "+50.0" not in words
        assert "better," not in words

    def test_a_bound_that_is_barely_positive_is_not_told_as_zero(self, report: Callable[..., Report]) -> None:
        metrics = [Metric(name="NDCG@10", start=0.5, tuned=0.6, low=0.0003, high=0.2)]
        assert "+0.03 to +20.0" in Page(rendered(report(metrics=metrics))).words

    def test_a_change_inside_its_error_is_called_unchanged(self, report: Callable[..., Report]) -> None:
        words = Page(rendered(report())).words
        assert re.search(
            r"recall@1 how often the nearest file is a related one 50\.0 55\.0 unchanged −5\.0 to \+15", words
        )
        assert "+5.0 points" not in words

    def test_a_rise_and_a_fall_beyond_it_are_named(self, report: Callable[..., Report]) -> None:
        words = Page(rendered(report())).words
        assert "NDCG@10 50.0 → to 60.0 +10.0 points, better" in words
        assert "mAP@100 50.0 → to 40.0 −10.0 points, worse" in words

    def test_retention_is_kept_or_too_little_kept(self, report: Callable[..., Report]) -> None:
        assert "not yours; at least 70 are asked for 100.0 80.0 kept of its start" in Page(rendered(report())).words
        low = [Metric(name="retention", start=1, tuned=0.6, low=-0.41, high=-0.39)]
        assert "60.0 too little kept" in Page(rendered(report(metrics=low))).words

    def test_each_query_stands_under_why_it_is_shown(self, report: Callable[..., Report]) -> None:
        queries = [query("r.txt"), query("i.txt", "mostImproved"), query("w.txt", "mostWorsened")]
        shown = Neighbourhoods(improved=1, unchanged=1, worsened=1, queries=queries)
        words = Page(rendered(report(neighbourhoods=shown))).words
        assert re.search(r"Drawn at random.* r\.txt .*Most improved.* i\.txt .*Most worsened.* w\.txt ", words)

    def test_seconds_of_each_stage_are_in_it(self, report: Callable[..., Report]) -> None:
        words = Page(rendered(report())).words
        assert "Reading and decoding files, first vectors 2.5 s" in words
        assert "Training all blocks 3 min 20 s" in words
        assert "In all 3 min 22 s" in words

    def test_data_problems_are_in_it(self, report: Callable[..., Report]) -> None:
        copies = [Copy(name="copy.txt", of="a.txt")]
        selection = Selection(train=[], choose=[], gate=[], folds=["a"], copies=copies, not_chosen=["late.txt"])
        words = Page(rendered(report(selection=selection))).words
        for said in ("Careful with this.", "broken.txt the text is empty", "copy.txt a.txt", "late.txt"):
            assert said in words

    def test_a_switch_that_breaks_labels_is_to_be_checked(self, report: Callable[..., Report]) -> None:
        effects = [
            TransformationEffect(
                transformation=name, agreement=0.8, varied=varied, chance=0.1, error=0.01, breaks_labels=varied < 0.5
            )
            for name, varied in (("verticalFlip", 0.3), ("blur", 0.79))
        ]
        augmentation = Augmentation(applied=True, note="Varied.", switches=AugmentationConditions(), effects=effects)
        words = Page(rendered(report(augmentation=augmentation))).words
        assert "Check the augmentation “vertical flip”: varied so," in words
        assert "vertical flip 80.0 30.0 10.0 check it blur 80.0 79.0 10.0 keeps the labels" in words

    def test_what_became_of_the_files_is_told(self, report: Callable[..., Report]) -> None:
        selection = Selection(
            train=["a"],
            choose=[],
            gate=[],
            folds=[],
            copies=[Copy(name="c", of="a"), Copy(name="d", of="a")],
            not_chosen=["late.txt"],
        )
        own = OwnTest(files=42, metrics=[])
        assert (
            "100 files were trained and judged on, 42 are your own test set, 2 are copies of others, "
            "1 was left over when as many as wanted had been chosen, 1 was not used, for a reason that the report "
            "lists."
        ) in Page(rendered(report(selection=selection, own_test=own))).words

    def test_near_copies_are_named_by_family(self, report: Callable[..., Report]) -> None:
        families = [["a.txt", "b.txt"], [f"{index}.txt" for index in range(8)]]
        near = Selection(train=["a"], choose=[], gate=[], folds=[], copies=[], near_copies=families, not_chosen=[])
        words = Page(rendered(report(selection=near))).words
        assert "2 families of near copies, never parted" in words
        assert "a.txt, b.txt" in words
        assert "5.txt and 2 more" in words

    def test_queries_that_have_nothing_to_find_are_not_missed_in_the_counts(
        self, report: Callable[..., Report]
    ) -> None:
        words = Page(rendered(report(held_out=11))).words
        assert (
            "Each of the 11 held-out examples is a query to the others. 1 query has nothing to find: no other one "
            "shares a label. Of the rest, 5 improved, 3 did not change and 2 worsened"
        ) in words
        assert "nothing to find" not in Page(rendered(report(held_out=10))).words

    def test_of_a_chain_it_is_told_what_is_kept_of_the_base(self, report: Callable[..., Report]) -> None:
        assert "of the base" not in Page(rendered(report())).words
        kept = Metric(name="retention", start=1, tuned=0.512, low=-0.5, high=-0.4)
        provenance = report().provenance.model_copy(update={"start": Origin(name="v2", digest="0" * 64)})
        assert (
            "Of the neighbourhoods of the base “base”, 51.2 % are kept after every fine-tuning since; "
            "the verdict asks only what this one kept of its start “v2”."
        ) in Page(rendered(report(base_retention=kept, provenance=provenance))).words

    def test_an_attempt_is_counted_where_it_is_not_the_first(self, report: Callable[..., Report]) -> None:
        assert "attempt" not in Page(rendered(report())).words
        provenance = report().provenance.model_copy(update={"attempt": 2})
        assert "docs, attempt 2" in Page(rendered(report(provenance=provenance))).words

    def test_the_users_own_test_set_stands_apart(self, report: Callable[..., Report]) -> None:
        own = OwnTest(files=42, metrics=[Metric(name="mAP@100", start=0.1, tuned=0.2, low=0.05, high=0.15)])
        assert "On your own test set Measured on the 42 files" in Page(rendered(report(own_test=own))).words

    def test_what_to_label_next_names_rare_and_mixed_up_labels(self, report: Callable[..., Report]) -> None:
        rare = [LabelChange(label="rare", examples=3, positives=0, start=None, tuned=None)]
        words = Page(rendered(report(labels=rare))).words
        assert "Rare labels. Fewer than ten examples each: rare 3" in words
        assert "x and y 30.0 25.0 10.0 10" in words
        assert "1 label has too few held-out examples" in words


class TestSmallAndLarge:
    def test_a_run_of_ten_examples_has_a_page(self, report: Callable[..., Report]) -> None:
        page = Page(
            rendered(
                report(
                    metrics=[],
                    candidates=[],
                    curves=[],
                    labels=[],
                    confusions=[],
                    rejected_files=[],
                    warnings=[],
                    neighbourhoods=Neighbourhoods(improved=0, unchanged=0, worsened=0, queries=[]),
                    map=VectorMap(labels=[], points=[], start_share=0, tuned_share=0),
                )
            )
        )
        assert "too few held-out examples with labels in common to show any" in page.words
        assert "too few held-out examples for a map" in page.words

    def test_a_hundred_labels_and_ten_thousand_files_stay_far_below_the_limit(
        self, report: Callable[..., Report]
    ) -> None:
        names = [f"{'long name ' * 20}{index}" for index in range(10_000)]
        labels = [LabelChange(label=name, examples=5, positives=3, start=0.1, tuned=0.2) for name in names[:100]]
        points = [MapPoint(name=name, label=names[0], start=(1, 2), tuned=(3, 4)) for name in names[:1000]]
        page = rendered(
            report(
                labels=labels,
                map=VectorMap(labels=names[:8], points=points, start_share=0.1, tuned_share=0.1),
                rejected_files=[RejectedFile(name=name, reason="reason " * 100) for name in names],
                warnings=names,
                selection=Selection(train=names, choose=[], gate=[], folds=[], copies=[], not_chosen=names),
            )
        )
        assert len(page.encode()) < 1_000_000
        assert "The first 100 of 10,000; report.json lists all." in Page(page).words
        assert "80 further labels" in Page(page).words

    def test_where_examples_would_make_it_too_large_fewer_are_shown(self, report: Callable[..., Report]) -> None:
        queries = [query(f"{index}.png") for index in range(12)]
        shown = Neighbourhoods(improved=12, unchanged=0, worsened=0, queries=queries)
        heavy = Picture(bytes(600_000), "image/webp", 160, 160, tiny=False)
        page = rendered(report(neighbourhoods=shown), {one.name: heavy for one in queries})
        assert 3_000_000 < len(page.encode()) <= LARGEST_PAGE
        assert "would have made this page too large" in Page(page).words
        assert "0.png" in page


class TestHarmless:
    @pytest.mark.parametrize("name", HOSTILE)
    def test_names_and_labels_are_text_wherever_they_stand(self, report: Callable[..., Report], name: str) -> None:
        one = query(name)
        hostile = one.model_copy(update={"labels": [name], "before": [neighbour(name, 0.4, name)]})
        made = report(
            custom_vectorizer_name=name,
            verdict=name,
            labels=[LabelChange(label=name, examples=3, positives=3, start=0.1, tuned=0.2)],
            neighbourhoods=Neighbourhoods(improved=1, unchanged=0, worsened=0, queries=[hostile]),
            map=VectorMap(
                labels=[name],
                points=[MapPoint(name=name, label=name, start=(0, i), tuned=(i, 0)) for i in range(3)],
                start_share=0,
                tuned_share=0,
            ),
            confusions=[Confusion(labels=(name, name), queries=9, start=0.5, tuned=0.5, chance=0.1)],
            rejected_files=[RejectedFile(name=name, reason=name)],
            warnings=[name],
            curves=[CurvePoint(candidate=name, epoch=1, loss=1)],
            selection=Selection(
                train=[],
                choose=[],
                gate=[],
                folds=[],
                copies=[Copy(name=name, of=name)],
                near_copies=[[name, name]],
                not_chosen=[name],
            ),
        )
        plain = Page(rendered(report()))
        page = rendered(made, {name: Excerpt(name)})
        found = Page(page)
        allowed = {tag for tag, _ in plain.elements} | {"blockquote", "small", "ul", "details", "summary"}
        assert {tag for tag, _ in found.elements} <= allowed
        assert not [attribute for _, own in found.elements for attribute in own if attribute.startswith("on")]
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", page)

    def test_a_long_name_keeps_its_beginning_and_its_suffix(self, report: Callable[..., Report]) -> None:
        words = Page(rendered(report(rejected_files=[RejectedFile(name="x" * 500 + ".png", reason="r")]))).words
        assert re.search(r"\bx{40}…x{16}\.png", words)

    def test_names_that_run_from_right_to_left_stay_apart(self, report: Callable[..., Report]) -> None:
        page = rendered(report(custom_vectorizer_name="חתול", verdict="\u202eturned around", warnings=["\u2067too"]))
        assert "<h1><bdi>חתול</bdi></h1>" in page
        assert "\ufffdturned around" in page
        assert not re.search("[\u202a-\u202e\u2066-\u2069]", page)

    def test_it_refers_to_nothing_elsewhere_and_runs_nothing(self, report: Callable[..., Report]) -> None:
        previews: dict[str, Preview] = {
            "q.txt": Picture(b"1", "image/webp", 160, 160, tiny=False),
            "q.txt 0": Recording(b"2", "audio/mpeg", 2, 2, (0.5, 1)),
            "q.txt 1": Excerpt("see http://example.org"),
        }
        page = Page(rendered(report(), previews))
        assert page.all("img")
        assert page.all("audio")
        for tag, attributes in page.elements:
            assert tag not in {"script", "link", "iframe", "object", "embed", "form", "base"}
            assert "style" not in attributes
            for name in ("src", "href", "srcset", "poster", "xlink:href", "action"):
                assert attributes.get(name, "#").startswith(("#", "data:image/", "data:audio/"))
        style = re.search(r"<style>(.*?)</style>", rendered(report()), re.DOTALL)
        assert style
        assert "url(" not in style[1]
        assert "@import" not in style[1]

    def test_the_browser_is_told_to_load_and_run_nothing(self, report: Callable[..., Report]) -> None:
        page = rendered(report())
        style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
        assert style
        digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
        (policy,) = [
            meta["content"] for meta in Page(page).all("meta") if meta.get("http-equiv") == "Content-Security-Policy"
        ]
        assert policy.split("; ") == [
            "default-src 'none'",
            f"style-src 'sha256-{digest}'",
            "img-src data:",
            "media-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        ]


class TestAccessible:
    def test_headings_descend_one_level_at_a_time(self, report: Callable[..., Report]) -> None:
        levels = [int(tag[1]) for tag, _ in Page(rendered(report())).elements if re.fullmatch("h[1-6]", tag)]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after <= before + 1 for before, after in pairwise(levels))

    def test_every_picture_player_and_drawing_says_what_it_is_or_is_hidden(self, report: Callable[..., Report]) -> None:
        previews: dict[str, Preview] = {
            "q.txt": Picture(b"1", "image/webp", 160, 160, tiny=False),
            "q.txt 0": Recording(b"2", "audio/mpeg", 2, 2, (0.5, 1)),
        }
        page = Page(rendered(report(), previews))
        assert [image["alt"] for image in page.all("img")] == ["q.txt"]
        assert {player["aria-label"] for player in page.all("audio")} == {"q.txt 0"}
        assert all("controls" in player for player in page.all("audio"))
        for drawing in page.all("svg"):
            assert drawing.get("aria-hidden") == "true" or (drawing["role"] == "img" and drawing["aria-label"])

    def test_every_link_leads_to_a_section_that_has_a_title(self, report: Callable[..., Report]) -> None:
        page = Page(rendered(report()))
        names = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
        assert len(names) == len(set(names))
        assert {link["href"].removeprefix("#") for link in page.all("a")} <= set(names)
        assert {section["aria-labelledby"] for section in page.all("section")} <= set(names)

    def test_every_column_and_row_is_named(self, report: Callable[..., Report]) -> None:
        assert {cell.get("scope") for cell in Page(rendered(report())).all("th")} == {"col", "row"}

    def test_language_and_both_colour_schemes_are_declared(self, report: Callable[..., Report]) -> None:
        page = Page(rendered(report()))
        assert page.all("html") == [{"lang": "en"}]
        assert {"name": "color-scheme", "content": "light dark"} in page.all("meta")


class TestPreviews:
    def test_a_picture_is_inside_the_page(self, report: Callable[..., Report]) -> None:
        data = np.random.default_rng(0).bytes(100)
        page = Page(rendered(report(), {"q.txt": Picture(data, "image/webp", 32, 32, tiny=True)}))
        (image,) = page.all("img")
        assert base64.b64decode(image["src"].removeprefix("data:image/webp;base64,")) == data
        assert image["class"].split() == ["picture", "tiny"]

    def test_frames_side_by_side_are_a_strip(self, report: Callable[..., Report]) -> None:
        page = Page(rendered(report(), {"q.txt": Picture(b"x", "image/webp", 384, 96, tiny=False)}))
        assert page.all("img")[0]["class"] == "strip"
        assert page.all("img")[0]["alt"] == "Frames of q.txt"

    def test_nothing_that_can_be_pressed_stands_in_a_summary(self, report: Callable[..., Report]) -> None:
        page = rendered(report(), {"q.txt": Recording(b"x", "audio/mpeg", 4, 75, (1,))})
        assert "4.0 s of 1 min 15 s" in Page(page).words
        assert all("<audio" not in summary for summary in re.findall(r"<summary>.*?</summary>", page, re.DOTALL))

    def test_a_file_without_a_preview_is_shown_by_name(self, report: Callable[..., Report]) -> None:
        assert "q.txt 4" in Page(rendered(report())).words
