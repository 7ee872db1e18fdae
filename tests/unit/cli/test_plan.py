"""`vectorizer plan` on a folder of this machine: what it finds, foresees and refuses, without torch."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner
from vectorizer_api.content import ContentType
from vectorizer_api.run import RunCost, Stage, Workload
from vectorizer_cli.__main__ import application
from vectorizer_cli.past_runs import PastRuns, past_runs

REQUEST = {"content_type": "Text", "custom_vectorizer_name": "docs", "download_from_batch_cloud_folder": True}
MANIFEST = """
apiVersion: vectorizers.dev/v1alpha1
kind: VectorizerFineTune
metadata: {name: docs}
spec:
  contentType: Text
  customVectorizerName: docs
  downloadFromBatchCloudFolder: true
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "data").mkdir()
    (tmp_path / "request.json").write_text(json.dumps(REQUEST))
    put(tmp_path, 120)
    return tmp_path


def put(place: Path, examples: int, **labels: list[str]) -> None:
    """So many texts, and files with these labels that are not there."""
    said = {f"{index}.txt": ["odd" if index % 2 else "even"] for index in range(examples)}
    for name in said:
        (place / "data" / name).write_text(f"a text called {name}")
    (place / "data" / "example_to_labels.json").write_text(json.dumps(said | labels))


def plan(place: Path, *options: str, file: str = "request.json") -> tuple[int, dict[str, Any]]:
    asked = ["plan", str(place / file), "--data", str(place / "data"), "-o", "json", *options]
    done = CliRunner().invoke(application(["plan"]), asked)
    return done.exit_code, json.loads(done.stdout) if done.stdout else {"error": done.stderr}


def cost(seconds: float, gpus: int = 0) -> RunCost:
    work = Workload(content_type=ContentType.TEXT, examples=120, groups=120, read=120, example_bytes=20)
    return RunCost(
        workload=work,
        base="a-base",
        gpus=gpus,
        device="cpu",
        threads=1,
        stage_seconds={Stage.TUNING: seconds},
        peak_memory_bytes=2**30,
        finished=datetime.now(UTC),
    )


class TestPlan:
    def test_it_says_what_is_found_how_it_trains_and_what_it_takes(self, place: Path) -> None:
        (place / "data" / "more.txt").write_text("not named")
        code, said = plan(place)
        assert (code, said["accepted"], said["faults"]) == (0, True, [])
        assert (said["dataset"]["files"], said["dataset"]["labels"], said["dataset"]["rejected"]) == (121, 2, 1)
        assert (said["training"]["folds"], said["training"]["examples"]) == (3, 120)
        assert said["training"]["steps"] == 12 * (2 + 3 * 2)
        assert said["foreseen"]["seconds"] > 10
        assert said["foreseen"]["runs"] == 0

    def test_a_manifest_for_the_cluster_is_planned_alike(self, place: Path) -> None:
        (place / "cr.yaml").write_text(MANIFEST)
        assert plan(place, file="cr.yaml") == plan(place)

    def test_people_read_sentences(self, place: Path) -> None:
        put(place, 20)
        asked = ["plan", str(place / "request.json"), "--data", str(place / "data")]
        said = CliRunner().invoke(application(["plan"]), asked).stdout
        assert "Nothing speaks against it." in said
        assert "There are only 20 examples; 100 or more are advised." in said
        assert "the linear adapter alone" in said
        assert "no earlier run is known" in said

    def test_torch_is_not_loaded(self, place: Path) -> None:
        code = (
            "import sys; from vectorizer_cli.__main__ import application\n"
            f"try: application(['plan'])(['plan', '{place}/request.json', '--data', '{place}/data'])\n"
            "finally: print([name for name in ('torch', 'transformers', 'open_clip') if name in sys.modules])"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[-1] == "[]"

    def test_files_at_urls_are_said_not_to_be_looked_at(self, place: Path) -> None:
        (place / "request.json").write_text(json.dumps(REQUEST | {"file_urls": ["https://example.com/a.txt"]}))
        put(place, 120, **{"a.txt": ["odd"]})
        code, said = plan(place)
        assert (code, said["training"]["examples"]) == (0, 121)
        assert "URLs" in said["notChecked"][0]


class TestRefusals:
    def test_what_the_run_would_refuse_is_refused_with_its_words_and_exit_code(self, place: Path) -> None:
        put(place, 4)
        code, said = plan(place)
        assert (code, said["accepted"], said["foreseen"]) == (64, False, None)
        assert said["faults"][0]["message"].startswith("There are 4 usable examples; at least 10 are needed")

    def test_too_many_labels_exceed_a_limit(self, place: Path) -> None:
        said = {f"{index}.txt": ["odd", f"label {index % 101}"] for index in range(120)}
        (place / "data" / "example_to_labels.json").write_text(json.dumps(said))
        assert plan(place)[0] == 65

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            ("  profil: x\n", "spec.profil: is not one of"),
            ("  training: {epochs: 3}\n", "spec.training.epochs: is not one of"),
            ("  startingCustomVectorizerName: docs\n", "must differ from custom_vectorizer_name"),
            ("  startingCustomVectorizerName: ab\n", "too few characters"),
        ],
    )
    def test_a_manifest_that_the_cluster_would_refuse(self, place: Path, change: str, told: str) -> None:
        (place / "cr.yaml").write_text(MANIFEST + change)
        code, said = plan(place, file="cr.yaml")
        assert code == 64
        assert told in said["error"]

    @pytest.mark.parametrize(
        ("content", "told"),
        [
            ("{", "the request is not JSON"),
            ("[]", "must be a JSON object"),
            ('{"kind": "Pod"}', "not VectorizerFineTune"),
            ('{"content_type": "Smell"}', "content_type"),
        ],
    )
    def test_a_file_that_asks_for_nothing(self, place: Path, content: str, told: str) -> None:
        (place / "request.json").write_text(content)
        code, said = plan(place)
        assert code == 64
        assert told in said["error"]

    def test_two_objects_in_one_file(self, place: Path) -> None:
        (place / "cr.yaml").write_text(MANIFEST + "---" + MANIFEST)
        assert "holds 2 objects" in plan(place, file="cr.yaml")[1]["error"]

    def test_a_folder_without_labels_is_a_fault_of_the_files(self, place: Path) -> None:
        (place / "data" / "example_to_labels.json").unlink()
        code, said = plan(place)
        assert (code, said["dataset"]) == (64, None)
        assert "There is no example_to_labels.json" in said["faults"][0]["message"]

    def test_a_labels_file_over_the_limit_is_a_fault_too(self, place: Path) -> None:
        with (place / "data" / "example_to_labels.json").open("ab") as file:
            file.truncate(33 * 1024**2)
        code, said = plan(place)
        assert (code, said["faults"][0]["exitCode"], said["dataset"]) == (65, 65, None)


class TestPastRuns:
    def test_a_run_that_took_long_makes_the_next_plan_longer(self, place: Path) -> None:
        before = plan(place)[1]["foreseen"]
        past_runs().add(cost(20 * before["seconds"], gpus=2))
        after = plan(place)[1]["foreseen"]
        assert after["seconds"] > 5 * before["seconds"]
        assert (after["runs"], after["base"]) == (1, "a-base")
        assert after["gpuSeconds"] == pytest.approx(2 * after["seconds"], rel=0.01)

    def test_what_is_no_record_is_passed_over_and_the_oldest_are_forgotten(self, tmp_path: Path) -> None:
        runs = PastRuns(tmp_path / "runs")
        for index in range(203):
            runs.add(cost(index))
        (tmp_path / "runs" / "broken.json").write_text("{")
        assert len(runs.like(ContentType.TEXT, "")) == 200
        assert runs.like(ContentType.IMAGE, "") == []
        assert runs.like(ContentType.TEXT, "another") == []

    def test_a_folder_that_cannot_be_written_stops_no_training(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        PastRuns(tmp_path / "file" / "runs").add(cost(1))
        assert PastRuns(tmp_path / "file" / "runs").like(ContentType.TEXT, "") == []
