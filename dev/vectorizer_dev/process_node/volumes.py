"""The volumes of a pod as directories."""

from collections.abc import Mapping
from pathlib import Path

from vectorizer_dev.process_node.pod import Pod, ProjectedSource, Volume
from vectorizer_dev.process_node.references import References, chosen

Files = Mapping[str, tuple[bytes, int]]
"""Relative path -> content and mode."""


async def make_volumes(pod: Pod, references: References, folder: Path) -> dict[str, Path]:
    """Make a directory below `folder` for each volume and return them by the volumes' names.

    Raises MissingReference where a Secret or ConfigMap is not there yet; calling again is safe.
    """
    return {volume.name: await _make(pod, volume, references, folder / volume.name) for volume in pod.spec.volumes}


def mount_places(pod: Pod, volumes: Mapping[str, Path]) -> dict[str, Path]:
    """Return the directory behind each mountPath of the container."""
    mounts = pod.container.volume_mounts
    return {mount.mount_path: volumes[mount.name] / mount.sub_path for mount in mounts}


async def _make(pod: Pod, volume: Volume, references: References, target: Path) -> Path:
    _write(await _files(pod, volume, references), target)
    return target


def _write(files: Files, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for name, (content, mode) in files.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(mode)


async def _files(pod: Pod, volume: Volume, references: References) -> Files:
    merged: dict[str, tuple[bytes, int]] = {}
    for source, mode in _sources(volume):
        merged.update(await _projected(pod, source, references, mode))
    return merged


def _sources(volume: Volume) -> list[tuple[ProjectedSource, int]]:
    """Return what fills a volume, with the mode of its files: nothing for an emptyDir."""
    if volume.projected:
        return [(source, volume.projected.default_mode) for source in volume.projected.sources]
    if volume.secret:
        return [(ProjectedSource(secret=volume.secret), volume.secret.default_mode)]
    if volume.config_map:
        return [(ProjectedSource(config_map=volume.config_map), volume.config_map.default_mode)]
    return []


async def _projected(pod: Pod, source: ProjectedSource, references: References, mode: int) -> Files:
    if secret := source.secret:
        values = await references.secret(secret.secret_name or secret.name, optional=secret.optional)
        return chosen(values, secret.items, optional=secret.optional, default_mode=mode)
    if config := source.config_map:
        values = await references.config_map(config.name, optional=config.optional)
        return chosen(values, config.items, optional=config.optional, default_mode=mode)
    if token := source.service_account_token:
        return {token.path: (await references.token(token), mode)}
    if source.downward_api:
        items = source.downward_api.items
        return {item.path: (pod.field(item.field_ref.field_path).encode(), mode) for item in items}
    return {}
