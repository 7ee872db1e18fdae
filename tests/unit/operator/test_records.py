"""The digest by which a request is known again."""

import pytest
from vectorizer_api.fine_tune import FineTuneSpec
from vectorizer_operator.records import spec_digest

SPEC = {"contentType": "Text", "customVectorizerName": "docs", "downloadFromBatchCloudFolder": True}


def digest(**more: object) -> str:
    return spec_digest(FineTuneSpec.model_validate({**SPEC, **more}))


def test_defaults_that_the_api_server_wrote_out_do_not_count() -> None:
    written = {"fileUrls": [], "batchFolder": "", "training": {"seed": 0, "maxExamples": 10000}, "suspend": False}
    assert digest(**written) == digest()


@pytest.mark.parametrize("change", [{"suspend": True}, {"ttlSecondsAfterFinished": 60}, {"queueName": "q"}])
def test_what_may_change_does_not_count(change: dict[str, object]) -> None:
    assert digest(**change) == digest()


@pytest.mark.parametrize(
    "change",
    [
        {"contentType": "Image"},
        {"customVectorizerName": "other"},
        {"batchFolder": "docs"},
        {"training": {"seed": 1}},
        {"augmentationConditions": {"blur": False}},
        {"startingCustomVectorizerName": "older"},
        {"profile": "gpu"},
    ],
)
def test_anything_else_is_another_request(change: dict[str, object]) -> None:
    assert digest(**change) != digest()
