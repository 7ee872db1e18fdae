"""What speaks against a request among the account's objects."""

from datetime import UTC, datetime
from typing import Any

import pytest
from vectorizer_api.acceptance import Objection, against_name, name_reserved, usable_vectorizer
from vectorizer_api.conditions import Reason
from vectorizer_api.content import ContentType
from vectorizer_api.custom_vectorizer import CustomVectorizer


def vectorizer(ready: str = "True", **metadata: Any) -> CustomVectorizer:
    condition = {"type": "Ready", "status": ready, "reason": "a", "lastTransitionTime": datetime.now(UTC)}
    return CustomVectorizer.model_validate(
        {
            "kind": "CustomVectorizer",
            "metadata": {"name": "shoes", **metadata},
            "spec": {
                "customVectorizerName": "shoes",
                "contentType": "Image",
                "dimension": 8,
                "base": {"name": "b", "digest": "0" * 64},
                "artifact": {"runUID": "u", "digest": "0" * 64, "sizeBytes": 1},
                "source": {"fineTuneName": "f", "fineTuneUID": "own"},
            },
            "status": {"conditions": [condition]},
        }
    )


class TestName:
    def test_one_that_another_fine_tune_has_used_is_refused_for_good(self) -> None:
        objection = against_name("shoes", "own", "another")
        assert objection is not None
        assert (objection.reason, objection.is_final) == (Reason.NAME_TAKEN, True)

    def test_one_that_is_free_or_its_own_is_not(self) -> None:
        assert against_name("shoes", None, "another") is None
        assert against_name("shoes", "own", "own") is None

    def test_one_that_is_being_made_is_waited_for(self) -> None:
        objection = name_reserved("shoes", "holder")
        assert (objection.reason, objection.is_final) == (Reason.NAME_RESERVED, False)
        assert "holder" in objection.message


class TestVectorizer:
    @pytest.mark.parametrize(
        "there",
        [
            pytest.param(None, id="absent"),
            pytest.param(vectorizer("False"), id="not ready"),
            pytest.param(vectorizer(deletionTimestamp=datetime.now(UTC)), id="being deleted"),
        ],
    )
    def test_one_that_cannot_be_used_yet_is_waited_for(self, there: CustomVectorizer | None) -> None:
        found = usable_vectorizer("starting", "shoes", there, ContentType.IMAGE)
        assert isinstance(found, Objection)
        assert (found.reason, found.is_final) == (Reason.WAITING_FOR_VECTORIZER, False)

    def test_one_for_other_content_is_refused_for_good(self) -> None:
        found = usable_vectorizer("sampling", "shoes", vectorizer(), ContentType.TEXT)
        assert isinstance(found, Objection)
        assert (found.reason, found.is_final) == (Reason.CONTENT_TYPE_MISMATCH, True)
        assert "sampling vectorizer shoes is for Image" in found.message

    def test_one_that_is_ready_is_used(self) -> None:
        there = vectorizer()
        assert usable_vectorizer("starting", "shoes", there, ContentType.IMAGE) is there
