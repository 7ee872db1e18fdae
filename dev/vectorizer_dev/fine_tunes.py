"""Read fine-tunes and vectorizers as the models of the API."""

from pathlib import Path
from types import TracebackType
from typing import Any, Self

from kubernetes import client
from vectorizer_api import GROUP, VERSION
from vectorizer_api.custom_vectorizer import CustomVectorizer
from vectorizer_api.fine_tune import FineTune, FineTuneStatus

from vectorizer_dev.cluster import api_client


class FineTunes:
    """The two kinds on one cluster."""

    def __init__(self, kubeconfig: Path) -> None:
        self._client = api_client(kubeconfig)
        self._objects = client.CustomObjectsApi(self._client)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._client.close()  # type: ignore[no-untyped-call]

    def status(self, namespace: str, name: str) -> FineTuneStatus | None:
        """Return the status of a fine-tune, None as long as the operator wrote none."""
        return FineTune.model_validate(self._read(namespace, "vectorizerfinetunes", name)).status

    def vectorizer(self, namespace: str, name: str) -> CustomVectorizer:
        """Return a vectorizer."""
        return CustomVectorizer.model_validate(self._read(namespace, "customvectorizers", name))

    def _read(self, namespace: str, plural: str, name: str) -> Any:  # noqa: ANN401 the models check it
        return self._objects.get_namespaced_custom_object(GROUP, VERSION, namespace, plural, name)
