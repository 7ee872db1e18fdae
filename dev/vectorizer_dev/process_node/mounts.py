"""Replace the paths that a container would see by those of the node's directories."""

import re
from collections.abc import Mapping
from pathlib import Path


class PathTranslation:
    """Maps paths inside the container to paths on this machine, in any text that mentions them."""

    def __init__(self, places: Mapping[str, Path]) -> None:
        self._places = {inside.rstrip("/"): str(outside) for inside, outside in places.items()}
        longest_first = sorted(self._places, key=len, reverse=True)
        # A prefix counts only as whole path segments: /data is not in /database nor in /my/data. One pass for all,
        # because what was put in may itself contain a mount path.
        alternatives = "|".join(map(re.escape, longest_first))
        self._pattern = (
            re.compile(rf"(?:(?<![\w./-])|(?<=file://))(?:{alternatives})(?=$|/|[^\w.-])") if alternatives else None
        )

    def apply(self, text: str) -> str:
        """Return `text` with every mentioned place replaced."""
        return self._pattern.sub(lambda found: self._places[found[0]], text) if self._pattern else text
