"""What a schema says beyond types: rules in CEL, in the words of a person, and how lists merge."""

from typing import Any

Schema = dict[str, Any]


def rules(*pairs: tuple[str, str]) -> Schema:
    """Return the schema extension for `pairs` of (expression that must hold, message where it does not)."""
    return {"x-kubernetes-validations": [{"rule": rule, "message": message} for rule, message in pairs]}


def immutable(field: str) -> tuple[str, str]:
    """Return the rule that a field which is always present keeps its value."""
    return "self == oldSelf", _cannot_change(field)


def immutable_optional(field: str) -> tuple[str, str]:
    """Return the rule, for the object that holds it, that a field which may be absent keeps its value or absence."""
    rule = f"has(self.{field}) == has(oldSelf.{field}) && (!has(self.{field}) || self.{field} == oldSelf.{field})"
    return rule, _cannot_change(field)


def map_by(key: str) -> Schema:
    """Return the schema extension by which server-side apply merges a list entry by entry, told apart by `key`."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key]}


def _cannot_change(field: str) -> str:
    return f"{field} cannot change once the object exists; create a new one under another name instead"
