"""The specification's request JSON (snake_case): the same request as a VectorizerFineTune, in the words of the job."""

import json
import re
import unicodedata
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, ValidationError

from vectorizer_api import API_VERSION
from vectorizer_api.content import AugmentationConditions, ContentType
from vectorizer_api.fine_tune import MAX_URL_LENGTH, MAX_URLS, MAX_URLS_LENGTH, NAME_MAX, NAME_MIN, FineTuneSpec
from vectorizer_api.names import vectorizer_object_name

_URL = re.compile(r"https?://(?P<authority>[^/?#]+)[^\s]*", re.IGNORECASE)
_CONTROL_CATEGORIES = frozenset({"Cc", "Zl", "Zp"})


_FAULTS = {
    "missing": "is required",
    "bool_type": "must be true or false, without quotation marks",
    "string_type": "must be a text in double quotes",
    "string_too_short": "has too few characters: at least {min_length} are needed",
    "string_too_long": "has too many characters: at most {max_length} are allowed",
    "list_type": "must be a list",
    "too_long": "has too many entries: at most {max_length} are allowed",
    "enum": "must be {expected}",
    "model_type": "must be an object of switches, each true or false",
    "value_error": "{error}",
}
"""What pydantic calls a fault -> the same to somebody who writes a request."""

_JSON_FAULTS = {
    "Expecting value": "a value is missing",
    "Expecting ',' delimiter": "a comma is missing",
    "Expecting ':' delimiter": "a colon is missing",
    "Expecting property name enclosed in double quotes": "there should be a name in double quotes, or a comma less",
    "Unterminated string starting at": "a quotation mark is not closed",
    "Invalid control character at": "a quotation mark is not closed",
    "Invalid \\escape": "a backslash stands before a character that needs none",
    "Extra data": "something follows after the end",
}
"""What the parser says -> the same to somebody who writes a request."""


class RequestError(ValueError):
    """The request breaks the specification; the message has a line per field."""


def _usable_name(name: str) -> str:
    if any(unicodedata.category(character) in _CONTROL_CATEGORIES for character in name):
        raise ValueError("must not contain line breaks or control characters")
    if name != name.strip():
        raise ValueError("must not start or end with white space")
    return name


def _usable_url(url: str) -> str:
    match = _URL.fullmatch(url)
    if match is None:
        raise ValueError("must be a URL such as https://host/path/file.jpg")
    if "@" in match["authority"]:
        raise ValueError("must not hold a user name or password")
    return url


def _not_null(value: object) -> object:
    if value is None:
        raise ValueError("must not be null")
    return value


def _null_is_empty(value: object) -> object:
    return {} if value is None else value


Name = Annotated[str, Field(min_length=NAME_MIN, max_length=NAME_MAX), AfterValidator(_usable_name)]
Url = Annotated[str, Field(min_length=1, max_length=MAX_URL_LENGTH), AfterValidator(_usable_url)]


class Switches(BaseModel):
    """`augmentation_conditions`: a switch that is absent or null is on."""

    model_config = ConfigDict(extra="forbid")

    horizontal_flip: StrictBool | None = None
    vertical_flip: StrictBool | None = None
    small_rotation: StrictBool | None = None
    large_rotation: StrictBool | None = None
    center_crop: StrictBool | None = None
    brightness_jitter: StrictBool | None = None
    contrast_jitter: StrictBool | None = None
    saturation_jitter: StrictBool | None = None
    blur: StrictBool | None = None


class Request(BaseModel):
    """The inputs of the job `fine_tune_vectorizer`, field by field as the specification has them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    content_type: Annotated[ContentType, BeforeValidator(_not_null)]
    custom_vectorizer_name_for_sampling: Name | None = None
    starting_custom_vectorizer_name: Name | None = None
    custom_vectorizer_name: Annotated[Name, BeforeValidator(_not_null)]
    augmentation_conditions: Annotated[Switches, BeforeValidator(_null_is_empty)] = Switches()
    file_urls: list[Url] | None = Field(default=None, max_length=MAX_URLS)
    download_from_batch_cloud_folder: Annotated[StrictBool, BeforeValidator(_not_null)]

    def spec(self) -> FineTuneSpec:
        """Return the spec of the VectorizerFineTune that asks for the same."""
        return FineTuneSpec(
            content_type=self.content_type,
            custom_vectorizer_name=self.custom_vectorizer_name,
            starting_custom_vectorizer_name=self.starting_custom_vectorizer_name or "",
            custom_vectorizer_name_for_sampling=self.custom_vectorizer_name_for_sampling or "",
            augmentation_conditions=AugmentationConditions(
                **self.augmentation_conditions.model_dump(exclude_none=True)
            ),
            file_urls=self.file_urls or [],
            download_from_batch_cloud_folder=self.download_from_batch_cloud_folder,
        )

    def manifest(self) -> dict[str, Any]:
        """Return the VectorizerFineTune to apply, named after the vectorizer; only what the request says is in it."""
        spec = self.spec().model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return {
            "apiVersion": API_VERSION,
            "kind": "VectorizerFineTune",
            "metadata": {"name": vectorizer_object_name(self.custom_vectorizer_name)},
            "spec": spec,
        }


def parse_request(text: str) -> Request:
    """Return the request in `text`, bare or as the value of its "inputs" key.

    Raises RequestError with one line per field that breaks the specification.
    """
    inputs = _inputs(text)
    try:
        request = Request.model_validate(inputs)
    except ValidationError as error:
        raise RequestError("\n".join(_sentence(dict(detail)) for detail in error.errors())) from None
    _refuse_contradictions(request)
    return request


def _inputs(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text.removeprefix("\ufeff"), object_pairs_hook=_without_duplicates)
    except json.JSONDecodeError as error:
        raise RequestError(
            f"the request is not JSON: in line {error.lineno} {_JSON_FAULTS.get(error.msg, error.msg)}"
        ) from None
    except RecursionError:
        raise RequestError("the request is nested too deeply") from None
    if isinstance(document, dict) and set(document) == {"inputs"}:
        document = document["inputs"]
    if not isinstance(document, dict):
        raise RequestError("the request must be a JSON object")
    return document


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise RequestError(f"{twice}: is given twice")
    return result


def _refuse_contradictions(request: Request) -> None:
    if not request.download_from_batch_cloud_folder and not request.file_urls:
        raise RequestError(
            "download_from_batch_cloud_folder: there is nothing to train on: set it to true, or list file_urls"
        )
    if sum(map(len, request.file_urls or [])) > MAX_URLS_LENGTH:
        raise RequestError(f"file_urls: must hold at most {MAX_URLS_LENGTH} characters in all")
    for field in ("starting_custom_vectorizer_name", "custom_vectorizer_name_for_sampling"):
        if getattr(request, field) == request.custom_vectorizer_name:
            raise RequestError(f"{field}: must differ from custom_vectorizer_name, which is to be created")


def _sentence(detail: dict[str, Any]) -> str:
    field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in detail["loc"]).lstrip(".")
    if detail["type"] == "extra_forbidden":
        known = Switches if detail["loc"][0] == "augmentation_conditions" else Request
        return f"{field}: is not one of {', '.join(known.model_fields)}"
    fault = _FAULTS.get(detail["type"])
    return f"{field}: {fault.format(**detail.get('ctx', {})) if fault else detail['msg']}"
