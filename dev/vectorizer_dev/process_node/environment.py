"""The environment, command and arguments of a container on this machine."""

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vectorizer_dev.process_node.mounts import PathTranslation
from vectorizer_dev.process_node.names import NO_NAMES
from vectorizer_dev.process_node.pod import EnvironmentVariable, Pod, ValueSource
from vectorizer_dev.process_node.references import MissingReference, References

FROM_THIS_MACHINE = ("PATH", "LANG", "LC_ALL", "TZ", "PYTHONPATH", "LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES")
"""What an image would bring along; nothing else of the node's environment reaches a container."""


@dataclass(frozen=True)
class Invocation:
    """A container's process as the operating system takes it."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path


async def invocation(pod: Pod, references: References, places: PathTranslation, home: Path) -> Invocation:
    """Return how to start the pod's container, every path of the container's and every name of a pod translated.

    Raises MissingReference where a variable refers to a Secret or ConfigMap that is not there yet.
    """
    container = pod.container
    variables: dict[str, str] = {}
    for variable in container.env:
        value = await _value(pod, variable, references)
        if value is not None:
            variables[variable.name] = expand(value, variables)
    names = await references.names_of_pods(pod.spec.subdomain) if pod.spec.subdomain else NO_NAMES
    command = [names.apply(places.apply(expand(word, variables))) for word in (*container.command, *container.args)]
    if command[0] in {"python", "python3"}:
        command[0] = sys.executable
    inherited = {name: os.environ[name] for name in FROM_THIS_MACHINE if name in os.environ}
    own = {name: names.apply(places.apply(value)) for name, value in variables.items()}
    return Invocation(tuple(command), {"HOME": str(home), **inherited, **own}, home)


def expand(text: str, variables: Mapping[str, str]) -> str:
    """Replace `$(NAME)` by the variable's value where there is one; `$$(NAME)` stands for a literal `$(NAME)`."""

    def replacement(found: re.Match[str]) -> str:
        return found[0][1:] if found[1] else variables.get(found[2], found[0])

    return re.sub(r"(\$)?\$\(([A-Za-z_.-][\w.-]*)\)", replacement, text)


async def _value(pod: Pod, variable: EnvironmentVariable, references: References) -> str | None:
    source = variable.value_from
    if source is None:
        return variable.value
    return pod.field(source.field_ref.field_path) if source.field_ref else await _key(source, references)


async def _key(source: ValueSource, references: References) -> str | None:
    if ref := source.secret_key_ref:
        values = await references.secret(ref.name, optional=ref.optional)
    elif ref := source.config_map_key_ref:
        values = await references.config_map(ref.name, optional=ref.optional)
    else:
        return None
    if ref.key in values:
        return values[ref.key].decode()
    if ref.optional:
        return None
    raise MissingReference(f"key {ref.key!r} of {ref.name!r} not found")
