"""What the API server refuses before it stores a VectorizerFineTune, and what it stores in place of what is absent."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest
from kubernetes import client
from vectorizer_api import GROUP, VERSION

PLURAL = "vectorizerfinetunes"
NAMESPACE = "admission"
SPEC = {"contentType": "Text", "customVectorizerName": "abc", "downloadFromBatchCloudFolder": True}

Object = dict[str, Any]


@pytest.fixture(scope="module")
def fine_tunes(core: client.CoreV1Api, api: client.ApiClient, crds: None) -> Iterator[client.CustomObjectsApi]:
    core.create_namespace(client.V1Namespace(metadata=client.V1ObjectMeta(name=NAMESPACE)))
    yield client.CustomObjectsApi(api)
    core.delete_namespace(NAMESPACE)


def fine_tune(name: str, **changes: Any) -> Object:
    return {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": "VectorizerFineTune",
        "metadata": {"name": name},
        "spec": SPEC | changes,
    }


def create(fine_tunes: client.CustomObjectsApi, name: str, **changes: Any) -> Object:
    stored = fine_tunes.create_namespaced_custom_object(
        GROUP, VERSION, NAMESPACE, PLURAL, fine_tune(name, **changes), field_validation="Strict"
    )
    return cast("Object", stored)


@contextmanager
def stored(fine_tunes: client.CustomObjectsApi) -> Iterator[str]:
    name = create(fine_tunes, "stored", fileUrls=["https://example.com/b"])["metadata"]["name"]
    try:
        yield name
    finally:
        fine_tunes.delete_namespaced_custom_object(GROUP, VERSION, NAMESPACE, PLURAL, name)


def refusal(error: client.ApiException) -> str:
    answer: Object = json.loads(error.body or "{}")
    message: str = answer["message"]
    return message


class TestRefusedBeforeItIsStored:
    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"contentType": "text"}, "spec.contentType: Unsupported value"),
            ({"contentType": None}, "spec.contentType: Required value"),
            ({"customVectorizerName": "ab"}, "should be at least 3 chars long"),
            ({"customVectorizerName": "x" * 31}, "may not be more than 30"),
            ({"customVectorizerName": "a\tb"}, "must not contain line breaks or control characters"),
            ({"customVectorizerName": "abc "}, "must not start or end with white space"),
            ({"startingCustomVectorizerName": "ab"}, "must be 3 to 30 characters long, or absent"),
            ({"startingCustomVectorizerName": "abc"}, "customVectorizerName must be a new name"),
            ({"customVectorizerNameForSampling": "ab"}, "must be 3 to 30 characters long, or absent"),
            ({"customVectorizerNameForSampling": "abc"}, "must name a vectorizer that exists"),
            ({"augmentationConditions": {"zoom": True}}, "unknown field"),
            ({"fileUrls": ["not a URL"]}, "must be a URL such as https://host/path/file.jpg"),
            ({"fileUrls": ["ftp://example.com/a"]}, "must be a URL such as https://host/path/file.jpg"),
            ({"fileUrls": ["https://me:secret@example.com/a"]}, "must not hold a user name or password"),
            ({"fileUrls": ["https://example.com/a"] * 1001}, "must have at most 1000 items"),
            ({"fileUrls": ["https://example.com/" + "a" * 1900] * 100}, "at most 180000 characters in all"),
            ({"downloadFromBatchCloudFolder": None}, "spec.downloadFromBatchCloudFolder: Required value"),
            ({"downloadFromBatchCloudFolder": False}, "there is nothing to train on"),
            ({"batchFolder": "/a"}, "must be relative: leave out the leading slash"),
            ({"batchFolder": "a//b"}, "must not contain empty, '.' or '..' path segments"),
            ({"batchFolder": "a/../b"}, "must not contain empty, '.' or '..' path segments"),
            ({"batchFolder": "./a"}, "must not contain empty, '.' or '..' path segments"),
            ({"batchFolder": "a*"}, "must not contain * ? $ \\ or control characters"),
            ({"batchFolder": "${aws:username}"}, "must not contain * ? $ \\ or control characters"),
            ({"batchFolder": "a\\b"}, "must not contain * ? $ \\ or control characters"),
            ({"batchFolder": "a\nb"}, "must not contain * ? $ \\ or control characters"),
            ({"batchFolder": "a" * 129}, "may not be more than 128"),
            ({"training": {"seed": -1}}, "should be greater than or equal to 0"),
            ({"training": {"maxExamples": 10_001}}, "should be less than or equal to 10000"),
            ({"training": {"maxDurationSeconds": 43_201}}, "should be less than or equal to 43200"),
            ({"queueName": "Not A Label"}, "should match"),
            ({"learningRate": 0.1}, "unknown field"),
        ],
    )
    def test_the_message_names_the_field_and_what_to_change(
        self, fine_tunes: client.CustomObjectsApi, changes: Object, message: str
    ) -> None:
        with pytest.raises(client.ApiException) as caught:
            create(fine_tunes, "refused", **changes)
        assert message in refusal(caught.value)

    def test_a_name_too_long_for_its_children_is_refused(self, fine_tunes: client.CustomObjectsApi) -> None:
        with pytest.raises(client.ApiException) as caught:
            create(fine_tunes, "a" * 64)
        assert "metadata.name must be at most 63 characters long" in refusal(caught.value)


class TestStored:
    @pytest.mark.parametrize(
        ("name", "changes"),
        [
            ("omitted", {}),
            ("null", {"augmentationConditions": None, "fileUrls": None, "startingCustomVectorizerName": None}),
            ("empty", {"augmentationConditions": {}, "fileUrls": [], "customVectorizerNameForSampling": ""}),
            ("null-member", {"augmentationConditions": {"blur": None}, "training": {"seed": None}}),
        ],
    )
    def test_omitted_null_and_empty_are_the_same_request(
        self, fine_tunes: client.CustomObjectsApi, name: str, changes: Object
    ) -> None:
        spec = create(fine_tunes, name, **changes)["spec"]
        assert all(spec["augmentationConditions"].values())
        assert len(spec["augmentationConditions"]) == 9
        assert spec["fileUrls"] == []
        assert spec["startingCustomVectorizerName"] == spec["customVectorizerNameForSampling"] == ""
        assert spec["training"] == {"seed": 0, "maxExamples": 10_000}

    def test_a_thousand_urls_stay_within_the_budget_of_the_rules(self, fine_tunes: client.CustomObjectsApi) -> None:
        urls = [f"https://example.com/{number}.png?signature={'x' * 100}" for number in range(1000)]
        assert create(fine_tunes, "many-urls", fileUrls=urls)["spec"]["fileUrls"] == urls

    def test_a_name_of_any_script_with_spaces_is_stored(self, fine_tunes: client.CustomObjectsApi) -> None:
        assert (
            create(fine_tunes, "script", customVectorizerName="日本語 Ärger")["spec"]["customVectorizerName"]
            == "日本語 Ärger"
        )


class TestChange:
    @pytest.mark.parametrize(
        "changes",
        [
            {"contentType": "Image"},
            {"customVectorizerName": "other"},
            {"startingCustomVectorizerName": "other"},
            {"customVectorizerNameForSampling": "other"},
            {"augmentationConditions": {"blur": False}},
            {"fileUrls": ["https://example.com/a"]},
            {"downloadFromBatchCloudFolder": False},
            {"batchFolder": "other"},
            {"profile": "other"},
            {"training": {"seed": 1}},
            {"training": {"maxDurationSeconds": 600}},
            {"queueName": "other"},
        ],
    )
    def test_a_field_of_the_request_cannot_change(self, fine_tunes: client.CustomObjectsApi, changes: Object) -> None:
        (field,) = changes
        with stored(fine_tunes) as name, pytest.raises(client.ApiException) as caught:
            fine_tunes.patch_namespaced_custom_object(GROUP, VERSION, NAMESPACE, PLURAL, name, {"spec": changes})
        assert f"{field} cannot change once the object exists" in refusal(caught.value)

    @pytest.mark.parametrize("changes", [{"suspend": True}, {"ttlSecondsAfterFinished": 60}])
    def test_suspend_and_ttl_can(self, fine_tunes: client.CustomObjectsApi, changes: Object) -> None:
        with stored(fine_tunes) as name:
            patched = fine_tunes.patch_namespaced_custom_object(
                GROUP, VERSION, NAMESPACE, PLURAL, name, {"spec": changes}
            )
        spec = cast("Object", patched)["spec"]
        assert spec | changes == spec
