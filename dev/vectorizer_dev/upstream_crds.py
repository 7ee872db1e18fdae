"""The real CRDs of the Prometheus operator, from its Go module: what the chart makes for it must be what it takes."""

import json
import os
import subprocess
from pathlib import Path

from vectorizer_dev.toolchain import find_go
from vectorizer_dev.tools import Report, ToolError

MODULE = "github.com/prometheus-operator/prometheus-operator@v0.85.0"
DIGEST = "h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s="
"""Go's own digest of the module's files."""
KINDS = ("servicemonitors", "prometheusrules")


def prometheus_operator_crds(report: Report = print) -> list[Path]:
    """Return the files, fetched once into Go's module cache.

    Raises ToolError where they cannot be fetched, or are not those that were pinned.
    """
    command = [str(find_go(report)), "mod", "download", "-json", MODULE]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "GOFLAGS": "-mod=mod"}
    )
    if done.returncode:
        raise ToolError(f"{MODULE} could not be fetched:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    said = json.loads(done.stdout)
    if said["Sum"] != DIGEST:
        raise ToolError(f"{MODULE} has the digest {said['Sum']}, not {DIGEST}")
    folder = Path(said["Dir"]) / "example" / "prometheus-operator-crd"
    return [folder / f"monitoring.coreos.com_{kind}.yaml" for kind in KINDS]
