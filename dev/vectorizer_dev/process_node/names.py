"""Replace the names that a headless Service gives to pods: no server answers for them on this machine."""

import re
from dataclasses import dataclass

ADDRESS = "127.0.0.1"
"""Of every pod: all that share a Service are on this node."""


@dataclass(frozen=True)
class PodNames:
    """The names `<hostname>.<subdomain>` of the pods behind one Service."""

    subdomain: str
    """Empty for none."""

    def apply(self, text: str) -> str:
        """Return `text` with every name of a pod replaced by its address."""
        if not self.subdomain:
            return text
        return re.sub(rf"(?<![\w.-])[a-z0-9-]+\.{re.escape(self.subdomain)}(?![\w.-])", ADDRESS, text)


NO_NAMES = PodNames("")
