"""How kstatus reads an object: the rules for custom resources in the README of kubernetes-sigs/cli-utils, pkg/kstatus.

`kubectl` plugins, Flux, Config Sync and others tell from it whether an object has become what it should be.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class Reading(StrEnum):
    """What kstatus says of an object."""

    TERMINATING = "Terminating"
    IN_PROGRESS = "InProgress"
    FAILED = "Failed"
    CURRENT = "Current"


def read(body: Mapping[str, Any]) -> Reading:
    """The reading of a custom resource; the first rule that applies decides."""
    metadata, status = body["metadata"], body.get("status") or {}
    conditions = {item["type"]: item["status"] for item in status.get("conditions") or []}
    if metadata.get("deletionTimestamp"):
        return Reading.TERMINATING
    if status.get("observedGeneration", metadata["generation"]) != metadata["generation"]:
        return Reading.IN_PROGRESS
    if conditions.get("Reconciling") == "True":
        return Reading.IN_PROGRESS
    if conditions.get("Stalled") == "True":
        return Reading.FAILED
    return Reading.IN_PROGRESS if conditions.get("Ready") in ("False", "Unknown") else Reading.CURRENT
