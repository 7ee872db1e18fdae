"""The fields of a Pod that the process node reads."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class Part(BaseModel):
    """A part of a Pod; fields that the node does not know are left out."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore")


class KeyPath(Part):
    """One key of a Secret or ConfigMap and the file that it becomes."""

    key: str
    path: str
    mode: int | None = None


class SecretVolume(Part):
    """A Secret as files; projected volumes say `name` where others say `secretName`."""

    secret_name: str = ""
    name: str = ""
    items: list[KeyPath] = []
    optional: bool = False
    default_mode: int = 0o644


class ConfigMapVolume(Part):
    """A ConfigMap as files."""

    name: str
    items: list[KeyPath] = []
    optional: bool = False
    default_mode: int = 0o644


class TokenProjection(Part):
    """A token of the pod's service account as a file."""

    path: str
    audience: str = ""
    expiration_seconds: int = 3600


class FieldRef(Part):
    """A reference to a field of the pod itself."""

    field_path: str


class DownwardFile(Part):
    """One field of the pod and the file that it becomes."""

    path: str
    field_ref: FieldRef


class DownwardVolume(Part):
    """Fields of the pod as files."""

    items: list[DownwardFile] = []


class ProjectedSource(Part):
    """One source of a projected volume."""

    secret: SecretVolume | None = None
    config_map: ConfigMapVolume | None = None
    service_account_token: TokenProjection | None = None
    downward_api: DownwardVolume | None = Field(None, alias="downwardAPI")


class ProjectedVolume(Part):
    """Several sources as one directory."""

    sources: list[ProjectedSource] = []
    default_mode: int = 0o644


class Volume(Part):
    """A volume of one of the kinds that can be a plain directory."""

    name: str
    empty_dir: dict[str, Any] | None = None
    secret: SecretVolume | None = None
    config_map: ConfigMapVolume | None = None
    projected: ProjectedVolume | None = None


class VolumeMount(Part):
    """Where a container sees a volume."""

    name: str
    mount_path: str
    sub_path: str = ""


class KeyRef(Part):
    """A reference to one key of a Secret or ConfigMap."""

    name: str
    key: str
    optional: bool = False


class ValueSource(Part):
    """Where the value of an environment variable comes from."""

    field_ref: FieldRef | None = None
    secret_key_ref: KeyRef | None = None
    config_map_key_ref: KeyRef | None = None


class EnvironmentVariable(Part):
    """One environment variable."""

    name: str
    value: str = ""
    value_from: ValueSource | None = None


class Resources(Part):
    """What a container asks for, as Kubernetes quantities."""

    requests: dict[str, str] = {}
    limits: dict[str, str] = {}


class Container(Part):
    """The container that becomes a process."""

    name: str
    image: str = ""
    command: list[str] = []
    args: list[str] = []
    working_dir: str = ""
    env: list[EnvironmentVariable] = []
    env_from: list[dict[str, Any]] = []
    volume_mounts: list[VolumeMount] = []
    resources: Resources = Resources()
    termination_message_path: str = "/dev/termination-log"
    termination_message_policy: str = "File"


class PodSpec(Part):
    """What is to run."""

    node_name: str = ""
    scheduler_name: str = "default-scheduler"
    service_account_name: str = "default"
    subdomain: str = ""
    restart_policy: str = "Always"
    node_selector: dict[str, str] = {}
    scheduling_gates: list[dict[str, Any]] = []
    active_deadline_seconds: int | None = None
    termination_grace_period_seconds: int = 30
    init_containers: list[Container] = []
    containers: list[Container]
    volumes: list[Volume] = []


class Metadata(Part):
    """Whose it is."""

    name: str
    namespace: str
    uid: str
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    deletion_timestamp: str | None = None
    deletion_grace_period_seconds: int | None = None


class PodStatus(Part):
    """How far it got."""

    phase: str = "Pending"
    start_time: str | None = None


class Pod(Part):
    """A Pod as the API server sends it."""

    metadata: Metadata
    spec: PodSpec
    status: PodStatus = PodStatus()

    @property
    def path(self) -> str:
        """Return the path of the object in the API."""
        return f"/api/v1/namespaces/{self.metadata.namespace}/pods/{self.metadata.name}"

    @property
    def is_finished(self) -> bool:
        """Tell whether the phase is final."""
        return self.status.phase in {"Succeeded", "Failed"}

    @property
    def container(self) -> Container:
        """Return the only container."""
        return self.spec.containers[0]

    def field(self, path: str) -> str:
        """Return the value of a downward API field path.

        Raises KeyError for one that the process node does not know.
        """
        return {
            "metadata.name": self.metadata.name,
            "metadata.namespace": self.metadata.namespace,
            "metadata.uid": self.metadata.uid,
            "spec.nodeName": self.spec.node_name,
            "spec.serviceAccountName": self.spec.service_account_name,
            "status.podIP": "127.0.0.1",
            "status.hostIP": "127.0.0.1",
            **{f"metadata.labels['{name}']": value for name, value in self.metadata.labels.items()},
            **{f"metadata.annotations['{name}']": value for name, value in self.metadata.annotations.items()},
        }[path]
