"""Vulnerabilities as Qualys lists them, counted. Pure.

Severities are 1 to 5: https://www.qualys.com/research/knowledge/severity/
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from image_scan.errors import UnexpectedAnswer
from image_scan.findings import encoding
from image_scan.findings.encoding import Finding
from image_scan.payloads import Counts, Outcome, TopFinding

LEVELS: dict[int, Literal["critical", "high", "medium", "low"]] = {
    5: "critical",
    4: "high",
    3: "medium",
    2: "low",
    1: "low",
}
_TOP = 10
# What of `threatIntel` says that somebody can, or does, make use of it.
_EXPLOITS = ("activeAttacks", "publicExploit", "easyExploit", "exploitKit")


def summarise(entries: Sequence[Mapping[str, Any]]) -> Outcome:
    """FINDINGS when one of the entries is confirmed, else CLEAN.

    Potential and exempted ones are counted apart. Raises UnexpectedAnswer for an entry without a
    severity: it must not vanish from the counts.
    """
    exempted = 0
    confirmed: list[tuple[int, Mapping[str, Any]]] = []
    listed: list[Finding] = []
    for entry in entries:
        severity = _severity(entry)
        if entry.get("isExempted") is True:
            exempted += 1
        elif _detected(entry) == "POTENTIAL":
            listed.append(_finding(severity, entry, potential=True))
        elif not _detected(entry).startswith("INFO"):
            confirmed.append((severity, entry))
            listed.append(_finding(severity, entry, potential=False))
    confirmed.sort(key=lambda each: -each[0])
    return Outcome(
        verdict="FINDINGS" if confirmed else "CLEAN",
        counts=counts(severity for severity, _ in confirmed),
        potential=counts(each.severity for each in listed if each.potential),
        fixable=counts(each.severity for each in listed if each.fixable and not each.potential),
        exempted=exempted,
        listed=encoding.pack(listed),
        top=[_top(severity, entry) for severity, entry in confirmed[:_TOP]],
    )


def counts(severities: Iterable[int]) -> Counts:
    found = _zero()
    for severity in severities:
        found[LEVELS[severity]] += 1
    return found


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
        if isinstance(value, int) and not isinstance(value, bool) and value in LEVELS:
            return value
    raise UnexpectedAnswer("a vulnerability has no severity from 1 to 5")


def _finding(severity: int, entry: Mapping[str, Any], *, potential: bool) -> Finding:
    fixable = entry.get("patchAvailable") is True or bool(_fixes(entry))
    return Finding(_qid(entry), severity, potential, fixable, tuple(_cves(entry)))


def _top(severity: int, entry: Mapping[str, Any]) -> TopFinding:
    intel = entry.get("threatIntel")
    threats = intel if isinstance(intel, Mapping) else {}
    return TopFinding(
        qid=_qid(entry),
        title=_text(entry.get("title") or "", 200),
        severity=severity,
        cves=_cves(entry),
        packages=[_text(_named(each, "version"), 200) for each in _software(entry)][:5],
        fixes=[_text(each, 200) for each in _fixes(entry)][:5],
        patch=entry.get("patchAvailable") is True,
        exploit=any(threats.get(name) is True for name in _EXPLOITS),
    )


def _qid(entry: Mapping[str, Any]) -> int:
    qid = entry.get("qid")
    return qid if type(qid) is int and abs(qid) < 10**12 else 0


def _cves(entry: Mapping[str, Any]) -> list[str]:
    return [_text(each, 40) for each in _list(entry, "cveids") if isinstance(each, str)][:10]


def _fixes(entry: Mapping[str, Any]) -> list[str]:
    """Packages with the version that mends them."""
    return [_named(each, "fixVersion") for each in _software(entry) if each.get("fixVersion")]


def _software(entry: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [each for each in _list(entry, "software") if isinstance(each, Mapping)]


def _named(software: Mapping[str, Any], version: str) -> str:
    return " ".join(str(software[name]) for name in ("name", version) if software.get(name))


def _list(entry: Mapping[str, Any], name: str) -> list[Any]:
    value = entry.get(name)
    return value if isinstance(value, list) else []


def _text(value: Any, longest: int) -> str:
    """Text that a table takes: short, and without the half characters that JSON can carry."""
    return str(value)[:longest].encode("utf-8", "replace").decode()
