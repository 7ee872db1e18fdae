"""What the operator says of a cluster and an object store that it cannot work with."""

import copy
from typing import Any
from unittest.mock import Mock

import pytest
from minio.error import S3Error
from vectorizer_api.crd import DEFINITIONS, schema
from vectorizer_operator.settings import Settings
from vectorizer_operator.storage import StorageUnavailable
from vectorizer_operator.surroundings import objection_to_kinds, objection_to_store

Published = dict[str, dict[str, Any]]


@pytest.fixture
def published() -> Published:
    return {definition.kind: copy.deepcopy(schema(definition.model)) for definition in DEFINITIONS}


class TestKinds:
    def test_nothing_is_said_of_those_of_this_version(self, published: Published) -> None:
        assert objection_to_kinds(published) == ""

    def test_newer_ones_with_more_fields_are_fine(self, published: Published) -> None:
        published["VectorizerFineTune"]["properties"]["spec"]["properties"]["later"] = {"type": "string"}
        assert objection_to_kinds(published) == ""

    def test_one_that_is_not_there_is_named_with_the_remedy(self, published: Published) -> None:
        del published["CustomVectorizer"]
        said = objection_to_kinds(published)
        assert said.startswith("the cluster has no kind CustomVectorizer: `helm upgrade` applies the CRDs")

    def test_the_field_that_an_older_one_lacks_is_named(self, published: Published) -> None:
        del published["VectorizerFineTune"]["properties"]["status"]["properties"]["display"]
        said = objection_to_kinds(published)
        assert "CRD of VectorizerFineTune is older than this operator, and lacks status.display: `helm upgrade`" in said

    def test_a_field_of_a_list_s_items_counts_too(self, published: Published) -> None:
        items = published["VectorizerFineTune"]["properties"]["status"]["properties"]["conditions"]["items"]
        del items["properties"]["observedGeneration"]
        assert "lacks status.conditions.observedGeneration" in objection_to_kinds(published)


class TestStore:
    settings = Settings.model_validate(
        {
            "s3_endpoint": "minio:9000",
            "s3_access_key": "user",
            "s3_secret_key": "password-of-the-user",
            "trainer_image": "trainer",
        }
    )

    def said(self, cause: Exception) -> str:
        error = StorageUnavailable("the object store: NewConnectionError")
        error.__cause__ = cause
        return objection_to_store(error, self.settings)

    def refusal(self, code: str, message: str) -> S3Error:
        return S3Error(response=Mock(status=403), code=code, message=message, resource="", request_id="", host_id="")

    def test_one_that_does_not_answer_is_named_with_the_variables_that_say_where_it_is(self) -> None:
        said = self.said(OSError())
        assert said.startswith("the object store minio:9000 (VECTORIZER_S3_ENDPOINT) does not answer by TLS")
        assert "VECTORIZER_S3_SECURE" in said

    def test_a_user_that_it_does_not_know_is_told_in_its_words_without_the_password(self) -> None:
        said = self.said(self.refusal("InvalidAccessKeyId", "The Access Key Id does not exist."))
        assert "refuses the operator's user (VECTORIZER_S3_ACCESS_KEY" in said
        assert said.endswith("InvalidAccessKeyId: The Access Key Id does not exist.")
        assert "password-of-the-user" not in said

    def test_a_bucket_that_is_missing_is_named_with_what_belongs_there(self) -> None:
        said = self.said(self.refusal("NoSuchBucket", "The specified bucket does not exist"))
        assert "has no bucket vectorizer-bases (VECTORIZER_BASES_BUCKET), which holds the bases" in said
