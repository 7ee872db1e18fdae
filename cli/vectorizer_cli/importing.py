"""From a published checkpoint to a base folder, and what bases there are."""

import hashlib
import random
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import track
from vectorizer_api.artifact import VectorizerDescription
from vectorizer_api.content import ContentType
from vectorizer_api.names import DESCRIPTION_FILE
from vectorizer_api.run import Limits
from vectorizer_trainer.bases import REFERENCE_FILE, bases_folder, production_base, serialise_reference
from vectorizer_trainer.content import UnsupportedContent
from vectorizer_trainer.content.encoder import Encoder, Item
from vectorizer_trainer.errors import BadInput, InvalidVectorizer, StorageError, UnreadableFile
from vectorizer_trainer.published import InvalidCheckpoint, Published, others_module, published_module
from vectorizer_trainer.vectorizer import verified_description, write_vectorizer
from vectorizer_trainer.wording import counted, quoted

from vectorizer_cli.files import find_files

FEWEST_REFERENCE, MOST_REFERENCE = 500, 1_000
"""Reference items of a base: fewer would measure retention badly, more would only cost time."""
_REFERENCE_BYTES = 256 * 1024**2
"""Beyond the fewest, no more are taken than fit into this: each run holds them in memory."""

_FOLDER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class BaseImport:
    """What `vectorizer base import` was asked for."""

    content_type: ContentType
    checkpoint: Path
    reference: Path
    name: str
    licence: str
    out: Path | None


@dataclass(frozen=True)
class Base:
    """A base folder."""

    folder: Path
    description: VectorizerDescription
    digest: str
    """SHA-256 of its vectorizer.json."""
    kind: str
    """`production`, `small` or `other`."""


def import_base(asked: BaseImport, console: Console) -> Base:
    """Make the base folder, whole or not at all; one that is there already stays. Raises RunError."""
    name, licence = _name_and_licence(asked)
    target = asked.out or bases_folder() / name
    _check_target(target)
    if not asked.reference.is_dir():
        raise BadInput(f"--reference {asked.reference} is not a folder.", hint="Name a folder of files.")
    with console.status(f"Reading {asked.checkpoint} …"):
        published = _open(asked)
    items = _reference_items(published.encoder, asked.reference, console)
    description = VectorizerDescription(
        name=name,
        content_type=asked.content_type,
        architecture=published.architecture,
        dimension=published.encoder.dimension,
        preprocessing=dict(published.preprocessing),
        licence=licence,
        files={},
    )
    return _write(target, description, published.encoder, items, console)


def cached_bases() -> list[Base]:
    """The bases in the user's cache by name; what cannot be read is left out."""
    found = []
    for path in sorted(bases_folder().glob(f"**/{DESCRIPTION_FILE}")):
        # Hidden folders hold what is still being made.
        if any(part.startswith(".") for part in path.relative_to(bases_folder()).parts):
            continue
        try:
            description, digest = verified_description(path.parent)
        except InvalidVectorizer:
            continue
        found.append(Base(path.parent, description, digest, _kind(path.parent, description.content_type)))
    return sorted(found, key=lambda base: (base.description.content_type, base.kind, base.description.name))


def list_of_bases(bases: Sequence[Base]) -> str:
    """Two lines for each base, the second its digest: that is to be copied, and fits whole into no table."""
    width = max((len(base.description.content_type) for base in bases), default=0)
    return "\n".join(
        f"{base.description.content_type:<{width}}  {base.description.name}: {base.kind}, "
        f"{base.description.dimension} numbers, {base.description.licence}\n{'':<{width}}  {base.digest}"
        for base in bases
    )


def _name_and_licence(asked: BaseImport) -> tuple[str, str]:
    try:
        module = published_module(asked.content_type)
        if asked.licence:
            others_module(asked.content_type)
    except UnsupportedContent as error:
        raise BadInput(f"{error}.".capitalize(), hint="Name a content type whose checkpoints are known.") from None
    if asked.name and not _FOLDER_NAME.fullmatch(asked.name):
        raise BadInput(
            f"--name: {quoted(asked.name)} cannot be a folder's name.",
            hint="Use up to 100 of a–z, A–Z, 0–9, dots, hyphens and underscores.",
        )
    if not asked.licence:
        return asked.name or module.NAME, module.LICENCE
    if not asked.name or asked.name == module.NAME:
        raise BadInput(
            f"--licence is for another checkpoint than {module.NAME}, and --name does not say its name.",
            hint=f"Give --name too; leave out --licence for {module.NAME}, which is under {module.LICENCE}.",
        )
    return asked.name, asked.licence


def _check_target(target: Path) -> None:
    if target.is_dir() and any(target.iterdir()) and not (target / DESCRIPTION_FILE).is_file():
        raise BadInput(f"{target} is not empty and holds no base.", hint="Name another --out, or an empty folder.")


def _open(asked: BaseImport) -> Published:
    module = published_module(asked.content_type)
    if not asked.checkpoint.exists():
        source = "" if asked.licence else f" It is published as {module.SOURCE}."
        raise BadInput(f"{asked.checkpoint} is not there.", hint=f"Fetch the checkpoint first.{source}")
    if asked.licence:
        return others_module(asked.content_type).open_other(asked.checkpoint)
    try:
        return module.open_published(asked.checkpoint)
    except InvalidCheckpoint as error:
        hint = f"Name the files of {module.NAME} as they were published: {module.SOURCE}."
        raise InvalidCheckpoint(str(error), hint=hint) from error


def _reference_items(encoder: Encoder, folder: Path, console: Console) -> list[Item]:
    """Items of files drawn by a fixed seed, each content once; raises BadInput where they are too few."""
    found, _ = find_files([folder], encoder.suffixes)
    # What is drawn depends on the names alone, so that two imports give the same base.
    paths = random.Random(0).sample([one.path for one in found], len(found))
    items: list[Item] = []
    size = 0
    for item in islice(_distinct(encoder, track(paths, "Decoding", console=console, transient=True)), MOST_REFERENCE):
        items.append(item)
        size += item.nbytes
        if len(items) >= FEWEST_REFERENCE and size >= _REFERENCE_BYTES:
            break
    if len(items) < FEWEST_REFERENCE:
        raise BadInput(
            f"--reference {folder}: {counted(len(items), 'file')} can be used of {len(found):,}; "
            f"at least {FEWEST_REFERENCE} are needed, each of another content.",
            hint=f"Add files of this kind ({', '.join(sorted(encoder.suffixes))}) that no data set holds.",
        )
    return items


def _distinct(encoder: Encoder, paths: Iterable[Path]) -> Iterator[Item]:
    seen = set()
    for path in paths:
        try:
            # Of a long text or sound one window says enough of its neighbours, and every run embeds all of them.
            item = encoder.excerpt(encoder.decode(path, Limits()))
        except (UnreadableFile, OSError):
            continue
        digest = hashlib.sha256(item.tobytes()).digest()
        if digest not in seen:
            seen.add(digest)
            yield item


def _write(
    target: Path, description: VectorizerDescription, encoder: Encoder, items: Sequence[Item], console: Console
) -> Base:
    files = {**encoder.serialise(torch.eye(encoder.dimension)), REFERENCE_FILE: serialise_reference(items)}
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as temporary:
            made = Path(temporary) / target.name
            write_vectorizer(made, description, files)
            base = Base(target, *verified_description(made), _kind(target, description.content_type))
            if (target / DESCRIPTION_FILE).is_file():
                _check_same(base)
                console.print(f"{target} holds this very base already.", highlight=False, markup=False, soft_wrap=True)
                return base
            made.rename(target)
    except OSError as error:
        raise StorageError(f"{target} cannot be written: {error.strerror}.", hint="Name another --out.") from error
    console.print(_imported(base, len(items)), highlight=False, markup=False, soft_wrap=True)
    return base


def _check_same(base: Base) -> None:
    digest = verified_description(base.folder)[1]
    if digest != base.digest:
        raise BadInput(
            f"{base.folder} holds another base already, of digest {digest}.",
            hint="Import under another --name or --out; or remove that folder where no vectorizer descends from it.",
        )


def _imported(base: Base, items: int) -> str:
    described = base.description
    return (
        f"Imported {quoted(described.name)} ({described.content_type}, {described.dimension} numbers, "
        f"{described.licence}) into {base.folder}, with {counted(items, 'reference item')}. Its digest:"
    )


def _kind(folder: Path, content_type: ContentType) -> str:
    if folder == bases_folder() / production_base(content_type):
        return "production"
    return "small" if folder.parent.name.startswith("revision-") else "other"
