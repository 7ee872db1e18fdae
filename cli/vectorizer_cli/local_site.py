"""A fine-tuning on this machine: its folder of files, its vectorizers, and what earlier ones took."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vectorizer_api.run import RunCost
from vectorizer_trainer.errors import BadInput, RunError
from vectorizer_trainer.store import Source, open_store

from vectorizer_cli.asked import Asked
from vectorizer_cli.past_runs import past_runs
from vectorizer_cli.standing import Standing, fault_of

__all__ = ["LocalSite"]

_ROLES = ("starting_custom_vectorizer_name", "custom_vectorizer_name_for_sampling")


@dataclass(frozen=True)
class LocalSite:
    """Folders of this machine."""

    data: Path
    vectorizers: Path | None

    def standing(self, asked: Asked) -> Standing:
        """See Site; the vectorizers that the request names are looked up as `vectorizer train` does."""
        standing = Standing()
        for role in _ROLES:
            if name := getattr(asked.spec, role):
                try:
                    base = self._base_of(role, name, asked)
                except RunError as error:
                    standing.faults.append(fault_of(error))
                else:
                    standing.base = base if role == _ROLES[0] else standing.base
        return standing

    def source(self, asked: Asked) -> Source:
        """See Site."""
        if not self.data.is_dir():
            raise BadInput(f"--data {self.data} is not a folder.", hint="Name the folder with example_to_labels.json.")
        return open_store(self.data.resolve().as_uri())

    def past(self, asked: Asked, base: str) -> Sequence[RunCost]:
        """See Site: all that this user has trained here."""
        return past_runs().like(asked.spec.content_type, base)

    def _base_of(self, role: str, name: str, asked: Asked) -> str:
        from vectorizer_cli.training import named_vectorizer

        return named_vectorizer(role, name, asked.spec.content_type, self.vectorizers).base
