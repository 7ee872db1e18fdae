"""How Argo CD reads an object: the health checks of docs/argocd/argocd-cm.yaml, by the Lua that Argo CD runs."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml
from vectorizer_api import GROUP

FILE = Path(__file__).parent.parent.parent / "docs" / "argocd" / "argocd-cm.yaml"
_LIBRARIES_IT_LACKS = ("string", "math", "io", "debug", "coroutine", "channel")
"""Argo CD gives a health check Lua's base, its tables, and the time."""


class Health(StrEnum):
    """What Argo CD says of an object."""

    PROGRESSING = "Progressing"
    HEALTHY = "Healthy"
    SUSPENDED = "Suspended"
    DEGRADED = "Degraded"


@dataclass(frozen=True)
class HealthChecks:
    """The checks of both kinds."""

    lua: Path

    def read(self, body: Mapping[str, Any]) -> tuple[Health, str]:
        """Health and message of an object, as stored; raises CalledProcessError where the Lua fails."""
        data = yaml.safe_load(FILE.read_text(encoding="utf-8"))["data"]
        check = data[f"resource.customizations.health.{GROUP}_{body['kind']}"]
        without = "\n".join(f"{library} = nil" for library in _LIBRARIES_IT_LACKS)
        script = f"{without}\nobj = {literal(body)}\nlocal function check()\n{check}\nend\n"
        script += "local health = check()\nprint(health.status)\nprint(health.message)\n"
        done = subprocess.run([self.lua, "-e", script], capture_output=True, text=True, check=True)
        status, _, message = done.stdout.rstrip("\n").partition("\n")
        return Health(status), message


def literal(value: object) -> str:
    """A JSON value as Lua writes it."""
    match value:
        case None:
            return "nil"
        case bool() | int() | float():
            return json.dumps(value)
        case Mapping():
            return "{" + ", ".join(f"[{literal(str(key))}] = {literal(item)}" for key, item in value.items()) + "}"
        case list():
            return "{" + ", ".join(map(literal, value)) + "}"
        case _:
            return f'"{_escaped(str(value))}"'


def _escaped(text: str) -> str:
    """Lua knows decimal escapes; bytes beyond ASCII stand as they are."""
    return "".join(f"\\{ord(letter):03d}" if letter in '"\\' or ord(letter) < 32 else letter for letter in text)
