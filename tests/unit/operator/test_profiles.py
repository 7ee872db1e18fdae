"""The compute classes, and that a change of the file counts without a restart."""

from pathlib import Path

import pytest
from vectorizer_operator.errors import SettingsError
from vectorizer_operator.profiles import Profiles, read


def duration(profiles: Profiles) -> int:
    profile = profiles.get("")
    assert profile is not None
    return profile.max_duration_seconds


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "profiles.yaml"
    path.write_text("default: small\nprofiles: {small: {maxDurationSeconds: 60}}")
    return path


def test_without_a_file_there_is_a_default_profile() -> None:
    assert Profiles(None).get("") is not None
    assert Profiles(None).names() == ["default"]


def test_no_name_is_the_default_and_another_name_is_nothing(file: Path) -> None:
    profiles = Profiles(file)
    assert duration(profiles) == 60
    assert profiles.get("large") is None


def test_a_change_counts_at_once(file: Path) -> None:
    profiles = Profiles(file)
    file.write_text("default: small\nprofiles: {small: {maxDurationSeconds: 120}, large: {}}")
    assert duration(profiles) == 120
    assert profiles.get("large") is not None


def test_a_broken_change_leaves_the_last_good_one_and_is_logged(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    profiles = Profiles(file)
    file.write_text("profiles: {small: {maxDurationSeconds: never}}")
    assert duration(profiles) == 60
    assert "maxDurationSeconds" in caplog.text
    file.unlink()
    assert duration(profiles) == 60


@pytest.mark.parametrize("text", ["profiles: {x: {gpu: 1}}", "[]", "profiles: {x: {maxDurationSeconds: 999999}}", "{"])
def test_a_wrong_file_at_the_start_is_an_error(text: str) -> None:
    with pytest.raises(SettingsError):
        read(text)


@pytest.mark.parametrize(
    ("profile", "gpus", "processes"),
    [
        ("{}", 0, 1),
        ("{nodes: 3}", 0, 1),
        ('{resources: {limits: {nvidia.com/gpu: "2"}}}', 2, 2),
        ('{nodes: 3, resources: {limits: {nvidia.com/gpu: "2"}}}', 6, 2),
        ('{resources: {limits: {amd.com/gpu: "4"}}}', 4, 4),
        ('{resources: {limits: {nvidia.com/gpu.shared: "1"}}}', 1, 1),
        ('{resources: {limits: {nvidia.com/mig-1g.10gb: "1"}}}', 1, 1),
        ('{resources: {limits: {cpu: "8", memory: 16Gi}}}', 0, 1),
    ],
)
def test_gpus_are_counted_over_all_nodes_and_a_slice_is_one(profile: str, gpus: int, processes: int) -> None:
    found = read(f"profiles: {{x: {profile}}}").profiles["x"]
    assert (found.gpus, found.processes) == (gpus, processes)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('profiles: {x: {resources: {limits: {nvidia.com/mig-1g.10gb: "2"}}}}', "one MIG slice alone"),
        ('profiles: {x: {nodes: 2, resources: {limits: {nvidia.com/mig-1g.10gb: "1"}}}}', "one MIG slice alone"),
        ('profiles: {x: {resources: {limits: {nvidia.com/gpu: "0.5"}}}}', "whole number"),
        ('profiles: {x: {resources: {limits: {memory: "4GB"}}}}', "limits.memory"),
        ("profiles: {x: {nodes: 0}}", "nodes"),
        ("fetch: {nodes: 2}", "one process on one node"),
    ],
)
def test_what_could_not_train_together_is_refused_by_name(text: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        read(text)
