"""From the models to the CustomResourceDefinitions; `python -m vectorizer_api.crd` writes them beside this package."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from vectorizer_api import GROUP, VERSION
from vectorizer_api.custom_vectorizer import CustomVectorizer
from vectorizer_api.fine_tune import FineTune
from vectorizer_api.resource import Resource

Schema = dict[str, Any]

FOLDER = Path(__file__).parent.parent
CHART_FOLDER = FOLDER.parent / "helm" / "vectorizer-operator" / "files" / "crds"
SCHEMA_ANNOTATION = "vectorizers.dev/schema"
"""A digest of the definition: the chart knows by it whether the one in the cluster is the one that it was made for."""
READY = ".status.conditions[?(@.type=='Ready')].status"
REASON = ".status.conditions[?(@.type=='Ready')].reason"


@dataclass(frozen=True)
class Column:
    """A column of `kubectl get`; `wide` ones appear with `-o wide` only."""

    name: str
    path: str
    type: str = "string"
    wide: bool = False

    def manifest(self) -> Schema:
        """Return the column as an additionalPrinterColumns entry."""
        return {"name": self.name, "type": self.type, "jsonPath": self.path, "priority": int(self.wide)}


@dataclass(frozen=True)
class Definition:
    """What a CustomResourceDefinition says beyond its schema."""

    model: type[Resource]
    kind: str
    plural: str
    short: str
    columns: tuple[Column, ...]
    selectable: tuple[str, ...]

    @property
    def path(self) -> Path:
        """Where the generated YAML lies."""
        return FOLDER / f"{GROUP}_{self.plural}.yaml"


DEFINITIONS = (
    Definition(
        FineTune,
        "VectorizerFineTune",
        "vectorizerfinetunes",
        "vft",
        (
            Column("Phase", ".status.phase"),
            Column("Type", ".spec.contentType"),
            Column("Progress", ".status.display.progress"),
            Column("ETA", ".status.display.eta"),
            Column("Score", ".status.display.score"),
            Column("Vectorizer", ".status.vectorizer"),
            Column("Age", ".metadata.creationTimestamp", "date"),
            Column("Reason", REASON, wide=True),
            Column("Queue", ".spec.queueName", wide=True),
            Column("Attempt", ".status.attempts.current", "integer", wide=True),
            Column("GPU-s", ".status.gpuSeconds", "integer", wide=True),
        ),
        (".spec.contentType", ".spec.customVectorizerName", ".status.phase"),
    ),
    Definition(
        CustomVectorizer,
        "CustomVectorizer",
        "customvectorizers",
        "cvec",
        (
            Column("Name", ".spec.customVectorizerName"),
            Column("Type", ".spec.contentType"),
            Column("Dim", ".spec.dimension", "integer"),
            Column("From", ".spec.base.name"),
            Column("Score", ".status.score"),
            Column("Ready", READY),
            Column("Age", ".metadata.creationTimestamp", "date"),
        ),
        (".spec.contentType", ".spec.customVectorizerName"),
    ),
)


def manifest(definition: Definition) -> Schema:
    """Return the CustomResourceDefinition as the API server takes it."""
    version = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema(definition.model)},
        "subresources": {"status": {}},
        "additionalPrinterColumns": [column.manifest() for column in definition.columns],
        "selectableFields": [{"jsonPath": path} for path in definition.selectable],
    }
    names = {
        "kind": definition.kind,
        "listKind": f"{definition.kind}List",
        "plural": definition.plural,
        "singular": definition.kind.lower(),
        "shortNames": [definition.short],
        "categories": ["vectorizers"],
    }
    spec = {"group": GROUP, "names": names, "scope": "Namespaced", "versions": [version]}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{definition.plural}.{GROUP}", "annotations": {SCHEMA_ANNOTATION: _digest(spec)}},
        "spec": spec,
    }


def _digest(spec: Schema) -> str:
    return "sha256:" + hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()[:16]


def schema(model: type[Resource]) -> Schema:
    """Return the structural schema of `model`: no references, no unions, metadata left to the API server."""
    source = model.model_json_schema(by_alias=True)
    root = _structural(source, source.pop("$defs"))
    properties = root["properties"]
    properties |= {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}
    properties["status"] = _without_defaults(properties["status"])
    return root | {"required": ["spec"]}


def _structural(node: Schema, definitions: Schema) -> Schema:
    """Return `node` as Kubernetes understands it: references inlined, the null of an optional field dropped."""
    if "$ref" in node:
        target = definitions[node["$ref"].rsplit("/", 1)[1]]
        # What stands beside the reference (description, default, rules) is said of this use and wins.
        return _structural({**target, **_except(node, "$ref")}, definitions)
    if "anyOf" in node:
        (only,) = [option for option in node["anyOf"] if option.get("type") != "null"]
        return _structural({**only, **_except(node, "anyOf")}, definitions)
    return dict(_translated(node, definitions))


def _translated(node: Schema, definitions: Schema) -> Iterator[tuple[str, Any]]:
    for key, value in node.items():
        match key, value:
            case ("title", _) | ("additionalProperties", bool()) | ("default", None):
                continue
            case "default", dict():
                # The members have defaults of their own: omitted, `{}`, null and partly given objects store the same.
                yield key, {}
            case "description", str():
                yield key, " ".join(value.split())
            case "properties", dict():
                yield key, {name: _structural(child, definitions) for name, child in value.items()}
            case "items" | "additionalProperties", dict():
                yield key, _structural(value, definitions)
            case _:
                yield key, value


def _without_defaults(node: Schema) -> Schema:
    """Return `node` without defaults: what the operator did not say must not appear in a status."""
    result = _except(node, "default")
    for key in ("items", "additionalProperties"):
        if key in result:
            result[key] = _without_defaults(result[key])
    if "properties" in result:
        result["properties"] = {name: _without_defaults(child) for name, child in result["properties"].items()}
    return result


def _except(node: Schema, key: str) -> Schema:
    return {name: value for name, value in node.items() if name != key}


def text(definition: Definition) -> str:
    """Return the generated file."""
    body = yaml.safe_dump(manifest(definition), sort_keys=False, allow_unicode=True, width=120)
    return f"# Generated from vectorizer_api by `make generate`; do not edit.\n{body}"


def main() -> None:
    """Write each definition beside this package, and where the chart takes it from."""
    CHART_FOLDER.mkdir(parents=True, exist_ok=True)
    for definition in DEFINITIONS:
        for folder in (FOLDER, CHART_FOLDER):
            (folder / definition.path.name).write_text(text(definition), encoding="utf-8")


if __name__ == "__main__":
    main()
