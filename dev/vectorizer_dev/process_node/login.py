"""How a container logs in to the API server: in a pod by files at a fixed place, here by a kubeconfig with the same."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import yaml

from vectorizer_dev.process_node.environment import Invocation
from vectorizer_dev.process_node.pod import Pod

TOKEN_PLACE = "/var/run/secrets/kubernetes.io/serviceaccount"  # noqa: S105 - a path
_NAME = "pod"


def with_login(prepared: Invocation, server: str, pod: Pod, volumes: Mapping[str, Path]) -> Invocation:
    """Return the invocation with a kubeconfig of the pod's own token; as it is where the pod mounts none."""
    places = [volumes[mount.name] for mount in pod.container.volume_mounts if mount.mount_path == TOKEN_PLACE]
    if not places:
        return prepared
    (place,) = places
    # As it is now: not every client reads a file of a token again that a kubeconfig names.
    token = (place / "token").read_text().strip()
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": _NAME,
        "clusters": [{"name": _NAME, "cluster": {"server": server, "certificate-authority": str(place / "ca.crt")}}],
        "users": [{"name": _NAME, "user": {"token": token}}],
        "contexts": [{"name": _NAME, "context": {"cluster": _NAME, "user": _NAME}}],
    }
    kubeconfig = prepared.folder / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(document))
    return replace(prepared, environment={**prepared.environment, "KUBECONFIG": str(kubeconfig)})
