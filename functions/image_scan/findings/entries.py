"""Reads entries of a vulnerability list, and joins entries that are the same finding. Pure.

Qualys may list a finding several times. It is identified by its QID, its packages and their
locations. All else may differ between two answers: times, order, scores, ratings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from image_scan.errors import UnexpectedAnswer
from image_scan.findings import fields

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    Entry: TypeAlias = "Mapping[str, Any]"

Kind = Literal["confirmed", "potential", "information", "exempted"]
_LONGEST_QID = 12


def severity_of(entry: Entry) -> int:
    """Returns the customer's own severity if set, else Qualys'. Raises UnexpectedAnswer."""
    if level := level_of(entry):
        return level
    raise UnexpectedAnswer("a vulnerability has no severity from 1 to 5")


def level_of(entry: Any) -> int:
    """Returns the same; 0 for what has no severity."""
    if not isinstance(entry, Mapping):
        return 0
    return _level(entry.get("customerSeverity")) or _level(entry.get("severity")) or 0


def is_severe(entry: Any) -> bool:
    """Checks whether Qualys or the customer rates a vulnerability 4 or 5, whatever its kind."""
    return isinstance(entry, Mapping) and not {"4", "5"}.isdisjoint(
        str(entry.get(name)) for name in ("severity", "customerSeverity")
    )


def kind_of(entry: Entry) -> Kind:
    """Returns the kind of an entry: confirmed, unless Qualys states another one."""
    return "exempted" if entry.get("isExempted") is True else _detected(entry)


def identity(entry: Entry) -> tuple[int | None, Hashable]:
    """Returns what identifies a finding in its image: its QID (None without one) and its
    location."""
    qid = entry.get("qid")
    if isinstance(qid, str) and len(qid) <= _LONGEST_QID and qid.isascii() and qid.isdigit():
        qid = int(qid)
    packages = frozenset(_package(each) for each in fields.objects(entry.get("software")))
    where = (packages, _text(entry.get("port")), _text(entry.get("layerSha")))
    return qid if type(qid) is int else None, where


def distinct(entries: Iterable[Entry]) -> list[Entry]:
    """Returns each finding of a list once, in the order of the list. Repeated entries are joined.

    Raises UnexpectedAnswer if two entries without a QID may be one finding or two.
    """
    found: dict[Hashable, Entry] = {}
    for entry in entries:
        key = identity(entry)
        if key in found and key[0] is None:
            raise UnexpectedAnswer("vulnerabilities without a QID cannot be distinguished")
        found[key] = _worse(found[key], entry) if key in found else entry
    return list(found.values())


def _worse(one: Entry, other: Entry) -> Entry:
    """Joins two entries of one finding: the worse value of each field counts."""
    levels = [level for each in (one, other) if (level := _level(each.get("severity")))]
    return {
        **_joined(one, other),
        "severity": max(levels, default=None),
        "customerSeverity": max(severity_of(one), severity_of(other)),
        "typeDetected": _worst_kind(one, other).get("typeDetected"),
        "isExempted": kind_of(one) == kind_of(other) == "exempted",
        "software": _packages(one, other),
    }


def _joined(one: Entry, other: Entry) -> dict[str, Any]:
    """Joins two objects name by name, and the objects in them too."""
    names = {**one, **other}
    return {name: _either(one.get(name), other.get(name)) for name in names}


def _either(one: Any, other: Any) -> Any:
    """Joins two values: true over false, the larger number, all texts of two lists; else the first
    value that is set."""
    if type(one) is type(other) and isinstance(one, bool | int | float):
        return max(one, other)
    if isinstance(one, dict) and isinstance(other, dict):
        return {name: one.get(name) or other.get(name) for name in {**one, **other}}
    if isinstance(one, list) and isinstance(other, list):
        return [*one, *(each for each in other if isinstance(each, str) and each not in one)]
    return one or other


def _packages(one: Entry, other: Entry) -> list[Any]:
    """Returns each package once, with the fix that either entry names."""
    found: dict[Hashable, Any] = {}
    for each in (*fields.objects(one.get("software")), *fields.objects(other.get("software"))):
        found[_package(each)] = _joined(found.get(_package(each), {}), each)
    return list(found.values())


def _package(software: Entry) -> Hashable:
    return tuple(_text(software.get(name)) for name in ("name", "version", "packagePath"))


def _worst_kind(one: Entry, other: Entry) -> Entry:
    order = ("confirmed", "potential", "information")
    return min(one, other, key=lambda entry: order.index(_detected(entry)))


def _detected(entry: Entry) -> Literal["confirmed", "potential", "information"]:
    stated = str(entry.get("typeDetected") or "").upper()
    if stated == "POTENTIAL":
        return "potential"
    return "information" if stated.startswith("INFO") else "confirmed"


def _level(value: Any) -> int | None:
    """Reads a severity, a number or text; None if it is neither."""
    if isinstance(value, str) and len(value) == 1 and value.isascii() and value.isdigit():
        value = int(value)
    return value if type(value) is int and 1 <= value <= 5 else None


def _text(value: Any) -> str:
    return str(value) if isinstance(value, str | int) else ""
