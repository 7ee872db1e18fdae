"""The reference of the API for people: every field as the CRDs have it; `python -m vectorizer_dev.api_reference`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vectorizer_api.crd import DEFINITIONS, Definition, manifest
from vectorizer_api.model import EXACT

__all__ = ["PAGE", "page"]

PAGE = Path(__file__).parents[2] / "docs" / "api.md"
_Schema = dict[str, Any]


def page() -> str:
    """The whole page."""
    parts = [
        "# API reference",
        "Generated from `vectorizer_api` by `make generate`; do not edit. `kubectl explain` says the same.",
        "A field that cannot change says so when that is tried: a new object under another name is the way.",
    ]
    for definition in DEFINITIONS:
        parts += _kind(definition)
    return "\n\n".join(parts) + "\n"


def _kind(definition: Definition) -> Iterator[str]:
    body = manifest(definition)
    names, version = body["spec"]["names"], body["spec"]["versions"][0]
    root = version["schema"]["openAPIV3Schema"]
    yield f"## {names['kind']}"
    yield root["description"]
    yield (
        f"`apiVersion: {body['spec']['group']}/{version['name']}`, `kubectl get {names['plural']}` "
        f"(short: {', '.join(f'`{short}`' for short in names['shortNames'])})."
    )
    for part in ("spec", "status"):
        schema = root["properties"][part]
        yield f"### {part}"
        yield schema.get("description", "")
        if rules := [rule["message"] for rule in schema.get("x-kubernetes-validations", [])]:
            yield "\n".join(f"- {rule}" for rule in rules)
        yield "\n".join(["| field | type | what it is |", "| --- | --- | --- |", *_rows(schema, "")])


def _rows(schema: _Schema, above: str) -> Iterator[str]:
    required = set(schema.get("required", []))
    for name, field in schema.get("properties", {}).items():
        path = f"{above}{name}"
        needed = " (required)" if name in required else ""
        yield f"| `{path}` | {_type(field)}{needed} | {_cell(_said(name, field))} |"
        inner = field.get("items", field)
        yield from _rows(inner, f"{path}[]." if "items" in field else f"{path}.")


def _type(field: _Schema) -> str:
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if "items" in field:
        return f"list of {_type(field['items'])}"
    return str(field.get("format") or field.get("type", "object"))


def _said(name: str, field: _Schema) -> str:
    described: str = field.get("description", "")
    # A description begins with the field's name, as Kubernetes has it; here the name stands beside it.
    described = described.removeprefix(f"{name} ")
    # What any whole number of JSON keeps to tells nobody anything of this one.
    told = {key: value for key, value in field.items() if value not in (EXACT, -EXACT)}
    limits = [f"{words} {told[key]}" for key, words in _LIMITS.items() if key in told]
    rules = [
        rule["message"] for rule in field.get("x-kubernetes-validations", []) if "cannot change" not in rule["message"]
    ]
    parts = [described, *([f"({', '.join(limits)})"] if limits else []), *(f"Rule: {rule}." for rule in rules)]
    return " ".join(filter(None, parts))


_LIMITS = {
    "minimum": "at least",
    "maximum": "at most",
    "minLength": "characters: at least",
    "maxLength": "characters: at most",
    "minItems": "items: at least",
    "maxItems": "items: at most",
}


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
