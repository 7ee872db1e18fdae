"""Compute classes that the platform offers: one YAML file, read again when it changes."""

import logging
from pathlib import Path
from typing import Any

import yaml
from pydantic import ConfigDict, Field, ValidationError
from vectorizer_api.content import ContentType
from vectorizer_api.fine_tune import MAX_DURATION_SECONDS
from vectorizer_api.model import ApiModel

from vectorizer_operator.errors import SettingsError

log = logging.getLogger(__name__)

GPU = "nvidia.com/gpu"


class Resources(ApiModel):
    """The container's requests and limits, as Kubernetes writes them."""

    requests: dict[str, str] = Field(default_factory=dict)
    limits: dict[str, str] = Field(default_factory=dict)


class Profile(ApiModel):
    """One compute class."""

    resources: Resources = Resources()
    """resources of the training container."""
    node_selector: dict[str, str] = Field(default_factory=dict)
    """nodeSelector says which nodes may run it."""
    tolerations: list[dict[str, Any]] = Field(default_factory=list)
    """tolerations for nodes that are kept for it."""
    max_duration_seconds: int = Field(default=2 * 3600, ge=60, le=MAX_DURATION_SECONDS)
    """maxDurationSeconds bounds a run; a request may ask for less."""
    pre_running_deadline_seconds: int = Field(default=3600, ge=1, le=MAX_DURATION_SECONDS)
    """preRunningDeadlineSeconds bounds the wait for a node and an image, from when the cluster may run the Job."""
    max_examples: int = Field(default=10_000, ge=10, le=10_000)
    """maxExamples bounds what a request may ask to train on."""
    work_size: str = Field(default="20Gi", pattern=r"^[0-9]+(Ki|Mi|Gi|Ti)$")
    """workSize bounds the disk that a run may fill."""
    bases: dict[ContentType, str] = Field(default_factory=dict)
    """bases names another base than the operator's for some content types: a smaller one, say."""

    @property
    def gpus(self) -> int:
        """How many GPUs its container is given."""
        return int(self.resources.limits.get(GPU, "0"))


DOWNLOADS = Profile(
    resources=Resources(requests={"cpu": "250m", "memory": "256Mi"}, limits={"memory": "1Gi"}), work_size="20Gi"
)
"""Eight files of two GiB have room on its disk."""


class Offer(ApiModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid")

    default: str = "default"
    """default is the profile of a request that names none."""
    profiles: dict[str, Profile] = Field(default_factory=lambda: {"default": Profile()})
    fetch: Profile = DOWNLOADS
    """fetch is the compute class of the Jobs that download files from URLs; its maxDurationSeconds bounds them."""


def read(text: str) -> Offer:
    """Parse the file.

    Raises:
        SettingsError: naming the field that is wrong.

    """
    try:
        found = yaml.safe_load(text)
        return Offer.model_validate({} if found is None else found)
    except (yaml.YAMLError, ValidationError) as error:
        raise SettingsError(f"profiles: {error}") from error


class Profiles:
    """The offer as of now. A broken change is logged and the last good one stays."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._seen = self._version()
        self._offer = read(file.read_text()) if file else Offer()

    def get(self, name: str) -> Profile | None:
        """The profile of that name, the default one for an empty name, or None."""
        self._refresh()
        return self._offer.profiles.get(name or self._offer.default)

    @property
    def downloads(self) -> Profile:
        """The compute class of downloads."""
        self._refresh()
        return self._offer.fetch

    def names(self) -> list[str]:
        """What there is to choose from."""
        return sorted(self._offer.profiles)

    def _version(self) -> tuple[int, int, int] | None:
        if self._file is None:
            return None
        stat = self._file.stat()
        return stat.st_mtime_ns, stat.st_ino, stat.st_size

    def _refresh(self) -> None:
        if self._file is None:
            return
        try:
            if (seen := self._version()) == self._seen:
                return
            self._offer, self._seen = read(self._file.read_text()), seen
        except (SettingsError, OSError):
            log.exception("the profiles stay as they were")
