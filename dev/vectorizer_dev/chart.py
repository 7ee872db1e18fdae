"""README and JSON schema of the chart's values, from the comments in its values.yaml; `make generate` writes both."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel
from vectorizer_api.content import ContentType
from vectorizer_api.fetch import FetchLimits, UrlRules
from vectorizer_api.run import Limits
from vectorizer_operator.profiles import Offer
from vectorizer_operator.settings import PREFIX, Settings

FOLDER = Path(__file__).parent.parent.parent / "helm" / "vectorizer-operator"
HEADING = "## Values"
BY_VALUES_OF_THEIR_OWN = frozenset(
    {
        *(
            "s3_endpoint",
            "s3_access_key",
            "s3_secret_key",
            "s3_secure",
            "s3_run_endpoint",
            "s3_run_secure",
            "s3_region",
        ),
        *("bucket_prefix", "bases_bucket", "bases", "profiles", "trainer_image", "metrics_address", "lease"),
        *("namespaces", "limits", "url_rules", "fetch_limits", "max_runs", "max_unfinished"),
    }
)
"""Settings that the Deployment's template sets; the others are `settings.VECTORIZER_…`."""
_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", dict: "object", list: "array"}

Schema = dict[str, Any]


class CommentError(ValueError):
    """A value says nothing of itself; the message names it."""


@dataclass
class Said:
    """The comment above one value."""

    text: list[str] = field(default_factory=list)
    more: Schema = field(default_factory=dict)
    """What `@schema` adds."""
    model: str = ""

    @property
    def description(self) -> str:
        """The words, on one line."""
        return " ".join(self.text)


def comments(source: str) -> dict[str, Said]:
    """What the comments of a values.yaml say, by the dotted path of the value below them."""
    found: dict[str, Said] = {}
    path: list[tuple[int, str]] = []
    said = Said()
    for line in source.splitlines():
        if comment := re.match(r"\s*# ?(.*)", line):
            _hear(said, comment[1])
        elif key := re.match(r"( *)([A-Za-z_]\w*):", line):
            path = [*(part for part in path if part[0] < len(key[1])), (len(key[1]), key[2])]
            found[".".join(name for _, name in path)] = said
            said = Said()
        else:
            said = Said()
    return found


def _hear(said: Said, comment: str) -> None:
    if comment.startswith("-- "):
        said.text = [comment.removeprefix("-- ")]
    elif comment.startswith("@schema "):
        said.more = json.loads(comment.removeprefix("@schema "))
    elif comment.startswith("@model "):
        said.model = comment.removeprefix("@model ")
    elif said.text:
        said.text.append(comment)


def _models() -> dict[str, Schema]:
    bases = {"type": "object", "propertyNames": {"enum": [kind.value for kind in ContentType]}}
    return {
        "bases": {**bases, "additionalProperties": {"type": "string", "minLength": 1}},
        "profiles": _of_model(Offer),
        "limits": _of_model(Limits),
        "urlRules": _of_model(UrlRules),
        "fetchLimits": _of_model(FetchLimits),
        "settings": _settings(),
    }


def _of_model(model: type[BaseModel]) -> Schema:
    return {**_plain(model.model_json_schema(by_alias=True)), "additionalProperties": False}


def _settings() -> Schema:
    fields: Schema = Settings.model_json_schema()["properties"]
    free = {PREFIX + name.upper(): _plain(one) for name, one in fields.items() if name not in BY_VALUES_OF_THEIR_OWN}
    return {"type": "object", "additionalProperties": False, "properties": free}


def _plain(node: Any) -> Any:  # noqa: ANN401 - any JSON
    """A schema without titles and defaults: the values that are given decide, not those that a schema speaks of."""
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {key: value for key, value in node.items() if not _is_told_elsewhere(key, value)}
    return {key: _one_line(value) if key == "description" else _plain(value) for key, value in kept.items()}


def _one_line(value: object) -> object:
    return " ".join(value.split()) if isinstance(value, str) else _plain(value)


def _is_told_elsewhere(key: str, value: object) -> bool:
    """Whether it is a title or a default, and not a property of that name."""
    return (key == "title" and isinstance(value, str)) or (key == "default" and not _is_schema(value))


def _is_schema(value: object) -> bool:
    return isinstance(value, dict) and bool({"type", "$ref", "anyOf"} & value.keys())


def schema(source: str) -> str:
    """The JSON schema of the values: what is not in values.yaml is refused by name."""
    said, models = comments(source), _models()
    root = _object(yaml.safe_load(source), "", said, models)
    root["properties"]["global"] = {"type": "object", "description": "Helm's own, where the chart is part of another."}
    definitions: Schema = {}
    for model in models.values():
        definitions |= model.pop("$defs", {})
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", **root, "$defs": definitions}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _object(values: Mapping[str, Any], path: str, said: Mapping[str, Said], models: Mapping[str, Schema]) -> Schema:
    inner = {name: _value(value, f"{path}.{name}".lstrip("."), said, models) for name, value in values.items()}
    # One that is set to null is not there any more, and the templates need it.
    required = [name for name, value in values.items() if value is not None]
    return {"type": "object", "additionalProperties": False, "required": required, "properties": inner}


def _value(value: object, path: str, said: Mapping[str, Said], models: Mapping[str, Schema]) -> Schema:
    of_it = said[path]
    told = {"description": of_it.description} if of_it.description else {}
    if of_it.model:
        models[of_it.model].update(told)
        if isinstance(value, dict) and value:
            models[of_it.model]["required"] = list(value)
        return models[of_it.model]
    if isinstance(value, dict) and value and not of_it.more:
        return {**told, **_object(value, path, said, models)}
    kind = {} if value is None else {"type": _TYPES[type(value)]}
    return {**told, **kind, **of_it.more}


def table(source: str) -> str:
    """The table of the README: each value, its default and what it is.

    Raises CommentError where a value has no comment.
    """
    said, lines = comments(source), ["| value | default | what it is |", "| --- | --- | --- |"]
    for path, value in _leaves(yaml.safe_load(source), "", said):
        if not said[path].text:
            raise CommentError(f"values.yaml: {path} has no comment (`# -- …`)")
        shown = json.dumps(value, ensure_ascii=False)
        lines.append(f"| `{path}` | `{shown}` | {said[path].description.replace('|', chr(92) + '|')} |")
    return "\n".join(lines)


def _leaves(values: Mapping[str, Any], path: str, said: Mapping[str, Said]) -> Iterator[tuple[str, object]]:
    """Every value that has a comment of its own, and those that have none and hold no others."""
    for name, value in values.items():
        place = f"{path}.{name}".lstrip(".")
        if isinstance(value, dict) and value and not said[place].text:
            yield from _leaves(value, place, said)
        else:
            yield place, value


def readme(before: str, source: str) -> str:
    """The README with its table renewed; what stands above the heading is written by people."""
    prose = before.partition(HEADING)[0]
    how = "Made by `make generate` from the comments in `values.yaml`."
    return f"{prose}{HEADING}\n\n{how}\n\n{table(source)}\n"


def write() -> None:
    """Write both files."""
    source = (FOLDER / "values.yaml").read_text(encoding="utf-8")
    page = FOLDER / "README.md"
    page.write_text(readme(page.read_text(encoding="utf-8"), source), encoding="utf-8")
    (FOLDER / "values.schema.json").write_text(schema(source), encoding="utf-8")


if __name__ == "__main__":
    write()
