"""The environment variables, and what is said about wrong ones."""

import pytest
from vectorizer_api.content import ContentType
from vectorizer_operator.errors import SettingsError
from vectorizer_operator.settings import Settings

LEAST = {
    "VECTORIZER_S3_ENDPOINT": "minio:9000",
    "VECTORIZER_S3_ACCESS_KEY": "key",
    "VECTORIZER_S3_SECRET_KEY": "very-secret",
    "VECTORIZER_TRAINER_IMAGE": "image",
}


def test_four_variables_are_enough() -> None:
    settings = Settings.from_environment(LEAST)
    assert settings.bases[ContentType.TEXT] == "all-MiniLM-L6-v2"
    assert settings.sts_url == "https://minio:9000"


def test_empty_variables_count_as_unset() -> None:
    assert Settings.from_environment({**LEAST, "VECTORIZER_NAMESPACES": "", "VECTORIZER_BASES": ""}).namespaces == ()


def test_lists_and_objects_are_read() -> None:
    more = {"VECTORIZER_NAMESPACES": "a, b", "VECTORIZER_BASES": '{"Text": "mine"}', "VECTORIZER_S3_SECURE": "false"}
    settings = Settings.from_environment({**LEAST, **more})
    assert settings.namespaces == ("a", "b")
    assert settings.bases == {ContentType.TEXT: "mine"}
    assert settings.sts_url == "http://minio:9000"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("VECTORIZER_S3_ENDPOINT", "https://minio:9000/"),
        ("VECTORIZER_S3_SECURE", "perhaps"),
        ("VECTORIZER_BASES", '{"Smell": "nose"}'),
        ("VECTORIZER_BASES", "no json"),
        ("VECTORIZER_BUCKET_PREFIX", "Not_A_Prefix"),
        ("VECTORIZER_PROGRESS_INTERVAL", "0"),
        ("VECTORIZER_METRICS_ADDRESS", "8080"),
    ],
)
def test_a_wrong_variable_is_named(variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        Settings.from_environment({**LEAST, variable: value})


def test_each_missing_variable_is_named() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({})
    assert all(variable in str(caught.value) for variable in LEAST)


def test_the_secret_is_never_shown() -> None:
    assert "very-secret" not in repr(Settings.from_environment(LEAST))
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({**LEAST, "VECTORIZER_WORKERS": "no"})
    assert "very-secret" not in str(caught.value)
