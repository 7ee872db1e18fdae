"""What a file asks for: a VectorizerFineTune as for kubectl, or the specification's request JSON."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from vectorizer_api.content import AugmentationConditions
from vectorizer_api.fine_tune import FineTune, FineTuneSpec, Training
from vectorizer_api.request import Request, RequestError, parse_request
from vectorizer_trainer.errors import BadInput

__all__ = ["Asked", "read_asked"]

_KIND = "VectorizerFineTune"
_PARTS: Mapping[str, type[FineTuneSpec | AugmentationConditions | Training]] = {
    "spec": FineTuneSpec,
    "spec.augmentationConditions": AugmentationConditions,
    "spec.training": Training,
}
"""Where only known fields may stand."""


@dataclass(frozen=True)
class Asked:
    """A request, in whichever form it was written."""

    file: Path
    fine_tune: FineTune
    manifest: Mapping[str, Any]
    """The same as an object for the API server, with nothing in it that was not said."""

    @property
    def spec(self) -> FineTuneSpec:
        """What to fine-tune, and on what."""
        return self.fine_tune.spec


def read_asked(file: Path) -> Asked:
    """Read a file; raises BadInput, with a line for each field that is wrong."""
    text = _text(file)
    document = _document(text, file)
    try:
        manifest = document if "kind" in document else parse_request(text).manifest()
        _check_manifest(manifest)
        return Asked(file, FineTune.model_validate(manifest), manifest)
    except RequestError as error:
        raise BadInput(f"{file} breaks the specification:\n{error}", hint="Correct the request.") from None
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors(include_url=False)]
        raise BadInput(f"{file} is no {_KIND}:\n" + "\n".join(lines), hint="Correct the request.") from None


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}.", hint="Name the request's file.") from None
    except UnicodeDecodeError:
        raise BadInput(f"{file} is not UTF-8 text.", hint="Save it as UTF-8.") from None


def _document(text: str, file: Path) -> Mapping[str, Any]:
    """The object in a file; JSON is YAML, but its faults are told better by those who know that it is JSON."""
    if file.suffix.lower() == ".json" or text.lstrip().startswith("{"):
        try:
            found = json.loads(text)
        except (json.JSONDecodeError, RecursionError):
            return {}
    else:
        found = _only_one(text, file)
    return found if isinstance(found, dict) else {}


def _only_one(text: str, file: Path) -> object:
    try:
        found = [document for document in yaml.safe_load_all(text) if document is not None]
    except yaml.YAMLError as error:
        raise BadInput(f"{file} is not YAML: {error}", hint="Correct the file.") from None
    if len(found) != 1:
        raise BadInput(f"{file} holds {len(found)} objects, not one.", hint=f"Name a file with one {_KIND}.")
    if not isinstance(found[0], dict) or "kind" not in found[0]:
        raise BadInput(f"{file} is no {_KIND}: it has no kind.", hint=f"Name a file with one {_KIND}.")
    return found[0]


def _check_manifest(manifest: Mapping[str, Any]) -> None:
    """What the API server would refuse, as far as the models tell: it is asked itself where it can be reached."""
    if manifest.get("kind") != _KIND:
        raise RequestError(f"kind: is {manifest.get('kind')!r}, not {_KIND}")
    if unknown := [line for place, model in _PARTS.items() for line in _unknown(manifest, place, model)]:
        raise RequestError("\n".join(unknown))
    spec = FineTune.model_validate(manifest).spec
    parse_request(json.dumps(_as_request(spec)))


def _unknown(manifest: Mapping[str, Any], place: str, model: type[Any]) -> Iterator[str]:
    part: Any = manifest
    for step in place.split("."):
        part = part.get(step) or {} if isinstance(part, dict) else {}
    known = {field.alias or name for name, field in model.model_fields.items()}
    for name in part if isinstance(part, dict) else ():
        if name not in known:
            yield f"{place}.{name}: is not one of {', '.join(sorted(known))}"


def _as_request(spec: FineTuneSpec) -> dict[str, Any]:
    said = spec.model_dump(mode="json", include=set(Request.model_fields))
    return {name: None if value == "" else value for name, value in said.items()}
