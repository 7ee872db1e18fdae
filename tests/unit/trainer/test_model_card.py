"""A model card says what was measured and how the folder is opened; what people named stays text in it."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from vectorizer_api.artifact import BaseReference, VectorizerDescription
from vectorizer_api.content import ContentType
from vectorizer_api.run import Dataset, Metric, Outcome, RejectedFile, TrainingSettings
from vectorizer_trainer.report import Origin
from vectorizer_trainer.report.document import Provenance, Report, Selection
from vectorizer_trainer.report.model_card import MODEL_CARD, model_card
from vectorizer_trainer.vectorizer import Vectorizer, load_vectorizer

DIGEST = "0" * 64
METRICS = [
    Metric(name="NDCG@10", start=0.5, tuned=0.612345, low=0.05, high=0.15),
    Metric(name="retention", start=1.0, tuned=0.8, low=-0.25, high=-0.15),
]


def described(content_type: ContentType = ContentType.TEXT, licence: str = "MIT") -> VectorizerDescription:
    return VectorizerDescription(
        name="v", content_type=content_type, architecture="a", dimension=8, licence=licence, files={}
    )


def reported(name: str = "tickets", **change: Any) -> Report:
    """The parts of a report that a card tells of, and parts that it must not."""
    provenance = Provenance(
        run_uid="uid",
        attempt=1,
        fine_tune="tickets",
        base=BaseReference(name="multilingual-e5-small", digest=DIGEST),
        start=Origin(name="Earlier *one*", digest=DIGEST),
        licence="MIT",
        training=TrainingSettings(seed=3),
        versions={"vectorizer-operator": "0.1.0"},
        threads=2,
        device="cpu",
        started=datetime(2026, 1, 2, tzinfo=UTC),
        finished=datetime(2026, 1, 3, tzinfo=UTC),
        stage_seconds={},
    )
    values: dict[str, Any] = {
        "custom_vectorizer_name": name,
        "content_type": ContentType.TEXT,
        "dimension": 8,
        "outcome": Outcome.IMPROVED,
        "verdict": "It is better.",
        "metrics": METRICS,
        "held_out": 120,
        "dataset": Dataset(files=1300, examples=1234, labels=60, selected=1200, rejected=34),
        "rejected_files": [RejectedFile(name="secret-file.txt", reason="empty")],
        "warnings": ["Only 2 files carry “secret-label”."],
        "selection": Selection(train=["secret-file.txt"], choose=[], gate=[], folds=[], copies=[], not_chosen=[]),
        "provenance": provenance,
    }
    return Report.model_construct(**(values | change))


def front_matter(card: str) -> dict[str, Any]:
    _, front, _ = card.split("---\n", 2)
    return dict(yaml.safe_load(front))


def snippets(card: str, folder: Path) -> list[str]:
    return [code.replace("FOLDER", str(folder)) for code in re.findall(r"```python\n(.*?)```", card, re.DOTALL)]


class TestFrontMatter:
    def test_says_licence_base_tags_and_metrics_of_the_weights(self) -> None:
        front = front_matter(model_card(reported(), described()))
        assert front["license"] == "mit"
        assert front["base_model"] == "multilingual-e5-small"
        assert front["library_name"] == "sentence-transformers"
        assert "text" in front["tags"]
        (model,) = front["model-index"]
        assert model["name"] == "tickets"
        assert model["results"][0]["metrics"] == [
            {"type": "ndcg_at_10", "name": "NDCG@10", "value": 0.6123},
            {"type": "retention", "name": "retention", "value": 0.8},
        ]

    def test_of_a_model_that_did_not_improve_has_the_values_of_the_start(self) -> None:
        front = front_matter(model_card(reported(outcome=Outcome.NO_IMPROVEMENT), described()))
        values = [metric["value"] for metric in front["model-index"][0]["results"][0]["metrics"]]
        assert values == [0.5, 1.0]

    def test_calls_a_licence_that_the_hub_does_not_know_other(self) -> None:
        front = front_matter(model_card(reported(), described(licence="LicenseRef-Ours")))
        assert (front["license"], front["license_name"]) == ("other", "licenseref-ours")

    @pytest.mark.parametrize(
        "name",
        [
            "a: [b",
            "---",
            "'\"#&*!|>%@`",
            "yes",
            "日本語 naïve",
            "line\nbreak",
            "tags:\n- x",
            "{{ 7*7 }}",
            " lead",
            "\u2028",
        ],
    )
    def test_keeps_any_name_whole(self, name: str) -> None:
        card = model_card(reported(name), described())
        assert card.startswith("---\n")
        assert yaml.safe_load(card[4:].split("\n---\n", 1)[0])["model-index"][0]["name"] == name


class TestBody:
    def test_has_verdict_figures_and_data_in_words(self) -> None:
        card = model_card(reported(), described())
        assert "**Improved.** It is better." in card
        assert "| NDCG@10 | 50.0 | 61.2 | +5.0 … +15.0 |" in card
        assert "1,200 files of 1,234 labelled ones with\n60 labels were used; 34 files were not." in card

    def test_says_that_a_candidate_was_tried_and_not_published(self) -> None:
        card = model_card(reported(outcome=Outcome.NO_IMPROVEMENT), described())
        assert "this folder holds the weights of the start" in card
        assert "| metric | before | tried, not published | difference (95 %) |" in card
        assert "| metric | before | after | difference (95 %) |" in model_card(reported(), described())
        assert "was not kept" not in model_card(reported(), described())

    def test_names_no_file_and_no_label(self) -> None:
        assert "secret" not in model_card(reported(), described())

    @pytest.mark.parametrize(
        ("name", "shown"),
        [
            ("[x](https://evil.example)", r"\[x\](https\://evil.example)"),
            ("<script>alert(1)", r"\<script\>alert(1)"),
            ("a\n\n# b | c", r"a \# b \| c"),
            ("{{ 7*7 }}", r"{{ 7\*7 }}"),
            ("`*_~", r"\`\*\_\~"),
        ],
    )
    def test_takes_nothing_that_people_named_for_markup(self, name: str, shown: str) -> None:
        assert f"\n# {shown}\n" in model_card(reported(name), described())
        assert r"Earlier \*one\*" in model_card(reported(), described())


class TestSnippets:
    """What the card says of opening the folder, done."""

    @pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
    def test_open_a_text_model_here_and_in_sentence_transformers(
        self, tiny_text: Vectorizer, text_file: Path, tmp_path: Path
    ) -> None:
        tiny_text.save(tmp_path / "v")
        card = model_card(reported(), tiny_text.description)
        own, elsewhere = (code.replace("FILE", str(text_file)) for code in snippets(card, tmp_path / "v"))
        ours, theirs = _run(own)["vectors"], _run(elsewhere.replace("some words", text_file.read_text()))["vectors"]
        assert ours.shape == (1, 64)
        assert ours == pytest.approx(theirs, abs=1e-5)

    @pytest.mark.parametrize("fixture", ["tiny_image", "tiny_timm_image"])
    def test_open_an_image_model_in_open_clip_with_the_adapter_inside(
        self, request: pytest.FixtureRequest, tmp_path: Path, fixture: str
    ) -> None:
        vectorizer = request.getfixturevalue(fixture)
        drawn = torch.randn(vectorizer.dimension, vectorizer.dimension, generator=torch.Generator().manual_seed(1))
        tilted = vectorizer.with_weights(vectorizer.encoder, torch.eye(vectorizer.dimension) + 0.3 * drawn)
        tilted.save(tmp_path / "v")
        size = vectorizer.encoder.size
        pictures = np.random.default_rng(0).integers(0, 256, size=(3, size, size, 3)).astype(np.uint8)
        card = model_card(reported(content_type=ContentType.IMAGE), vectorizer.description)
        opened = _run(snippets(card, tmp_path / "v")[1])
        mean, std = (torch.tensor(vectorizer.description.preprocessing[key])[:, None, None] for key in ("mean", "std"))
        pixels = (torch.from_numpy(pictures).permute(0, 3, 1, 2) / 255 - mean) / std
        with torch.inference_mode():
            theirs = opened["vectors"](pixels).numpy()
        assert load_vectorizer(tmp_path / "v").encode_items(list(pictures)) == pytest.approx(theirs, abs=1e-5)

    def test_open_a_sound_model_in_transformers_with_the_adapter_inside(
        self, tiny_sound: Vectorizer, tmp_path: Path
    ) -> None:
        tilted = tiny_sound.with_weights(tiny_sound.encoder, torch.eye(12) + 0.3 * torch.ones(12, 12).tril())
        tilted.save(tmp_path / "v")
        sounds = list(np.random.default_rng(0).integers(-9999, 9999, (3, 8000)).astype(np.int16))
        card = model_card(reported(content_type=ContentType.SOUND), tiny_sound.description)
        tower = _run(snippets(card, tmp_path / "v")[1])["tower"]
        with torch.inference_mode():
            embeds = tower(**tiny_sound.encoder.inputs(sounds).tensors).audio_embeds
            theirs = torch.nn.functional.normalize(embeds, dim=1).numpy()
        assert tilted.encode_items(sounds) == pytest.approx(theirs, abs=1e-5)


def test_travels_in_the_folder_and_is_vouched_for(tiny_image: Vectorizer, tmp_path: Path) -> None:
    tiny_image.save(tmp_path / "v", {MODEL_CARD: b"# card\n"})
    loaded = load_vectorizer(tmp_path / "v")
    assert loaded.description.files[MODEL_CARD].size == 7
    loaded.save(tmp_path / "next")
    assert not (tmp_path / "next" / MODEL_CARD).exists()


def _run(code: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(code, names)
    return names
