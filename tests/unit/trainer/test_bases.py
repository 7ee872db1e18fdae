"""The small bases are made once, from real data that no data set shares."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from vectorizer_api.artifact import VectorizerDescription
from vectorizer_api.content import ContentType
from vectorizer_trainer.bases import bases_folder, cache, load_reference
from vectorizer_trainer.bases.digits import KNOWN, Pool, compositions
from vectorizer_trainer.bases.docstrings import docstrings
from vectorizer_trainer.bases.moving_digits import EDGE, FRAMES, moving_digits
from vectorizer_trainer.bases.reference import REFERENCE_FILE, serialise_reference
from vectorizer_trainer.errors import InvalidVectorizer
from vectorizer_trainer.vectorizer import write_vectorizer

DESCRIPTION = VectorizerDescription(
    name="b", content_type=ContentType.TEXT, architecture="a", dimension=2, licence="MIT", files={}
)


class Maker:
    """A base module that counts how often it is asked."""

    NAME = "tiny"
    REVISION = 1

    def __init__(self) -> None:
        self.made = 0

    def make(self, folder: Path) -> None:
        self.made += 1
        write_vectorizer(folder, DESCRIPTION, {"weights": b"w"})


@pytest.fixture
def maker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Maker:
    made = Maker()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(cache, "import_module", lambda name: made)
    return made


class TestEnsureBase:
    def test_makes_a_missing_base_once(self, maker: Maker) -> None:
        assert (
            cache.ensure_base(ContentType.TEXT)
            == cache.ensure_base(ContentType.TEXT)
            == bases_folder() / "revision-1" / "tiny"
        )
        assert maker.made == 1

    def test_makes_a_base_anew_when_its_maker_was_revised(self, maker: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
        first = cache.ensure_base(ContentType.TEXT)
        monkeypatch.setattr(maker, "REVISION", 2)
        assert cache.ensure_base(ContentType.TEXT) != first
        assert maker.made == 2

    def test_leaves_nothing_half_made(self, maker: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(folder: Path) -> None:
            (folder / "weights").write_bytes(b"half")
            raise RuntimeError

        monkeypatch.setattr(maker, "make", fail)
        with pytest.raises(RuntimeError):
            cache.ensure_base(ContentType.TEXT)
        assert [path.name for path in (bases_folder() / "revision-1").iterdir()] == ["tiny.lock"]

    def test_clears_away_what_a_killed_process_left(self, maker: Maker) -> None:
        (bases_folder() / "revision-1" / ".tiny-x" / "tiny").mkdir(parents=True)
        cache.ensure_base(ContentType.TEXT)
        assert sorted(path.name for path in (bases_folder() / "revision-1").iterdir()) == ["tiny", "tiny.lock"]

    def test_prefers_an_imported_production_base(self, maker: Maker) -> None:
        write_vectorizer(bases_folder() / "multilingual-e5-small", DESCRIPTION, {})
        assert cache.ensure_base(ContentType.TEXT).name == "multilingual-e5-small"
        assert maker.made == 0


class TestReference:
    def test_items_of_any_shape_come_back_in_order(self, tmp_path: Path) -> None:
        items = [np.arange(length, dtype=np.int32) for length in (3, 1, 7)]
        write_vectorizer(tmp_path, DESCRIPTION, {REFERENCE_FILE: serialise_reference(items)})
        assert [item.tolist() for item in load_reference(tmp_path)] == [item.tolist() for item in items]

    @pytest.mark.parametrize("dtype", ["u1", "i2", "i4", "f2", "f4"])
    def test_items_of_any_type_are_read_one_by_one_and_in_slices(self, tmp_path: Path, dtype: str) -> None:
        items = [np.full((2, number), number, dtype) for number in range(4)]
        write_vectorizer(tmp_path, DESCRIPTION, {REFERENCE_FILE: serialise_reference(items)})
        loaded = load_reference(tmp_path)
        assert loaded[-1].dtype == items[-1].dtype
        assert np.array_equal(loaded[-1], items[-1])
        assert [item.shape for item in loaded[1:3]] == [(2, 1), (2, 2)]
        with pytest.raises(IndexError):
            loaded[4]

    def test_items_that_were_altered_are_refused(self, tmp_path: Path) -> None:
        write_vectorizer(tmp_path, DESCRIPTION, {REFERENCE_FILE: serialise_reference([np.zeros(3, np.int32)])})
        (tmp_path / REFERENCE_FILE).write_bytes(serialise_reference([np.ones(3, np.int32)]))
        with pytest.raises(InvalidVectorizer, match=r"reference\.safetensors"):
            load_reference(tmp_path)


class TestDocstrings:
    def test_are_those_of_public_classes_functions_and_methods(self, tmp_path: Path) -> None:
        (tmp_path / "linalg.py").write_text(
            '"""Module."""\ndef solve():\n    """Solve it.\n\n    Well.\n    """\n'
            'class Matrix:\n    """A matrix."""\n    def rank(self):\n        """The rank."""\n'
            'def _hidden():\n    """Hidden."""\ndef silent(): pass\n'
        )
        (tmp_path / "tests").mkdir()
        (tmp_path / "tests" / "test_it.py").write_text('def check():\n    """A test."""\n')
        (tmp_path / "broken.py").write_text("def (:\n")
        found = [(one.module, one.name, one.kind, one.text) for one in docstrings(tmp_path, "pkg")]
        assert found == [
            ("pkg.linalg", "solve", "function", "Solve it.\n\nWell."),
            ("pkg.linalg", "Matrix", "class", "A matrix."),
            ("pkg.linalg", "rank", "method", "The rank."),
        ]


class TestCompositions:
    def test_show_one_to_three_of_the_digits_asked_for(self) -> None:
        made = compositions(Pool.BASE, 60, 0, KNOWN)
        assert made.pictures.shape == (60, 32, 32, 3)
        assert set(made.placed.sum((1, 2))) == {1, 2, 3}
        assert not made.targets[:, KNOWN.stop :].any()

    def test_have_ink_exactly_in_the_quarters_that_are_named(self) -> None:
        made = compositions(Pool.BASE, 20, 0, KNOWN)
        quarters = made.pictures.reshape(20, 2, 16, 2, 16, 3).max((2, 4, 5)).reshape(20, 4)
        assert np.array_equal(quarters > 60, made.placed.any(1))

    def test_are_the_same_for_the_same_seed_and_differ_between_pools(self) -> None:
        first, again, other = (compositions(pool, 5, 0).pictures for pool in (Pool.TRAIN, Pool.TRAIN, Pool.TEST))
        assert np.array_equal(first, again)
        assert not np.array_equal(first, other)


class TestMovingDigits:
    def test_show_one_or_two_of_the_digits_asked_for(self) -> None:
        clips = list(moving_digits(Pool.BASE, 40, 0, KNOWN))
        assert {clip.frames.shape for clip in clips} == {(FRAMES, EDGE, EDGE, 3)}
        assert {len(clip.digits) for clip in clips} == {1, 2}
        assert {digit for clip in clips for digit in clip.digits} == set(KNOWN)

    def test_move_as_they_say(self) -> None:
        for clip in moving_digits(Pool.BASE, 60, 0):
            if len(clip.digits) == 1:
                left, top, edge = (np.ptp(track) for track in _tracks(clip.frames))
                if clip.motion == "still":
                    assert left == top == edge == 0
                elif clip.motion == "growing":
                    assert edge > 8
                else:
                    assert (left > 8) == (clip.motion in {"sideways", "circling"})
                    assert (top > 8) == (clip.motion in {"upwards", "circling"})

    def test_need_more_than_one_frame_to_be_told(self) -> None:
        clips = list(moving_digits(Pool.BASE, 40, 0))
        shares = [(clip.frames.max((1, 2, 3)) > 0).mean() for clip in clips]
        assert min(shares) == 1
        assert any(_comes_later(clip.frames) for clip in clips if len(clip.digits) == 2)


def _tracks(frames: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Left, top and height [3, frames] of what is drawn."""
    found = []
    for frame in frames:
        rows, columns = np.nonzero(frame.max(2) > 60)
        found.append((columns.min(), rows.min(), np.ptp(rows)))
    return np.array(found).T


def _comes_later(frames: NDArray[np.uint8]) -> bool:
    """Whether the colours of the first half are not those of the second."""
    first, second = (half.reshape(-1, 3).max(0).astype(int) for half in np.split(frames, 2))
    return bool(np.abs(first - second).max() > 20)
