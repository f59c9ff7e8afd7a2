"""Reads single fields of Qualys' lists, in a form that a table accepts. Pure."""

from collections.abc import Mapping
from typing import Any


def qid(entry: Mapping[str, Any]) -> int:
    """Returns Qualys' number of a vulnerability; 0 if there is none."""
    value = entry.get("qid")
    return value if type(value) is int and abs(value) < 10**12 else 0


def cves(entry: Mapping[str, Any]) -> list[str]:
    value = entry.get("cveids")
    names = value if isinstance(value, list) else []
    return [text(each, 40) for each in names if isinstance(each, str)][:10]


def objects(value: Any) -> list[Mapping[str, Any]]:
    """The objects of an array; none of anything else."""
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def text(value: Any, longest: int) -> str:
    """Returns short text; half surrogates, which JSON can carry, become `?`. Empty for no value."""
    return str(value or "")[:longest].encode("utf-8", "replace").decode()
