"""What a GLB file says of itself, looked at before anything is read by what it says.

A few hundred bytes of JSON can ask for any number of points: by counts without data, by views of one buffer, by scenes
that show one mesh again and again. All of that is counted here first.
"""

import json
import struct
from collections import Counter
from pathlib import Path
from typing import Any

from vectorizer_api.run import Limits

from vectorizer_trainer.content.point_cloud.tables import refuse_many
from vectorizer_trainer.errors import UnreadableFile

__all__ = ["check_glb"]

_JSON = 0x4E4F534A
_LONGEST_JSON = 32 * 1024**2
_MOST_NODES = 10_000
_DEEPEST = 64
_VIEWED = 4
"""How often over the bytes of a file may be viewed."""
_UNDERSTOOD = ("KHR_materials_", "KHR_texture_", "KHR_mesh_quantization", "EXT_texture_webp", "KHR_lights_")


def check_glb(path: Path, limits: Limits) -> None:
    """Raises UnreadableFile where reading the file would lead out of it, or take more than is allowed."""
    header = _header(path)
    _check_whole_in_itself(header)
    viewed = sum(int(view["byteLength"]) for view in header.get("bufferViews", []))
    if viewed > _VIEWED * path.stat().st_size:
        raise UnreadableFile("the GLB file views its bytes again and again")
    counts = [int(accessor["count"]) for accessor in header.get("accessors", [])]
    if min(counts, default=0) < 0:
        raise UnreadableFile("the GLB file holds less than nothing")
    # Every primitive reads coordinates, normals, colours, texture coordinates and indices.
    refuse_many(sum(counts) // 8, limits)
    meshes = [sum(_points(one, counts) for one in mesh["primitives"]) for mesh in header.get("meshes", [])]
    refuse_many(sum(meshes), limits)
    shown = _shown(header.get("nodes", []), header.get("scenes", []), int(header.get("scene", 0)))
    refuse_many(sum(times * meshes[mesh] for mesh, times in shown.items()), limits)


def _header(path: Path) -> dict[str, Any]:
    with path.open("rb") as stream:
        head = stream.read(20)
        length, kind = struct.unpack("<II", head[12:])
        if kind != _JSON:
            raise UnreadableFile("the GLB file does not begin with its description")
        if length > _LONGEST_JSON:
            raise UnreadableFile(f"a GLB file described in {length:,} bytes; at most {_LONGEST_JSON:,} are allowed")
        header = json.loads(stream.read(length))
    if not isinstance(header, dict):
        raise UnreadableFile("the description of the GLB file is no object")
    return header


def _check_whole_in_itself(header: dict[str, Any]) -> None:
    for buffer in header.get("buffers", []):
        if not str(buffer.get("uri", "data:")).startswith("data:"):
            raise UnreadableFile("the GLB file refers to another file; save it with everything inside")
    for extension in header.get("extensionsRequired", []):
        if not str(extension).startswith(_UNDERSTOOD):
            raise UnreadableFile(f"the GLB file needs the extension {str(extension)[:60]}, which is not supported")


def _points(primitive: dict[str, Any], counts: list[int]) -> int:
    read: list[int] = [primitive["attributes"]["POSITION"], *([primitive["indices"]] if "indices" in primitive else [])]
    return max(counts[index] for index in read)


def _shown(nodes: list[dict[str, Any]], scenes: list[dict[str, Any]], scene: int) -> Counter[int]:
    """Mesh -> how often the scene shows it; raises UnreadableFile where its tree is none."""
    shown: Counter[int] = Counter()
    level = list(scenes[scene].get("nodes", [])) if scenes else []
    visited = 0
    for _ in range(_DEEPEST):
        visited += len(level)
        if visited > _MOST_NODES:
            raise UnreadableFile(f"a scene of more than {_MOST_NODES:,} nodes")
        shown.update(nodes[node]["mesh"] for node in level if "mesh" in nodes[node])
        level = [child for node in level for child in nodes[node].get("children", [])]
        if not level:
            return shown
    raise UnreadableFile(f"the scene of the GLB file is nested deeper than {_DEEPEST} levels, or holds itself")
