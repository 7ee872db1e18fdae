"""Podman, which builds and runs images without a daemon."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MISSING = "podman is not installed; `make e2e-packages` installs it on Debian"
# Where a container may not raise its limits, it has to be told lower ones than Podman's own.
_LIMITS = ("--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024")


class ImageError(RuntimeError):
    """An image cannot be built, or does not do what it should; the message says why."""


@dataclass(frozen=True)
class Engine:
    """The installed Podman."""

    program: Path

    @classmethod
    def find(cls) -> "Engine":
        """That of this machine; raises ImageError where there is none."""
        found = shutil.which("podman")
        if found is None:
            raise ImageError(MISSING)
        return cls(Path(found))

    def __call__(self, *arguments: str) -> str:
        """Its answer; raises ImageError where it fails."""
        done = subprocess.run([str(self.program), *arguments], capture_output=True, text=True, check=False)
        if done.returncode:
            raise ImageError(f"podman {arguments[0]} failed:\n{(done.stderr or done.stdout)[-4000:]}")
        return done.stdout.strip()

    def has(self, image: str) -> bool:
        """Whether the image is there."""
        command = [str(self.program), "image", "exists", image]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def inspect(self, image: str) -> dict[str, Any]:
        """What the image says of itself."""
        found: list[dict[str, Any]] = json.loads(self("image", "inspect", image))
        return found[0]

    def run(
        self, image: str, command: Sequence[str], options: Sequence[str] = ()
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command as a Pod of the product would: no network, a read-only root, no capabilities."""
        confined = ("--network=none", "--read-only", "--read-only-tmpfs=false", "--cap-drop=all")
        whole = [str(self.program), "--runtime=runc", "run", "--rm", *_LIMITS, *confined, *options, image, *command]
        return subprocess.run(whole, capture_output=True, text=True, check=False)
