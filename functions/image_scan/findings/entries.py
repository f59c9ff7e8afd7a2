"""What an entry of a vulnerability list says, and which entries are the same finding. Pure.

One finding is one finding however often it is listed. It is identified by its QID, its packages
and where they lie. All else may differ between two answers: times, order, scores, ratings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from image_scan.errors import UnexpectedAnswer
from image_scan.findings import fields

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping

    Entry: TypeAlias = "Mapping[str, Any]"

Kind = Literal["confirmed", "potential", "information", "exempted"]
_LONGEST_QID = 12


def severity_of(entry: Entry) -> int:
    """The customer's own severity where one is set, else Qualys'. Raises UnexpectedAnswer."""
    for name in ("customerSeverity", "severity"):
        if level := _level(entry.get(name)):
            return level
    raise UnexpectedAnswer("a vulnerability has no severity from 1 to 5")


def kind_of(entry: Entry) -> Kind:
    """What is not said to be exempted, potential or information counts as confirmed."""
    return "exempted" if entry.get("isExempted") is True else _detected(entry)


def identity(entry: Entry) -> tuple[int | None, Hashable]:
    """What distinguishes a finding from all others of its image: the QID, None without one, and
    where."""
    qid = entry.get("qid")
    if isinstance(qid, str) and len(qid) <= _LONGEST_QID and qid.isascii() and qid.isdigit():
        qid = int(qid)
    packages = frozenset(_package(each) for each in fields.objects(entry.get("software")))
    where = (packages, _text(entry.get("port")), _text(entry.get("layerSha")))
    return qid if type(qid) is int else None, where


def distinct(entries: Iterable[Entry]) -> list[Entry]:
    """The findings of a list, in its order; of those that are listed more than once, the worst.

    Raises UnexpectedAnswer for entries that may be one finding or more.
    """
    found: dict[Hashable, Entry] = {}
    for entry in entries:
        key = identity(entry)
        if key in found and key[0] is None:
            raise UnexpectedAnswer("vulnerabilities without a QID cannot be distinguished")
        found[key] = _worse(found[key], entry) if key in found else entry
    return list(found.values())


def _worse(one: Entry, other: Entry) -> Entry:
    """Two entries of one finding, joined so that nothing that counts is lost."""
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
    """What either of two objects says of each name, and of each name in what has names itself."""
    names = {**one, **other}
    return {name: _either(one.get(name), other.get(name)) for name in names}


def _either(one: Any, other: Any) -> Any:
    """A yes over a no, the larger number, all of two lists of text; else the first that is
    given."""
    if type(one) is type(other) and isinstance(one, bool | int | float):
        return max(one, other)
    if isinstance(one, dict) and isinstance(other, dict):
        return {name: one.get(name) or other.get(name) for name in {**one, **other}}
    if isinstance(one, list) and isinstance(other, list):
        return [*one, *(each for each in other if isinstance(each, str) and each not in one)]
    return one or other


def _packages(one: Entry, other: Entry) -> list[Any]:
    """Each package once, with the fix that either entry names."""
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
    """A severity as a number or as text; None where it is neither."""
    if isinstance(value, str) and len(value) == 1 and value.isascii() and value.isdigit():
        value = int(value)
    return value if type(value) is int and 1 <= value <= 5 else None


def _text(value: Any) -> str:
    return str(value) if isinstance(value, str | int) else ""
