"""What a run starts from is refused by the name that it was asked for by."""

import json
from pathlib import Path

import pytest
from vectorizer_api.content import ContentType
from vectorizer_api.run import RunDescription, VectorizerSource
from vectorizer_trainer.errors import BadInput
from vectorizer_trainer.starting_point import open_starting_point
from vectorizer_trainer.store import open_store
from vectorizer_trainer.workplace import Workplace


def vectorizer(folder: Path, content_type: ContentType) -> VectorizerSource:
    described = {"name": folder.name, "contentType": content_type, "architecture": "a", "dimension": 8}
    folder.mkdir()
    (folder / "vectorizer.json").write_text(json.dumps(described | {"licence": "MIT", "files": {}}))
    return VectorizerSource(name=folder.name, location=folder.as_uri())


def test_a_start_for_other_content_is_refused_by_its_own_name_and_not_by_that_of_its_base(tmp_path: Path) -> None:
    run = RunDescription(
        run_uid="uid",
        fine_tune="beeps",
        attempt=1,
        content_type=ContentType.SOUND,
        custom_vectorizer_name="beeps",
        batch=None,
        output=tmp_path.as_uri(),
        base=vectorizer(tmp_path / "digits", ContentType.IMAGE),
        start=vectorizer(tmp_path / "shapes", ContentType.IMAGE),
    )
    with pytest.raises(BadInput, match=r"^The vectorizer “shapes” is for Image, not for Sound\.$"):
        open_starting_point(run, Workplace(open_store, tmp_path), None)
