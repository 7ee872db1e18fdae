"""The operator's configuration: environment variables, each checked at start."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError
from vectorizer_api.content import ContentType
from vectorizer_api.fetch import FetchLimits, UrlRules
from vectorizer_api.run import Limits

from vectorizer_operator.errors import SettingsError

PREFIX = "VECTORIZER_"


def _json_where_text(value: object) -> object:
    return json.loads(value) if isinstance(value, str) else value


def _comma_separated(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


class Settings(BaseModel):
    """One field a variable: `s3_endpoint` is `VECTORIZER_S3_ENDPOINT`. An empty variable counts as unset."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    s3_endpoint: str = Field(pattern=r"^[^/\s]+$")
    """host:port of the object store."""
    s3_access_key: SecretStr
    """The operator's own user: all account buckets and AssumeRole, no administration."""
    s3_secret_key: SecretStr
    s3_secure: bool = True
    """Whether the object store speaks TLS."""
    s3_run_endpoint: str | None = Field(default=None, pattern=r"^[^/\s]+$")
    """The same object store as the pods see it; absent where that is the same address."""
    s3_run_secure: bool | None = None
    """Whether it speaks TLS there; absent where that is the same."""
    s3_region: str = "us-east-1"
    bucket_prefix: str = Field(default="", pattern=r"^[a-z0-9-]{0,16}$")
    """Put before the account in the names of its buckets."""
    bases_bucket: str = "vectorizer-bases"
    bases: Annotated[dict[ContentType, str], BeforeValidator(_json_where_text)] = {
        ContentType.TEXT: "all-MiniLM-L6-v2",
        ContentType.IMAGE: "digits-vit-tiny",
        ContentType.POINT_CLOUD: "shapes-uni3d-tiny",
        ContentType.SOUND: "spoken-words-clap-tiny",
        ContentType.VIDEO: "moving-digits-vit-tiny",
    }
    """JSON object: the base of each content type that is served."""
    profiles: Path | None = None
    """YAML file of compute classes, read again when it changes; absent: one profile without demands."""
    trainer_image: str = Field(min_length=1)
    metrics_address: str = Field(default="127.0.0.1:8080", pattern=r"^[^\s]+:\d+$")
    """host:port of /metrics and /healthz."""
    lease: str = Field(default="", pattern=r"^([a-z0-9-]+/[a-z0-9.-]+)?$")
    """namespace/name of the Lease by which one of several operators is elected; empty: there is no other."""
    namespaces: Annotated[tuple[str, ...], BeforeValidator(_comma_separated)] = ()
    """Comma-separated; empty: all."""
    limits: Annotated[Limits, BeforeValidator(_json_where_text)] = Limits()
    """JSON object: what a run may read."""
    url_rules: Annotated[UrlRules, BeforeValidator(_json_where_text)] = UrlRules()
    """JSON object: what a URL may be beyond https on port 443 of a public address, and what is denied beside the rest:
    the networks of the cluster's Pods and Services belong there."""
    fetch_limits: Annotated[FetchLimits, BeforeValidator(_json_where_text)] = FetchLimits()
    """JSON object: limits of a download."""
    max_artifact_bytes: int = Field(default=20 * 1024**3, ge=1)
    """What a run may leave to be published."""
    max_artifact_files: int = Field(default=1_000, ge=1)
    workers: int = Field(default=16, ge=1, le=100)
    """Objects that are reconciled at a time."""
    storage_threads: int = Field(default=16, ge=1, le=100)
    progress_interval: float = Field(default=5.0, gt=0)
    """Seconds between two looks at an active run's progress."""
    status_interval: float = Field(default=10.0, ge=0)
    """Seconds between two status writes that only mirror progress."""
    resync_interval: float = Field(default=60.0, gt=0)
    """Seconds between two lists of everything."""
    max_runs: int = Field(default=10, ge=1)
    """Runs of an account that are under way at once; the others wait. A label of the namespace may say otherwise."""
    max_unfinished: int = Field(default=1_000, ge=1)
    """Fine-tunes of an account that have not ended; more are refused. A label of the namespace may say otherwise."""
    max_failures: int = Field(default=3, ge=1, le=20)
    """Attempts of a run that may end by a failure which another attempt may not meet."""
    max_preemptions: int = Field(default=10, ge=0, le=100)
    """Attempts of a run that the cluster may end."""
    first_back_off: float = Field(default=10.0, gt=0)
    """Seconds between the first failure and the next attempt; twice as long after each further one."""
    longest_back_off: float = Field(default=360.0, gt=0)
    stall_timeout: float = Field(default=600.0, gt=0)
    """Seconds without progress after which a run is said to be stale."""
    watch_grace: float = Field(default=30.0, gt=0)
    """Seconds after which a difference that the watch has not delivered ends the process."""
    request_timeout: float = Field(default=30.0, gt=0)
    """Seconds that one request to the API server may take."""
    watch_inactivity: float = Field(default=70.0, gt=0)
    """Seconds of silence after which a watch is opened again."""
    deletion_deadline: float = Field(default=13 * 3600.0, gt=0)
    """Seconds that the deletion of a vectorizer waits for the runs that use it, at most."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the `VECTORIZER_…` variables.

        Raises:
            SettingsError: naming each variable that is missing or wrong, never showing its value.

        """
        variables = {name: PREFIX + name.upper() for name in cls.model_fields}
        given: dict[str, Any] = {
            name: environment[variable] for name, variable in variables.items() if environment.get(variable)
        }
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            lines = [f"{PREFIX}{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors()]
            raise SettingsError("; ".join(lines)) from None

    @property
    def sts_url(self) -> str:
        """Where temporary credentials are minted."""
        return f"{'https' if self.s3_secure else 'http'}://{self.s3_endpoint}"
