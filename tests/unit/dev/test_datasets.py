"""The data sets are real, multi-label, the same every time, and share nothing between train and test."""

import json
from pathlib import Path

import pytest
from vectorizer_dev.datasets import digits_on_the_spot, image, point_cloud, sound, text, textures, video
from vectorizer_trainer.bases.image.digits import NAMES
from vectorizer_trainer.bases.point_cloud.shapes import NEW, PAINTS
from vectorizer_trainer.bases.video.moving_digits import MOTIONS


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("text")
    with pytest.MonkeyPatch.context() as patch:
        # To read all packages takes a quarter of a minute.
        patch.setattr(text, "_PACKAGES", ["numpy", "sklearn"])
        text.make(folder, train=60, test=40)
    return folder


def _labels(folder: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = json.loads((folder / "example_to_labels.json").read_text())
    return found


class TestText:
    def test_files_are_as_many_as_asked_for_and_all_labelled(self, texts: Path) -> None:
        for part, count in (("train", 60), ("test", 40)):
            names = {path.name for path in (texts / part).iterdir()} - {"example_to_labels.json"}
            assert names == set(_labels(texts / part))
            assert len(names) == count

    def test_each_has_two_or_three_labels_package_and_kind_among_them(self, texts: Path) -> None:
        for labels in _labels(texts / "train").values():
            assert len(labels) in {2, 3}
            assert labels[0] in {"numpy", "sklearn"}
            assert labels[1] in {"class", "function", "method"}

    def test_no_text_is_in_both_parts(self, texts: Path) -> None:
        train, test = ({path.read_text() for path in (texts / part).glob("*.txt")} for part in ("train", "test"))
        assert not train & test


class TestImage:
    def test_is_the_same_every_time(self, tmp_path: Path) -> None:
        for folder in ("a", "b"):
            image.make(tmp_path / folder, train=6, test=4)
        files = [path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file()]
        assert len(files) == 12
        assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in files)

    def test_names_the_digits_on_each_picture(self, tmp_path: Path) -> None:
        image.make(tmp_path, train=30, test=1)
        labels = _labels(tmp_path / "train").values()
        assert {len(carried) for carried in labels} == {1, 2, 3}
        assert {label for carried in labels for label in carried} <= {
            "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
        }  # fmt: skip


class TestTextures:
    def test_is_the_same_every_time(self, tmp_path: Path) -> None:
        for folder in ("a", "b"):
            textures.make(tmp_path / folder, train=12, test=4)
        files = [path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file()]
        assert len(files) == 18
        assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in files)

    def test_names_the_pattern_and_the_tint(self, tmp_path: Path) -> None:
        textures.make(tmp_path, train=60, test=1)
        labels = list(_labels(tmp_path / "train").values())
        assert {pattern for pattern, _ in labels} == {
            "striped", "chequered", "dotted", "wavy", "ringed", "speckled",
        }  # fmt: skip
        assert {tint for _, tint in labels} == {"reddish", "greenish", "bluish"}

    def test_no_picture_is_in_both_parts(self, tmp_path: Path) -> None:
        textures.make(tmp_path, train=30, test=30)
        train, test = ({path.read_bytes() for path in (tmp_path / part).iterdir()} for part in ("train", "test"))
        assert not train & test


class TestSound:
    def test_is_the_same_every_time_in_every_format(self, tmp_path: Path) -> None:
        for folder in ("a", "b"):
            sound.make(tmp_path / folder, train=6, test=5)
        files = [path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file()]
        assert {path.suffix for path in files} == {".wav", ".flac", ".mp3", ".ogg", ".m4a", ".json"}
        assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in files)

    def test_names_the_words_and_the_kind_of_voice(self, tmp_path: Path) -> None:
        sound.make(tmp_path, train=60, test=1)
        labels = [set(carried) for carried in _labels(tmp_path / "train").values()]
        assert {len(carried & {"man", "whisper", "woman"}) for carried in labels} == {1}
        assert {len(carried) for carried in labels} == {2, 3}
        assert len(set.union(*labels)) == 13


class TestPointCloud:
    def test_is_the_same_every_time_in_every_format(self, tmp_path: Path) -> None:
        for folder in ("a", "b"):
            point_cloud.make(tmp_path / folder, train=40, test=4)
        files = [path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file()]
        formats = {"glb", "las", "laz", "npy", "obj", "off", "pcd", "ply", "stl", "xyz"}
        assert {path.suffix for path in files} == {f".{name}" for name in formats} | {".json"}
        assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in files)

    def test_names_what_a_thing_is_and_what_it_is_made_of_where_the_format_has_colour(self, tmp_path: Path) -> None:
        point_cloud.make(tmp_path, train=60, test=1)
        kinds = {kind.name for kind in NEW}
        for name, labels in _labels(tmp_path / "train").items():
            assert labels[0] in kinds
            assert len(set(labels) & set(PAINTS)) == (not name.endswith((".stl", ".off")))

    def test_no_thing_is_in_both_parts(self, tmp_path: Path) -> None:
        point_cloud.make(tmp_path, train=30, test=30)
        train, test = ({path.read_bytes() for path in (tmp_path / part).iterdir()} for part in ("train", "test"))
        assert not train & test


class TestVideo:
    def test_is_the_same_every_time_in_every_format(self, tmp_path: Path) -> None:
        for folder in ("a", "b"):
            video.make(tmp_path / folder, train=10, test=5)
        files = [path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file()]
        assert {path.suffix for path in files} == {".mp4", ".webm", ".avi", ".mkv", ".mov", ".json"}
        assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in files)

    def test_names_the_digits_and_how_they_move(self, tmp_path: Path) -> None:
        video.make(tmp_path, train=40, test=1)
        for labels in _labels(tmp_path / "train").values():
            assert 1 <= len(set(labels) & set(NAMES)) <= 2
            assert labels[-1] in MOTIONS
            assert len(labels) <= 3

    def test_no_video_is_in_both_parts(self, tmp_path: Path) -> None:
        video.make(tmp_path, train=15, test=15)
        train, test = ({path.read_bytes() for path in (tmp_path / part).iterdir()} for part in ("train", "test"))
        assert not train & test


class TestDigitsOnTheSpot:
    def test_is_the_same_every_time_in_every_format(self, tmp_path: Path) -> None:
        for folder in ("a", "b"):
            digits_on_the_spot.make(tmp_path / folder, train=10, test=5)
        files = [path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file()]
        assert {path.suffix for path in files} == {".mp4", ".webm", ".avi", ".mkv", ".mov", ".json"}
        assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in files)

    def test_names_the_digits_alone(self, tmp_path: Path) -> None:
        digits_on_the_spot.make(tmp_path, train=40, test=1)
        labels = _labels(tmp_path / "train").values()
        assert {len(carried) for carried in labels} == {1, 2}
        assert {label for carried in labels for label in carried} == set(NAMES)
