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


def test_gpus_are_counted_from_the_limits() -> None:
    offer = read('profiles: {x: {resources: {limits: {nvidia.com/gpu: "2"}}}}')
    assert offer.profiles["x"].gpus == 2
