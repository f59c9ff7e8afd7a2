"""Vulnerabilities as Qualys lists them, counted. Pure.

Severities are 1 to 5: https://www.qualys.com/research/knowledge/severity/
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from image_scan.errors import UnexpectedAnswer
from image_scan.payloads import Counts, Outcome, TopFinding

_LEVELS: dict[int, Literal["critical", "high", "medium", "low"]] = {
    5: "critical",
    4: "high",
    3: "medium",
    2: "low",
    1: "low",
}
_TOP = 10


def summarise(entries: Sequence[Mapping[str, Any]]) -> Outcome:
    """FINDINGS when one of the entries is confirmed, else CLEAN.

    Potential and exempted ones are counted apart. Raises UnexpectedAnswer for an entry without a
    severity: it must not vanish from the counts.
    """
    counts, potential = _zero(), _zero()
    exempted = 0
    confirmed = []
    for entry in entries:
        severity = _severity(entry)
        if entry.get("isExempted") is True:
            exempted += 1
        elif _detected(entry) == "POTENTIAL":
            potential[_LEVELS[severity]] += 1
        elif not _detected(entry).startswith("INFO"):
            counts[_LEVELS[severity]] += 1
            confirmed.append((severity, entry))
    confirmed.sort(key=lambda each: -each[0])
    return Outcome(
        verdict="FINDINGS" if confirmed else "CLEAN",
        counts=counts,
        potential=potential,
        exempted=exempted,
        top=[_top(severity, entry) for severity, entry in confirmed[:_TOP]],
    )


def _zero() -> Counts:
    return Counts(critical=0, high=0, medium=0, low=0)


def _detected(entry: Mapping[str, Any]) -> str:
    """What is not said to be potential or information counts as confirmed."""
    return str(entry.get("typeDetected") or "").upper()


def _severity(entry: Mapping[str, Any]) -> int:
    """The customer's own severity where one is set, else Qualys'."""
    for name in ("customerSeverity", "severity"):
        value = entry.get(name)
        if isinstance(value, str) and len(value) == 1 and value.isascii() and value.isdigit():
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and value in _LEVELS:
            return value
    raise UnexpectedAnswer("a vulnerability has no severity from 1 to 5")


def _top(severity: int, entry: Mapping[str, Any]) -> TopFinding:
    qid = entry.get("qid")
    return TopFinding(
        qid=qid if type(qid) is int and abs(qid) < 10**12 else 0,
        title=_text(entry.get("title") or "", 200),
        severity=severity,
        cves=[_text(each, 40) for each in _list(entry, "cveids") if isinstance(each, str)][:10],
        packages=[
            _text(" ".join(str(each[name]) for name in ("name", "version") if each.get(name)), 200)
            for each in _list(entry, "software")
            if isinstance(each, Mapping)
        ][:5],
    )


def _list(entry: Mapping[str, Any], name: str) -> list[Any]:
    value = entry.get(name)
    return value if isinstance(value, list) else []


def _text(value: Any, longest: int) -> str:
    """Text that a table takes: short, and without the half characters that JSON can carry."""
    return str(value)[:longest].encode("utf-8", "replace").decode()
