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
            ({"content_type": "image"}, "content_type: must be 'Image', 'Video', 'Sound', 'Text' or 'Point_Cloud'"),
            ({"custom_vectorizer_name": None}, "custom_vectorizer_name: must not be null"),
            ({"custom_vectorizer_name": "ab"}, "custom_vectorizer_name: has too few characters: at least 3 are"),
            ({"custom_vectorizer_name": "x" * 31}, "custom_vectorizer_name: has too many characters: at most 30 are"),
            ({"custom_vectorizer_name": " abc"}, "custom_vectorizer_name: must not start or end with white space"),
            ({"custom_vectorizer_name": "a\nbc"}, "custom_vectorizer_name: must not contain line breaks"),
            (
                {"starting_custom_vectorizer_name": "ab"},
                "starting_custom_vectorizer_name: has too few characters: at least 3 are",
            ),
            (
                {"custom_vectorizer_name_for_sampling": ""},
                "custom_vectorizer_name_for_sampling: has too few characters: ",
            ),
            ({"starting_custom_vectorizer_name": "fruit"}, "starting_custom_vectorizer_name: must differ"),
            (
                {"augmentation_conditions": {"horizontalFlip": True}},
                f"augmentation_conditions.horizontalFlip: is not one of {', '.join(SWITCHES)}",
            ),
            ({"augmentation_conditions": []}, "augmentation_conditions: must be an object of switches"),
            ({"custom_vectorizer_name": 7}, "custom_vectorizer_name: must be a text in double quotes"),
            ({"file_urls": [""]}, "file_urls[0]: has too few characters: "),
            ({"file_urls": ["https://h/" + "a" * 5000]}, "file_urls[0]: has too many characters: "),
            ({"file_urls": ["https://h/a"] * 20_000}, "file_urls: has too many entries: "),
            (
                {"augmentation_conditions": {"blur": "no"}},
                "augmentation_conditions.blur: must be true or false",
            ),
            ({"file_urls": "https://example.com"}, "file_urls: must be a list"),
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
            ({"epochs": 3}, "epochs: is not one of content_type, custom_vectorizer_name_for_sampling, "),
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

    @pytest.mark.parametrize(
        ("text", "fault"),
        [
            ('{"a": 1\n"b": 2}', "in line 2 a comma is missing"),
            ('{"a" 1}', "in line 1 a colon is missing"),
            ('{"a": }', "in line 1 a value is missing"),
            ('{"a": 1,\n}', "in line 2 there should be a name in double quotes, or a comma less"),
            ('{"a": "b}', "in line 1 a quotation mark is not closed"),
            ('{"a": "b\n}', "in line 1 a quotation mark is not closed"),
            ('{"a": "C:\\d"}', "in line 1 a backslash stands before a character that needs none"),
            ('{"a": 1} {', "in line 1 something follows after the end"),
        ],
    )
    def test_a_fault_in_the_json_is_told_by_line_and_in_plain_words(self, text: str, fault: str) -> None:
        with pytest.raises(RequestError, match=f"^the request is not JSON: {fault}$"):
            parse_request(text)
