"""The format of a vectorizer folder: base, custom, starting and sampling vectorizers are all read alike."""

from typing import Any, Literal

from pydantic import Field

from vectorizer_api.content import ContentType
from vectorizer_api.model import StoredModel

SHA256 = r"^[0-9a-f]{64}$"


class FileDigest(StoredModel):
    """What a file must be to be believed."""

    sha256: str = Field(pattern=SHA256)
    """sha256 is the file's SHA-256 in hexadecimal."""
    size: int = Field(ge=0)
    """size is the file's length in bytes."""


class BaseReference(StoredModel):
    """Which base a vectorizer descends from."""

    name: str = Field(min_length=1, max_length=100)
    """name is the base's folder in the bases bucket."""
    digest: str = Field(pattern=SHA256)
    """digest is the SHA-256 of the base's vectorizer.json, which in turn holds the digest of each of its files."""


class VectorizerDescription(StoredModel):
    """`vectorizer.json`: what a vectorizer is and every file that it consists of."""

    format_version: Literal[1] = 1
    """formatVersion is raised when an older reader could not read the folder."""
    name: str = Field(min_length=1, max_length=100)
    """name is what people call it; of a base its folder name."""
    content_type: ContentType
    """contentType is the kind of files that it maps to vectors."""
    architecture: str = Field(min_length=1)
    """architecture names the encoder's code in the content module."""
    dimension: int = Field(ge=1)
    """dimension is the length of a vector; fine-tuning keeps it."""
    preprocessing: dict[str, Any] = Field(default_factory=dict)
    """preprocessing holds what the architecture's decoder needs (sizes, means, prefixes)."""
    licence: str = Field(min_length=1)
    """licence is the SPDX identifier of the weights' licence."""
    base: BaseReference | None = None
    """base is what a custom vectorizer descends from; absent in a base itself."""
    files: dict[str, FileDigest]
    """files maps each other file's path relative to the folder to its digest."""
