"""The base models that the platform keeps in the bases bucket."""

import hashlib
from dataclasses import dataclass

from pydantic import ValidationError
from vectorizer_api.artifact import VectorizerDescription
from vectorizer_api.conditions import Reason
from vectorizer_api.content import ContentType
from vectorizer_api.names import DESCRIPTION_FILE
from vectorizer_api.run import VectorizerSource

from vectorizer_operator.errors import Waiting
from vectorizer_operator.services import Services

DESCRIPTION_BYTES = 1024**2
"""The trainer reads no longer one."""


@dataclass(frozen=True)
class Base:
    """A base, by the digest of its description, which holds the digest of each of its files."""

    source: VectorizerSource
    dimension: int


def location(name: str, services: Services) -> str:
    """The URL of a base's folder."""
    return f"s3://{services.settings.bases_bucket}/{name}/"


async def read_base(name: str, content_type: ContentType, services: Services) -> Base:
    """The base of that name.

    Raises:
        Waiting: where there is none, or it is for other content; only the platform can put it there.
        StorageUnavailable: where the object store does not answer.

    """
    bucket = services.settings.bases_bucket
    stored = await services.storage.get(bucket, f"{name}/{DESCRIPTION_FILE}", DESCRIPTION_BYTES)
    if stored is None:
        raise Waiting(Reason.STORAGE_UNREACHABLE, f"The base {name} is not in the bucket {bucket} yet.")
    try:
        description = VectorizerDescription.model_validate_json(stored.body)
    except ValidationError as error:
        raise Waiting(Reason.STORAGE_UNREACHABLE, f"The base {name} cannot be read: {error}") from error
    if description.content_type is not content_type:
        raise Waiting(
            Reason.STORAGE_UNREACHABLE, f"The base {name} is for {description.content_type}, not for {content_type}."
        )
    digest = hashlib.sha256(stored.body).hexdigest()
    source = VectorizerSource(name=name, location=location(name, services), digest=digest)
    return Base(source, description.dimension)
