"""What was published of a vectorizer, brought to this machine: every file is what the operator vouches for."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from vectorizer_api.custom_vectorizer import CustomVectorizer
from vectorizer_api.names import MANIFEST_FILE, MODEL_FOLDER, published_prefix
from vectorizer_api.run import RunManifest
from vectorizer_trainer.errors import BadInput
from vectorizer_trainer.store import Entry, S3Store, key_problem
from vectorizer_trainer.wording import quoted

__all__ = ["Published"]

_MANIFEST_BYTES = 16 * 1024**2
_PATIENCE = (0.5, 1.0, 2.0)
_TELL = "Do not use it, and tell the platform's administrators."


@dataclass(frozen=True)
class Published:
    """A vectorizer's files in the account's bucket."""

    vectorizer: CustomVectorizer
    store: S3Store
    manifest: RunManifest

    @classmethod
    def open(cls, vectorizer: CustomVectorizer, client: object, bucket: str) -> "Published":
        """Find them by the object; raises StorageError, or BadInput where they are not what was published."""
        prefix = published_prefix(vectorizer.metadata.name, vectorizer.spec.artifact.run_uid)
        store = S3Store(client, bucket, prefix, _PATIENCE)
        text = store.read(MANIFEST_FILE, _MANIFEST_BYTES)
        name = quoted(vectorizer.spec.custom_vectorizer_name)
        if hashlib.sha256(text).hexdigest() != vectorizer.spec.artifact.digest:
            raise BadInput(f"The files of {name} are not what was published: {MANIFEST_FILE} was changed.", hint=_TELL)
        try:
            return cls(vectorizer, store, RunManifest.model_validate_json(text))
        except ValidationError:
            raise BadInput(f"The {MANIFEST_FILE} of {name} is of another version.", hint="Update vectorizer.") from None

    def fetch(self, key: str, target: Path) -> None:
        """Bring one file of the manifest to `target`; raises BadInput where it is not as published."""
        told = self.manifest.files[key]
        target.parent.mkdir(parents=True, exist_ok=True)
        digest = self.store.fetch(Entry(key, told.size, None), target)
        if digest != told.sha256:
            target.unlink()
            raise BadInput(f"{quoted(key)} is not what was published: its digest is another one.", hint=_TELL)

    def paths(self) -> Iterator[tuple[str, Path]]:
        """Each file's key and where it belongs in a vectorizer's folder: the model at its top, the report in report/.

        Raises BadInput where a key leads out of the folder.
        """
        for key in self.manifest.files:
            if problem := key_problem(key):
                raise BadInput(f"{quoted(key)}: {problem}.", hint=_TELL)
            yield key, Path(key.removeprefix(MODEL_FOLDER))
