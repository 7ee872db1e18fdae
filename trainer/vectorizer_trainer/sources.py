"""The vectorizers that a run reads, brought to disk; what arrives is what was named, or nothing."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pydantic import ValidationError
from vectorizer_api.artifact import VectorizerDescription
from vectorizer_api.names import DESCRIPTION_FILE
from vectorizer_api.run import VectorizerSource

from vectorizer_trainer.cache import check_disk
from vectorizer_trainer.errors import InvalidVectorizer
from vectorizer_trainer.store import Entry, FolderStore, Store, key_problem
from vectorizer_trainer.wording import first_fault, quoted

LARGEST_DESCRIPTION = 1024**2
_DOWNLOADS = 8


def bring(source: VectorizerSource, store: Store, target: Path) -> Path:
    """The folder of a vectorizer: itself where it is one, else a copy in `target`.

    Its description must have the digest that the source names, and each file the size and digest in the description
    (which load_vectorizer checks for a folder that is already there). The keys are read and never listed, since a run's
    credentials allow no more. Raises InvalidVectorizer and StorageError.
    """
    raw = store.read(DESCRIPTION_FILE, LARGEST_DESCRIPTION + 1)
    _check(source.digest, hashlib.sha256(raw).hexdigest(), DESCRIPTION_FILE, source)
    if isinstance(store, FolderStore):
        return store.root
    description = _parse(raw, source)
    check_disk(target.parent, sum(file.size for file in description.files.values()))
    target.mkdir()
    with ThreadPoolExecutor(_DOWNLOADS) as pool:
        list(pool.map(lambda name: _fetch(name, description, store, target, source), description.files))
    (target / DESCRIPTION_FILE).write_bytes(raw)
    return target


def _parse(raw: bytes, source: VectorizerSource) -> VectorizerDescription:
    if len(raw) > LARGEST_DESCRIPTION:
        raise InvalidVectorizer(f"The {DESCRIPTION_FILE} of {quoted(source.name)} is larger than 1 MiB.")
    try:
        return VectorizerDescription.model_validate_json(raw)
    except ValidationError as error:
        fault = first_fault(error)
        raise InvalidVectorizer(f"The {DESCRIPTION_FILE} of {quoted(source.name)} is not one: {fault}.") from error


def _fetch(name: str, description: VectorizerDescription, store: Store, target: Path, source: VectorizerSource) -> None:
    problem = key_problem(name)
    if problem:
        raise InvalidVectorizer(f"The {DESCRIPTION_FILE} of {quoted(source.name)} names {quoted(name)}: {problem}.")
    local = target / name
    local.parent.mkdir(parents=True, exist_ok=True)
    expected = description.files[name]
    _check(expected.sha256, store.fetch(Entry(name, expected.size, None), local), name, source)


def _check(expected: str | None, found: str, name: str, source: VectorizerSource) -> None:
    if expected not in {None, found}:
        raise InvalidVectorizer(
            f"{quoted(name)} of the vectorizer {quoted(source.name)} is not the file that was published: "
            f"its SHA-256 is {found} and not {expected}."
        )
