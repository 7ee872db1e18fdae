"""An operator whose clock is wrong: libfaketime shifts what it is told of the time of day, and of nothing else.

The library is that of the Debian package `libfaketime`, as it is installed, or else unpacked into the user's cache.
"""

import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from vectorizer_dev.cache import cache_folder
from vectorizer_dev.faults.intermediary import Answer, Call, Forward, Service, Treatment
from vectorizer_dev.faults.views import Met, ViewPlan

SHIFT_MINUTES = 10
_PATTERN = "usr/lib/*/faketime/libfaketimeMT.so.1"


def clock_plans() -> list[ViewPlan]:
    """The clock before and behind the right time, seen from all others; none where there is no libfaketime."""
    if (library := _library()) is None:
        return []
    return [
        ViewPlan(f"the operator's clock {SHIFT_MINUTES} min {word}", _seen_wrong, _environment(library, minutes))
        for word, minutes in (("fast", SHIFT_MINUTES), ("slow", -SHIFT_MINUTES))
    ]


def _environment(library: Path, minutes: int) -> Mapping[str, str]:
    """A clock that is set wrong runs on like any other, and the monotonic one is not set by anybody."""
    return {"LD_PRELOAD": str(library), "FAKETIME": f"{minutes * 60:+d}", "DONT_FAKE_MONOTONIC": "1"}


def _seen_wrong(met: Met) -> Treatment:
    """Nothing is done to the calls; the dates that the operator signs its calls with show that its clock is wrong."""

    async def treat(call: Call, forward: Forward) -> Answer:
        if call.service is Service.STORE and (said := call.headers.get("x-amz-date")):
            signed = datetime.strptime(said, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            met.happened |= abs((signed - datetime.now(UTC)).total_seconds()) > (SHIFT_MINUTES - 1) * 60
        return await forward(call)

    return treat


def _library() -> Path | None:
    found = next(Path("/").glob(_PATTERN), None)
    return found or _unpacked()


def _unpacked() -> Path | None:
    folder = cache_folder() / "libfaketime"
    if (found := next(folder.glob(_PATTERN), None)) is not None:
        return found
    folder.mkdir(parents=True, exist_ok=True)
    try:
        subprocess.run(["apt-get", "download", "libfaketime"], cwd=folder, check=True, capture_output=True)
        package = next(folder.glob("libfaketime_*.deb"))
        subprocess.run(["dpkg-deb", "--extract", str(package), str(folder)], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError, StopIteration):
        return None
    return next(folder.glob(_PATTERN), None)
