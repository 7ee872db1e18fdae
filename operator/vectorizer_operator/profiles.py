"""Compute classes that the platform offers: one YAML file, read again when it changes."""

import logging
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import ConfigDict, Field, ValidationError, model_validator
from vectorizer_api.content import ContentType
from vectorizer_api.fine_tune import MAX_DURATION_SECONDS
from vectorizer_api.model import ApiModel

from vectorizer_operator.errors import SettingsError

log = logging.getLogger(__name__)

_GPU = re.compile(r"[^/]+/gpu(\.shared)?")
"""Whole GPUs of any vendor, and GPUs that take turns."""
_SLICE = re.compile(r"nvidia\.com/mig-.+")


def gpus_in(limits: Mapping[str, str]) -> int:
    """How many GPUs a container with these limits holds, a MIG slice counted as one."""
    return _count(_GPU, limits) + _count(_SLICE, limits)


def _count(kind: re.Pattern[str], limits: Mapping[str, str]) -> int:
    """An amount that no profile may have, such as 1k, is none of a run's."""
    return sum(int(amount) for name, amount in limits.items() if kind.fullmatch(name) and amount.isdecimal())


Quantity = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]*)?([numkMGTPE]|[KMGTPE]i|[eE][0-9]+)?$")]
"""An amount as Kubernetes writes it: a run whose Job were refused for it would wait for ever."""


class Resources(ApiModel):
    """The container's requests and limits, as Kubernetes writes them."""

    requests: dict[str, Quantity] = Field(default_factory=dict)
    limits: dict[str, Quantity] = Field(default_factory=dict)


class Profile(ApiModel):
    """One compute class."""

    resources: Resources = Resources()
    """resources of the training container on each node. A GPU is asked for as a limit: nvidia.com/gpu, that of another
    vendor, or one MIG slice such as nvidia.com/mig-1g.10gb, which counts as one GPU."""
    nodes: int = Field(default=1, ge=1, le=64)
    """nodes that share one training, each with these resources."""
    node_selector: dict[str, str] = Field(default_factory=dict)
    """nodeSelector says which nodes may run it."""
    tolerations: list[dict[str, Any]] = Field(default_factory=list)
    """tolerations for nodes that are kept for it."""
    runtime_class_name: str = ""
    """runtimeClassName of its Pods, where GPUs need another than the cluster's: nvidia, say."""
    priority_class_name: str = ""
    """priorityClassName of its Pods; Kueue goes by it too."""
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
        """How many GPUs a run holds on all nodes, a MIG slice counted as one."""
        return self.nodes * gpus_in(self.resources.limits)

    @property
    def processes(self) -> int:
        """How many processes train on each node: one a GPU, one where there is none."""
        return max(1, _count(_GPU, self.resources.limits))

    @property
    def is_parallel(self) -> bool:
        """Whether more than one process trains."""
        return self.nodes * self.processes > 1

    @model_validator(mode="after")
    def _check_gpus(self) -> Self:
        """A process sees one MIG slice, and NCCL joins none: several would be paid for and not used."""
        limits = self.resources.limits
        for name, amount in limits.items():
            if (_GPU.fullmatch(name) or _SLICE.fullmatch(name)) and not amount.isdecimal():
                raise ValueError(f"resources.limits: {name} must be a whole number, not {amount!r}")
        if (slices := _count(_SLICE, limits)) and (slices > 1 or _count(_GPU, limits) or self.nodes > 1):
            raise ValueError("resources.limits: a run takes one MIG slice alone, since slices do not train together")
        return self


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

    @model_validator(mode="after")
    def _check_fetch(self) -> Self:
        if self.fetch.is_parallel:
            raise ValueError("fetch: downloads run in one process on one node")
        return self


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
