"""How this machine reaches packages, handed to a build as secrets: none of it stays in an image."""

import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

_TAKEN_OVER = frozenset(
    {
        *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"),
        *("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_DEFAULT_TIMEOUT"),
        *("UV_INDEX", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_HTTP_TIMEOUT"),
    }
)
_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
_INSIDE = "/run/secrets/authorities"


def settings(environment: Mapping[str, str], index: str = "") -> dict[str, str]:
    """The variables for a build on a machine with this environment; `index` is what pip is configured to ask."""
    taken = {name: value for name, value in environment.items() if name in _TAKEN_OVER}
    asked = taken.get("PIP_INDEX_URL") or index
    if asked:
        taken = {"UV_DEFAULT_INDEX": asked, **taken, "PIP_INDEX_URL": asked}
    return {**taken, "PIP_CERT": _INSIDE, "SSL_CERT_FILE": _INSIDE}


def authorities(environment: Mapping[str, str]) -> Path:
    """The certificate authorities that this machine trusts."""
    return Path(environment.get("SSL_CERT_FILE") or environment.get("PIP_CERT") or _AUTHORITIES)


def configured_index() -> str:
    """What pip's configuration files name as the package index, empty where they name none."""
    # The machine's own pip: the project's environment has none.
    command = ["python3", "-m", "pip", "config", "get", "global.index-url"]
    environment = {**os.environ, "PATH": os.environ.get("PATH", "").replace(f"{sys.prefix}/bin:", "")}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment).stdout.strip()


def write(folder: Path, environment: Mapping[str, str]) -> list[str]:
    """Write the secrets into a folder; the answer is the options of the build that hand them over."""
    path = folder / "package-index"
    path.touch(mode=0o600)
    lines = [f"{name}={shlex.quote(value)}" for name, value in settings(environment, configured_index()).items()]
    path.write_text("\n".join([*lines, ""]))
    return [f"--secret=id=package-index,src={path}", f"--secret=id=authorities,src={authorities(environment)}"]
