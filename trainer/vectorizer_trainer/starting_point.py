"""What a run starts from and is measured against: brought to disk, verified, opened."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vectorizer_api.artifact import BaseReference, VectorizerDescription
from vectorizer_api.run import RunDescription, VectorizerSource

from vectorizer_trainer.bases import load_reference
from vectorizer_trainer.content.encoder import Item
from vectorizer_trainer.device import fastest_device
from vectorizer_trainer.errors import BadInput
from vectorizer_trainer.report import Lineage, Origin
from vectorizer_trainer.sources import bring
from vectorizer_trainer.vectorizer import Vectorizer, load_vectorizer, verified_description
from vectorizer_trainer.wording import quoted
from vectorizer_trainer.workplace import Workplace

__all__ = ["Brought", "StartingPoint", "open_starting_point"]


@dataclass(frozen=True)
class Brought:
    """A vectorizer folder on disk, of the run's content type; its weights are not loaded yet."""

    folder: Path
    name: str
    digest: str

    @property
    def origin(self) -> Origin:
        """What the report says of it."""
        return Origin(name=self.name, digest=self.digest)

    def open(self) -> Vectorizer:
        """Load the weights; raises InvalidVectorizer."""
        return load_vectorizer(self.folder).on(fastest_device())


@dataclass(frozen=True)
class StartingPoint:
    """The vectorizers of a run."""

    start: Vectorizer
    reference: Sequence[Item]
    """The base's reference items, whose neighbourhoods measure retention."""
    base: Brought | None
    """The base, where the start is a descendant of it."""
    sampling: Vectorizer | None
    """What the examples are chosen with, where one was named and there are more than are trained on."""
    lineage: Lineage


def open_starting_point(run: RunDescription, place: Workplace, sampling: VectorizerSource | None) -> StartingPoint:
    """Open the start, the base's reference items, and `sampling` where there is a choice to make.

    Raises:
        BadInput: where one is not what was published, or for another content type.

    """
    # First what the user named: of its base they may never have heard.
    start = _bring(run, run.start, place, "start")
    base = start if run.start == run.base else _bring(run, run.base, place, "base")
    chooser = _bring(run, sampling, place, "sampling") if sampling is not None else None
    base_name = verified_description(base.folder)[0].name
    lineage = Lineage(
        BaseReference(name=base_name, digest=base.digest), start.origin, chooser.origin if chooser else None
    )
    return StartingPoint(
        start.open(),
        load_reference(base.folder),
        base if base is not start else None,
        chooser.open() if chooser else None,
        lineage,
    )


def _bring(run: RunDescription, source: VectorizerSource, place: Workplace, role: str) -> Brought:
    folder = bring(source, place.open_store(source.location), place.folder / role)
    description, digest = verified_description(folder)
    _check_content_type(run, source.name, description)
    return Brought(folder, source.name, digest)


def _check_content_type(run: RunDescription, name: str, description: VectorizerDescription) -> None:
    if description.content_type != run.content_type:
        raise BadInput(
            f"The vectorizer {quoted(name)} is for {description.content_type}, not for {run.content_type}.",
            hint="Name a vectorizer of the same content type, or none.",
        )
