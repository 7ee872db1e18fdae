"""What a schema says beyond types: rules in CEL, in the words of a person, and how lists merge."""

from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]


@dataclass(frozen=True)
class Rule:
    """A CEL expression that must hold, and what the API server answers where it does not."""

    expression: str
    message: str
    reason: str = "FieldValueInvalid"

    def manifest(self) -> Schema:
        """Return the rule as an entry of x-kubernetes-validations."""
        return {"rule": self.expression, "message": self.message, "reason": self.reason}


def rules(*entries: Rule) -> Schema:
    """Return the schema extension for rules."""
    return {"x-kubernetes-validations": [entry.manifest() for entry in entries]}


def immutable(field: str) -> Rule:
    """Return the rule, for a field that is always present, that it keeps its value."""
    return _immutable(field, "self == oldSelf")


def immutable_optional(field: str) -> Rule:
    """Return the rule, for the object that holds it, that a field which may be absent keeps its value or absence."""
    here, before = f"self.{field}", f"oldSelf.{field}"
    return _immutable(field, f"has({here}) == has({before}) && (!has({here}) || {here} == {before})")


def map_by(key: str) -> Schema:
    """Return the schema extension by which server-side apply merges a list entry by entry, told apart by `key`."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key]}


def _immutable(field: str, expression: str) -> Rule:
    message = f"{field} cannot change once the object exists; create a new one under another name instead"
    return Rule(expression, message, "FieldValueForbidden")
