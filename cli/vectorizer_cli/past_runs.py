"""What the fine-tunings on this machine took: a file for each, so that two that end at once lose nothing."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError
from vectorizer_api.content import ContentType
from vectorizer_api.run import RunCost
from vectorizer_trainer.user_cache import user_cache

__all__ = ["PastRuns", "on_one_base", "past_runs"]

_MOST = 200
"""Files that are kept, the newest."""
_SUFFIX = ".json"


@dataclass(frozen=True)
class PastRuns:
    """A folder of costs; one that cannot be read or written tells of no run, and stops none."""

    folder: Path

    def like(self, content_type: ContentType, base: str) -> list[RunCost]:
        """The runs of a content type on a base, the newest first; with an empty name on that of the newest run."""
        known = sorted(
            (run for run in self._read() if run.workload.content_type is content_type),
            key=lambda run: run.finished,
            reverse=True,
        )
        return on_one_base(known, base)

    def add(self, cost: RunCost) -> None:
        """Write one down in one step: a reader sees all of it or nothing."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            name = f"{cost.finished:%Y%m%dT%H%M%S}-{uuid.uuid4().hex}"
            partial = self.folder / f".{name}.partial"
            partial.write_text(cost.model_dump_json(by_alias=True, indent=1) + "\n", encoding="utf-8")
            partial.replace(self.folder / f"{name}{_SUFFIX}")
            self._forget_oldest()
        except OSError:
            # A full disk or a read-only home must not fail a training that is done.
            return

    def _read(self) -> Iterator[RunCost]:
        for path in self._files():
            try:
                yield RunCost.model_validate_json(path.read_bytes())
            except (OSError, ValidationError):
                continue

    def _files(self) -> list[Path]:
        """In the order of time: the names begin with it."""
        return sorted(self.folder.glob(f"*{_SUFFIX}")) if self.folder.is_dir() else []

    def _forget_oldest(self) -> None:
        for path in self._files()[:-_MOST]:
            path.unlink(missing_ok=True)


def on_one_base(runs: Sequence[RunCost], base: str) -> list[RunCost]:
    """Those on a base; with an empty name on that of the first."""
    wanted = base or (runs[0].base if runs else "")
    return [run for run in runs if run.base == wanted]


def past_runs() -> PastRuns:
    """Those of this user."""
    return PastRuns(user_cache() / "runs")
