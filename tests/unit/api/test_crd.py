"""The generated CustomResourceDefinitions."""

import pytest
import yaml
from vectorizer_api.crd import CHART_FOLDER, DEFINITIONS, Definition, Schema, manifest, text


def nodes(schema: Schema) -> list[Schema]:
    children = [*schema.get("properties", {}).values()]
    children += [schema[key] for key in ("items", "additionalProperties") if key in schema]
    return [schema, *(node for child in children for node in nodes(child))]


def root(definition: Definition) -> Schema:
    version = manifest(definition)["spec"]["versions"][0]
    schema: Schema = version["schema"]["openAPIV3Schema"]
    return schema


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda definition: definition.kind)
class TestDefinition:
    def test_the_committed_yaml_equals_the_models(self, definition: Definition) -> None:
        assert definition.path.read_text(encoding="utf-8") == text(definition), "run `make generate`"

    def test_the_chart_brings_the_same(self, definition: Definition) -> None:
        assert (CHART_FOLDER / definition.path.name).read_text(encoding="utf-8") == text(definition), (
            "run `make generate`"
        )

    def test_no_field_is_nullable_and_none_keeps_a_reference_or_union(self, definition: Definition) -> None:
        for node in nodes(root(definition)):
            assert not {"$ref", "$defs", "anyOf", "nullable", "title"} & set(node)

    def test_every_field_of_the_spec_is_described_and_starts_with_its_json_name(self, definition: Definition) -> None:
        for name, node in root(definition)["properties"]["spec"]["properties"].items():
            assert node["description"].split()[0] == name

    def test_the_status_has_no_defaults(self, definition: Definition) -> None:
        assert not any("default" in node for node in nodes(root(definition)["properties"]["status"]))

    def test_every_text_of_the_spec_is_bounded_so_that_rules_stay_within_their_budget(
        self, definition: Definition
    ) -> None:
        spec = root(definition)["properties"]["spec"]
        ruled = [node for node in nodes(spec) if "x-kubernetes-validations" in node and node["type"] == "string"]
        assert ruled
        assert all("maxLength" in node or "enum" in node for node in ruled)


def test_no_field_of_the_request_names_a_bucket_secret_image_account_or_node() -> None:
    spec = yaml.safe_load(text(DEFINITIONS[0]))["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"][
        "spec"
    ]
    forbidden = ("bucket", "secret", "image", "account", "node", "namespace", "endpoint")
    assert not [name for name in spec["properties"] if any(word in name.lower() for word in forbidden)]
