"""The real Helm, and the chart of this repository."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from vectorizer_dev.chart import FOLDER as CHART
from vectorizer_dev.cluster import DevelopmentCluster
from vectorizer_dev.tools import find_helm

__all__ = ["CHART", "Helm", "HelmError"]


class HelmError(RuntimeError):
    """Helm refused; the message is its own."""


@dataclass(frozen=True)
class Helm:
    """Helm as the administrator of a cluster, or of none."""

    program: Path
    folder: Path
    """For its cache and configuration: nothing of the user's is touched or used."""
    kubeconfig: Path | None = None

    @classmethod
    def of(cls, cluster: DevelopmentCluster) -> "Helm":
        """That of a development cluster."""
        return cls(find_helm(), cluster.folder / "helm", cluster.kubeconfig)

    def __call__(self, *arguments: str) -> str:
        """Its answer; raises HelmError where it fails."""
        environment = {
            "HOME": str(self.folder),
            # A file that is not there: no cluster is reached by chance.
            "KUBECONFIG": str(self.kubeconfig or self.folder / "none"),
        }
        done = subprocess.run(
            [str(self.program), *arguments], capture_output=True, text=True, check=False, env=environment
        )
        if done.returncode:
            raise HelmError(done.stderr or done.stdout)
        return done.stdout
