"""The specification's request JSON."""

import json
from typing import Any

import pytest
from vectorizer_api.content import ContentType
from vectorizer_api.request import RequestError, parse_request

SWITCHES = (
    "horizontal_flip",
    "vertical_flip",
    "small_rotation",
    "large_rotation",
    "center_crop",
    "brightness_jitter",
    "contrast_jitter",
    "saturation_jitter",
    "blur",
)


def request(**changes: Any) -> dict[str, Any]:
    return {
        "content_type": "Image",
        "custom_vectorizer_name": "fruit",
        "download_from_batch_cloud_folder": True,
    } | changes


def manifest(**changes: Any) -> dict[str, Any]:
    return parse_request(json.dumps(request(**changes))).manifest()


def refusal(**changes: Any) -> str:
    with pytest.raises(RequestError) as caught:
        manifest(**changes)
    return str(caught.value)


class TestAcceptedRequest:
    def test_it_becomes_the_manifest_that_asks_for_the_same(self) -> None:
        assert manifest() == {
            "apiVersion": "vectorizers.dev/v1alpha1",
            "kind": "VectorizerFineTune",
            "metadata": {"name": "fruit"},
            "spec": {"contentType": "Image", "customVectorizerName": "fruit", "downloadFromBatchCloudFolder": True},
        }

    @pytest.mark.parametrize("content_type", list(ContentType))
    def test_every_content_type_is_taken_over_in_its_exact_spelling(self, content_type: ContentType) -> None:
        assert manifest(content_type=content_type)["spec"]["contentType"] == content_type

    def test_null_is_the_same_as_absent_where_the_specification_allows_it(self) -> None:
        optional = (
            "custom_vectorizer_name_for_sampling",
            "starting_custom_vectorizer_name",
            "augmentation_conditions",
            "file_urls",
        )
        assert manifest(**dict.fromkeys(optional)) == manifest()

    @pytest.mark.parametrize("switch", SWITCHES)
    def test_each_switch_can_be_turned_off_alone(self, switch: str) -> None:
        head, *rest = switch.split("_")
        camel = head + "".join(map(str.capitalize, rest))
        assert manifest(augmentation_conditions={switch: False})["spec"]["augmentationConditions"] == {camel: False}

    def test_every_other_field_arrives_under_its_own_name(self) -> None:
        spec = manifest(
            starting_custom_vectorizer_name="fruit v1",
            custom_vectorizer_name_for_sampling="chooser",
            file_urls=["https://example.com/a.png?sig=1"],
            download_from_batch_cloud_folder=False,
        )["spec"]
        assert spec["startingCustomVectorizerName"] == "fruit v1"
        assert spec["customVectorizerNameForSampling"] == "chooser"
        assert spec["fileUrls"] == ["https://example.com/a.png?sig=1"]
        assert spec["downloadFromBatchCloudFolder"] is False

    def test_it_may_stand_under_inputs_as_in_the_specification(self) -> None:
        assert parse_request(json.dumps({"inputs": request()})).manifest() == manifest()

    def test_a_name_of_any_script_gives_a_valid_object_name(self) -> None:
        result = manifest(custom_vectorizer_name="日本語 モデル")
        assert result["spec"]["customVectorizerName"] == "日本語 モデル"
        assert result["metadata"]["name"].isascii()


class TestRefusedRequest:
    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({"content_type": None}, "content_type: must not be null"),
            ({"content_type": "image"}, "content_type: input should be"),
            ({"custom_vectorizer_name": None}, "custom_vectorizer_name: must not be null"),
            ({"custom_vectorizer_name": "ab"}, "custom_vectorizer_name: string should have at least 3 characters"),
            ({"custom_vectorizer_name": "x" * 31}, "custom_vectorizer_name: string should have at most 30 characters"),
            ({"custom_vectorizer_name": " abc"}, "custom_vectorizer_name: must not start or end with white space"),
            ({"custom_vectorizer_name": "a\nbc"}, "custom_vectorizer_name: must not contain line breaks"),
            (
                {"starting_custom_vectorizer_name": "ab"},
                "starting_custom_vectorizer_name: string should have at least 3",
            ),
            ({"custom_vectorizer_name_for_sampling": ""}, "custom_vectorizer_name_for_sampling: string should have"),
            ({"starting_custom_vectorizer_name": "fruit"}, "starting_custom_vectorizer_name: must differ"),
            ({"augmentation_conditions": {"zoom": True}}, "augmentation_conditions.zoom: is not a field"),
            (
                {"augmentation_conditions": {"blur": "no"}},
                "augmentation_conditions.blur: must be true or false",
            ),
            ({"file_urls": "https://example.com"}, "file_urls: input should be a valid list"),
            ({"file_urls": ["ftp://example.com/a"]}, "file_urls[0]: must be a URL"),
            ({"file_urls": ["https://me:pw@example.com/a"]}, "file_urls[0]: must not hold a user name or password"),
            (
                {"file_urls": ["https://example.com/" + "a" * 200] * 900},
                "file_urls: must hold at most 180000 characters",
            ),
            ({"download_from_batch_cloud_folder": None}, "download_from_batch_cloud_folder: must not be null"),
            (
                {"download_from_batch_cloud_folder": "yes"},
                "download_from_batch_cloud_folder: must be true or false",
            ),
            (
                {"download_from_batch_cloud_folder": False},
                "download_from_batch_cloud_folder: there is nothing to train on",
            ),
            ({"epochs": 3}, "epochs: is not a field of the request"),
        ],
    )
    def test_it_names_the_field_and_what_is_wrong_with_it(self, changes: dict[str, Any], sentence: str) -> None:
        assert refusal(**changes).startswith(sentence)

    def test_a_missing_required_field_is_named(self) -> None:
        with pytest.raises(RequestError, match="content_type: is required"):
            parse_request("{}")

    def test_all_fields_at_fault_are_named_at_once(self) -> None:
        assert len(refusal(content_type="x", custom_vectorizer_name="y").splitlines()) == 2

    def test_a_duplicate_key_is_refused_rather_than_one_of_its_values_lost(self) -> None:
        with pytest.raises(RequestError, match="content_type: is given twice"):
            parse_request('{"content_type": "Text", "content_type": "Image"}')

    def test_a_request_nested_without_end_is_refused(self) -> None:
        with pytest.raises(RequestError, match="nested too deeply"):
            parse_request("[" * 100_000)

    @pytest.mark.parametrize("text", ["", "{", "[]", "null", '"Text"'])
    def test_what_is_not_a_json_object_is_refused(self, text: str) -> None:
        with pytest.raises(RequestError, match="JSON"):
            parse_request(text)
