"""A small base is made once and whole; an imported production base wins."""

from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
from vectorizer_api.content import ContentType
from vectorizer_trainer.bases import bases_folder, cache, ensure_base, load_reference
from vectorizer_trainer.bases.contract import SmallBase
from vectorizer_trainer.vectorizer import Vectorizer, load_vectorizer


class Maker:
    """A base module that counts how often it is asked."""

    NAME = "tiny"
    REVISION = 1

    def __init__(self, start: Vectorizer) -> None:
        described = start.description
        reference = [np.array([number], np.int32) for number in range(3)]
        self.base = SmallBase(
            start.encoder, described.architecture, described.preprocessing, described.licence, reference
        )
        self.made = 0

    def make(self) -> SmallBase:
        self.made += 1
        return self.base


@pytest.fixture
def maker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tiny_text: Vectorizer) -> Maker:
    made = Maker(tiny_text)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(cache, "import_module", lambda name: made)
    return made


def test_a_missing_base_is_made_once(maker: Maker) -> None:
    first, again = ensure_base(ContentType.TEXT), ensure_base(ContentType.TEXT)
    assert first == again == bases_folder() / "revision-1" / "tiny"
    assert maker.made == 1


def test_a_made_base_opens_with_its_reference_items_and_its_network_as_it_is(
    maker: Maker, tiny_text: Vectorizer, text_file: Path
) -> None:
    folder = ensure_base(ContentType.TEXT)
    opened = load_vectorizer(folder)
    assert (opened.description.name, opened.content_type) == ("tiny", ContentType.TEXT)
    assert opened.encode([text_file]) == pytest.approx(tiny_text.encode([text_file]), abs=1e-6)
    assert [item.tolist() for item in load_reference(folder)] == [[0], [1], [2]]


def test_a_base_is_made_anew_when_its_maker_was_revised(maker: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    first = ensure_base(ContentType.TEXT)
    monkeypatch.setattr(maker, "REVISION", 2)
    assert ensure_base(ContentType.TEXT) != first
    assert maker.made == 2


def test_nothing_half_made_is_left(maker: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(folder: Path, *_: object) -> NoReturn:
        folder.mkdir()
        (folder / "weights").write_bytes(b"half")
        raise RuntimeError

    monkeypatch.setattr(cache, "write_base", fail)
    with pytest.raises(RuntimeError):
        ensure_base(ContentType.TEXT)
    assert [path.name for path in (bases_folder() / "revision-1").iterdir()] == ["tiny.lock"]


def test_what_a_killed_process_left_is_cleared_away(maker: Maker) -> None:
    (bases_folder() / "revision-1" / ".tiny-x" / "tiny").mkdir(parents=True)
    ensure_base(ContentType.TEXT)
    assert sorted(path.name for path in (bases_folder() / "revision-1").iterdir()) == ["tiny", "tiny.lock"]


def test_an_imported_production_base_is_preferred(maker: Maker, tiny_text: Vectorizer) -> None:
    tiny_text.save(bases_folder() / "multilingual-e5-small")
    assert ensure_base(ContentType.TEXT).name == "multilingual-e5-small"
    assert maker.made == 0
