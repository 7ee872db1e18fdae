"""`vectorizer train` and `vectorizer embed` as a user calls them, on real texts and the real base."""

import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from markupsafe import escape
from vectorizer_api.content import AugmentationConditions
from vectorizer_api.run import Outcome
from vectorizer_dev.datasets import image, text
from vectorizer_dev.waiting import eventually
from vectorizer_trainer import load_vectorizer
from vectorizer_trainer.report import Report, parse_report

REQUEST = {
    "content_type": "Text",
    "custom_vectorizer_name_for_sampling": None,
    "starting_custom_vectorizer_name": None,
    "custom_vectorizer_name": "First of all",
    "augmentation_conditions": None,
    "file_urls": None,
    "download_from_batch_cloud_folder": True,
}


def vectorizer(*arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "vectorizer_cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def training(folder: Path, data: Path, out: Path, **request: object) -> Sequence[object]:
    path = folder / "request.json"
    path.write_text(json.dumps(REQUEST | request))
    return ["train", "--request", path, "--data", data, "--out", out]


def report_in(out: Path) -> Report:
    return parse_report((out / "report" / "report.json").read_bytes())


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("texts")
    text.make(folder, train=90, test=20)
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, data: Path) -> tuple[Path, str]:
    """The folder of the new vectorizer, among others, and what the command said."""
    folder = tmp_path_factory.mktemp("trained")
    done = vectorizer(*training(folder, data / "train", folder / "vectorizers" / "first"))
    assert done.returncode == 0, done.stderr
    return folder / "vectorizers" / "first", done.stderr


class TestTrain:
    def test_the_result_is_a_vectorizer_folder_with_its_report_and_nothing_beside_it(
        self, trained: tuple[Path, str]
    ) -> None:
        out, _ = trained
        assert load_vectorizer(out).description.name == "First of all"
        assert [path.name for path in out.parent.iterdir()] == ["first"]
        report = report_in(out)
        assert report.outcome in set(Outcome)
        assert {"NDCG@10", "mAP@100", "retention"} <= {metric.name for metric in report.metrics}

    def test_it_says_the_verdict_the_base_and_where_everything_is(self, trained: tuple[Path, str]) -> None:
        out, said = trained
        report = report_in(out)
        assert report.verdict in " ".join(said.split())
        assert "NDCG@10" in said
        assert "on the base all-MiniLM-L6-v2 (a small one: multilingual-e5-small is not on this machine)" in " ".join(
            said.split()
        )
        assert str(out / "report" / "report.html") in "".join(said.split("\n"))

    def test_the_report_for_people_is_one_small_file_with_the_verdict(self, trained: tuple[Path, str]) -> None:
        out, _ = trained
        page = (out / "report" / "report.html").read_text(encoding="utf-8")
        report = report_in(out)
        assert escape(report.verdict) in page
        assert all(escape(query.name) in page for query in report.neighbourhoods.queries)
        assert page.count('class="excerpt"') > len(report.neighbourhoods.queries)
        assert len(page.encode()) < 5_000_000
        assert not re.search(r"(src|href)=\"(?!#|data:)", page)

    def test_the_model_card_is_vouched_for_and_says_the_verdict(self, trained: tuple[Path, str]) -> None:
        out, _ = trained
        assert "README.md" in load_vectorizer(out).description.files
        card = (out / "README.md").read_text(encoding="utf-8")
        assert card.startswith("---\nlicense: apache-2.0\nbase_model: all-MiniLM-L6-v2\n")
        assert f"**{report_in(out).outcome}.**" in card

    def test_the_result_finds_the_like_of_a_file_and_not_the_file_itself(
        self, trained: tuple[Path, str], data: Path
    ) -> None:
        query = min((data / "train").glob("*.txt"))
        done = vectorizer("search", query, "--in", data, "--vectorizer", trained[0], "--top", 3)
        assert done.returncode == 0, done.stderr
        rows = [line.split("│") for line in done.stdout.splitlines() if line.startswith("│")]
        similarities = [float(row[2]) for row in rows]
        assert similarities == sorted(similarities, reverse=True)
        assert len(rows) == 3
        assert query.name not in done.stdout

    def test_each_stage_is_told_with_an_estimate_where_there_is_no_terminal(self, trained: tuple[Path, str]) -> None:
        _, said = trained
        for stage in ("Reading", "Adapting", "Evaluating", "Writing"):
            assert f"{stage} (" in said
        assert " left)" in said

    def test_the_data_folder_is_left_as_it_was(self, trained: tuple[Path, str], data: Path) -> None:
        labels = json.loads((data / "train" / "example_to_labels.json").read_text())
        assert sorted(path.name for path in (data / "train").iterdir()) == sorted([*labels, "example_to_labels.json"])

    def test_the_next_one_starts_from_it_by_name(self, trained: tuple[Path, str], data: Path, tmp_path: Path) -> None:
        first, _ = trained
        asked = training(
            tmp_path,
            data / "train",
            tmp_path / "second",
            custom_vectorizer_name="second",
            starting_custom_vectorizer_name="First of all",
        )
        done = vectorizer(*asked, "--vectorizers", first.parent)
        assert done.returncode == 0, done.stderr
        report = report_in(tmp_path / "second")
        assert report.provenance.start.name == "First of all"
        assert report.provenance.start.digest == load_vectorizer(first).digest
        assert report.provenance.base == report_in(first).provenance.base
        assert report_in(first).base_retention is None
        assert report.base_retention is not None
        changed = Outcome.IMPROVED in (report.outcome, report_in(first).outcome)
        assert (report.base_retention.tuned < 1) == changed
        assert "Of the neighbourhoods of the base “all-MiniLM-L6-v2”" in done.stderr

    def test_a_few_pictures_are_trained_on_with_warnings_and_embedded(self, tmp_path: Path) -> None:
        image.make(tmp_path, train=40, test=4)
        switches = {"vertical_flip": False}
        asked = training(
            tmp_path, tmp_path / "train", tmp_path / "out", content_type="Image", augmentation_conditions=switches
        )
        done = vectorizer(*asked)
        assert done.returncode == 0, done.stderr
        report = report_in(tmp_path / "out")
        assert report.dataset.warnings[0] == "There are only 40 examples; 100 or more are advised."
        assert not report.augmentation.switches.vertical_flip
        tried = [effect.transformation for effect in report.augmentation.effects]
        assert tried == [name for name in AugmentationConditions().model_dump(by_alias=True) if name != "verticalFlip"]
        assert report.augmentation.note
        assert "Warning: There are only 40 examples" in " ".join(done.stderr.split())
        done = vectorizer("embed", "--vectorizer", tmp_path / "out", "--out", tmp_path / "v.npz", tmp_path / "test")
        assert done.returncode == 0, done.stderr
        with np.load(tmp_path / "v.npz") as loaded:
            assert loaded["names"].tolist() == [f"{index:05d}.png" for index in range(4)]

    def test_files_that_cannot_be_used_end_with_64_and_no_folder(self, data: Path, tmp_path: Path) -> None:
        shutil.copytree(data / "test", tmp_path / "data")
        (tmp_path / "data" / "example_to_labels.json").write_text('{"a.txt": "x"}')
        done = vectorizer(*training(tmp_path, tmp_path / "data", tmp_path / "out"))
        assert done.returncode == 64
        assert "line 1: the value of “a.txt” must be a list of labels, found a string" in done.stderr
        assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "request.json"]

    def test_ctrl_c_ends_with_130_a_sentence_and_nothing_that_looks_like_a_model(
        self, data: Path, tmp_path: Path
    ) -> None:
        command = [sys.executable, "-m", "vectorizer_cli"]
        command += [str(part) for part in training(tmp_path, data / "train", tmp_path / "out")]
        with (tmp_path / "said").open("w") as said:
            process = subprocess.Popen(command, stderr=said)
        eventually(lambda: "Baseline (" in (tmp_path / "said").read_text() or process.poll() is not None, timeout=200)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
        assert f"Interrupted. Nothing was written to {tmp_path / 'out'}." in (tmp_path / "said").read_text()
        assert sorted(path.name for path in tmp_path.iterdir()) == ["request.json", "said"]


class TestEmbed:
    @pytest.fixture
    def folder(self, data: Path, tmp_path: Path) -> Path:
        folder = tmp_path / "files"
        shutil.copytree(data / "test", folder)
        (folder / "sub").mkdir()
        (folder / "sub" / "é.txt").write_text("Return the eigenvalues of a symmetric matrix.")
        (folder / "picture.png").write_bytes(b"\x89PNG")
        (folder / ".hidden.txt").write_text("hidden")
        (folder / "broken.txt").write_bytes(b"\xff\xfe\x00")
        return folder

    def test_a_new_vectorizer_embeds_a_folder_and_counts_what_it_passed_over(
        self, trained: tuple[Path, str], folder: Path, tmp_path: Path
    ) -> None:
        out, _ = trained
        done = vectorizer("embed", "--vectorizer", out, "--out", tmp_path / "v.npz", folder)
        assert done.returncode == 0, done.stderr
        with np.load(tmp_path / "v.npz", allow_pickle=False) as loaded:
            names, vectors = loaded["names"].tolist(), loaded["vectors"]
        assert names == sorted(names)
        assert len(names) == 21
        assert "sub/é.txt" in names
        assert vectors.dtype == np.float32
        assert np.allclose(vectors, load_vectorizer(out).encode([folder / name for name in names]), atol=1e-5)
        said = " ".join(done.stderr.split())
        assert "Left out: broken.txt: UTF-16 text; save it as UTF-8" in said
        assert "21 files embedded by First of all" in said
        assert "1 of other kinds passed over, 1 could not be read" in said

    def test_a_base_embeds_one_file(self, folder: Path, tmp_path: Path) -> None:
        done = vectorizer("embed", "--base", "Text", "--out", tmp_path / "v.npz", folder / "sub" / "é.txt")
        assert done.returncode == 0, done.stderr
        with np.load(tmp_path / "v.npz") as loaded:
            assert loaded["vectors"].shape == (1, 384)

    def test_nothing_to_embed_ends_with_64_and_no_file(self, folder: Path, tmp_path: Path) -> None:
        done = vectorizer("embed", "--base", "Text", "--out", tmp_path / "v.npz", folder / "broken.txt")
        assert done.returncode == 64
        assert "None of the files could be embedded." in done.stderr
        assert not (tmp_path / "v.npz").exists()

    def test_a_folder_that_is_no_vectorizer_ends_with_64(self, folder: Path, tmp_path: Path) -> None:
        done = vectorizer("embed", "--vectorizer", folder, "--out", tmp_path / "v.npz", folder)
        assert done.returncode == 64
        assert "is not a vectorizer" in " ".join(done.stderr.split())
