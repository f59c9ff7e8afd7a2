"""Reads single values of Qualys' answers: rows, texts, ids, times and counts. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from image_scan.errors import QualysUnreadable

_ID = re.compile(r"[0-9A-Za-z-]{1,64}")
_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_LATEST = 253_402_300_799_000  # the end of the year 9999


def rows(answer: Any) -> list[Mapping[str, Any]]:
    """Returns the rows of a list: none (204, or a count of 0), a bare array, or `data`."""
    if answer is None:
        return []
    found = answer
    if isinstance(answer, Mapping):
        found = answer.get("data", [] if answer.get("count") == 0 else None)
    if not isinstance(found, list) or not all(isinstance(row, Mapping) for row in found):
        raise QualysUnreadable("a list has no rows")
    return found


def total(answer: Any) -> int:
    """Returns how many rows a list has over all its pages; 0 if it does not say."""
    stated = answer.get("count") if isinstance(answer, Mapping) else 0
    return stated if isinstance(stated, int) else 0


def text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return value if isinstance(value, str) else ""


def is_id(value: str) -> bool:
    """Checks whether a value is safe in a URL's path. Values from answers are not trusted."""
    return bool(_ID.fullmatch(value))


def required_id(row: Mapping[str, Any], name: str) -> str:
    if not is_id(value := text(row, name)):
        raise QualysUnreadable(f"a row has no {name}")
    return value


def uuid_in(answer: Any, *names: str) -> str:
    """Returns the UUID in the answer to a creation, bare or under one of the names; else empty."""
    if isinstance(answer, Mapping):
        answer = next((answer[name] for name in names if answer.get(name)), None)
    return answer if isinstance(answer, str) and _UUID.fullmatch(answer) else ""


def milliseconds(value: Any) -> int:
    """Reads a time as epoch milliseconds; 0 if it is absent or later than any valid date."""
    if isinstance(value, str) and len(value) < 20 and value.isascii() and value.isdigit():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return int(value) if 0 < value <= _LATEST else 0


def host(registry: str) -> str:
    """Returns a registry's host. Qualys writes it with and without the scheme."""
    return registry.lower().removeprefix("https://").removeprefix("http://").rstrip("/")


def objects(row: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = row.get(name)
    return [each for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


def count(value: Any) -> int:
    """Reads a count, a number or text; 0 if it is absent. Raises QualysUnreadable."""
    if value is None or value == "":
        return 0
    if isinstance(value, str) and len(value) < 10 and value.isascii() and value.isdigit():
        return int(value)
    if type(value) is not int or value < 0:
        raise QualysUnreadable("a count is no whole number")
    return value


def sum_of(counts: Any, pattern: str) -> int | None:
    """Returns the sum of counts by severity, keys by `pattern`; None unless all five are set."""
    if not isinstance(counts, Mapping):
        return None
    stated = [counts.get(pattern.format(level)) for level in range(1, 6)]
    numbers = [count(each) for each in stated]
    return None if None in stated or "" in stated else sum(numbers)
