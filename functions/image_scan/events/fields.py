"""Reads fields of an event, which may hold anything. Pure."""

from collections.abc import Mapping
from typing import Any

Part = Mapping[str, Any]


def mapping(value: Any) -> Part:
    """Returns the value if it is an object, else an empty object."""
    return value if isinstance(value, Mapping) else {}


def text(part: Part, name: str) -> str:
    """Returns the text of a field, or empty.

    Half surrogates, which JSON can carry and no table takes, become `?`.
    """
    value = part.get(name)
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""
