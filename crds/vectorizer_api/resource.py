"""What every Kubernetes object has."""

from datetime import datetime

from pydantic import Field

from vectorizer_api import API_VERSION
from vectorizer_api.model import StoredModel


class Metadata(StoredModel):
    """The part of metav1.ObjectMeta that this project reads."""

    name: str
    namespace: str | None = None
    uid: str = ""
    generation: int = 0
    resource_version: str = ""
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    finalizers: list[str] = Field(default_factory=list)


class Resource(StoredModel):
    """An object of this API group."""

    api_version: str = API_VERSION
    kind: str
    metadata: Metadata
