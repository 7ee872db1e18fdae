"""How one account's flood is felt by another account."""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from scale.api_server import RefusedError
from scale.bed import Bed
from scale.figures import Latency
from scale.operators import Operator
from scale.results import Fairness

__all__ = ["CALM", "FLOODING", "largest_spec", "measure_fairness"]

FLOODING, CALM = "flooding", "calm"
"""The two accounts, with the limits that every account has unless it is told otherwise."""
RATE = 100
"""Fine-tunes that the flooding account sends each second, as far as the API server takes them."""
APART = 1.0
"""Seconds between two fine-tunes of the calm account, at least."""
_URLS, _URL_LENGTH, _FOLDER_LENGTH = 1_000, 180, 128


async def measure_fairness(bed: Bed, operator: Operator, seconds: float) -> Fairness:
    """The calm account's latency for so long alone, then for as long while the other account floods."""
    alone = await _calm(bed, "alone", seconds)
    flood = _Flood(bed)
    began = time.monotonic()
    sending = asyncio.create_task(flood.send())
    flooded = await _calm(bed, "flooded", seconds)
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    took = time.monotonic() - began
    return Fairness(
        alone=alone,
        flooded=flooded,
        sent=flood.sent,
        sent_per_s=flood.sent / took,
        spec_bytes=len(json.dumps(largest_spec())),
        seconds=took,
        peak_mib=operator.peak,
    )


def largest_spec() -> Mapping[str, object]:
    """As much as a fine-tune may hold: a thousand URLs with 180,000 characters in all, and the longest folder."""
    urls = [f"https://files.example/{index:05}/".ljust(_URL_LENGTH, "x") for index in range(_URLS)]
    return {"fileUrls": urls, "batchFolder": "f" * _FOLDER_LENGTH}


@dataclass
class _Flood:
    """What one account sends without waiting for anything."""

    bed: Bed
    sent: int = 0
    _sending: set["asyncio.Task[None]"] = field(default_factory=set)

    async def send(self) -> None:
        """Send until cancelled; what is under way then is dropped."""
        began, spec = time.monotonic(), largest_spec()
        try:
            for index in range(10**6):
                await asyncio.sleep(max(0.0, began + index / RATE - time.monotonic()))
                task = asyncio.create_task(self._one(f"flood-{index}", spec))
                self._sending.add(task)
                task.add_done_callback(self._sending.discard)
        finally:
            for task in self._sending:
                task.cancel()

    async def _one(self, name: str, spec: Mapping[str, object]) -> None:
        try:
            await self.bed.ask(name, FLOODING, **spec)
        except (RefusedError, TimeoutError):
            return
        self.sent += 1


async def _calm(bed: Bed, names: str, seconds: float) -> Latency:
    """Its fine-tunes one after the other; there are at least three, however long they take."""
    began, latencies = time.monotonic(), list[float]()
    while len(latencies) < 3 or time.monotonic() - began < seconds:
        name = f"{names}-{len(latencies)}"
        sent = await bed.ask(name, CALM)
        latencies.append(await bed.sightings.until(name, bed.sightings.started) - sent)
        await bed.sightings.until(name, bed.sightings.ended)  # So that its own limit of runs is no part of it.
        await asyncio.sleep(APART)
    return Latency.of(latencies)
