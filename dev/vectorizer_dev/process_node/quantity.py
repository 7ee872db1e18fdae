"""Kubernetes quantities as numbers."""

import re

_DECIMAL = {"n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
_BINARY = {"Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40}
_FACTORS = _DECIMAL | _BINARY


def parse_quantity(text: str) -> float:
    """Return the value of a quantity such as `500m`, `4Gi` or `2`.

    Raises ValueError where it is none.
    """
    parts = re.fullmatch(r"([0-9.]+(?:[eE][+-]?[0-9]+)?)([a-zA-Z]*)", text)
    if parts is None or parts[2] not in _FACTORS:
        raise ValueError(f"{text!r} is not a Kubernetes quantity")
    return float(parts[1]) * _FACTORS[parts[2]]
