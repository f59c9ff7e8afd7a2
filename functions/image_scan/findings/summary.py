"""Counts the vulnerabilities that Qualys lists. Pure.

Severities are 1 to 5: https://www.qualys.com/research/knowledge/severity/
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from image_scan.findings import encoding, fields, fixes, threats
from image_scan.findings.encoding import Finding
from image_scan.findings.entries import kind_of, severity_of
from image_scan.findings.fixes import Package
from image_scan.results import Counts, Outcome, TopFinding

LEVELS: dict[int, Literal["critical", "high", "medium", "low"]] = {
    5: "critical",
    4: "high",
    3: "medium",
    2: "low",
    1: "low",
}
_TOP = 10
_MOST_PACKAGES = 5
_LONGEST = 200
_NO_SOFTWARE: Mapping[int, Sequence[Package]] = {}


def summarise(
    entries: Sequence[Mapping[str, Any]], software: Mapping[int, Sequence[Package]] = _NO_SOFTWARE
) -> Outcome:
    """Returns the outcome: FINDINGS if an entry is confirmed, else CLEAN.

    Potential and exempted entries are counted separately. `software` is what `fixes.unpack`
    returns for the image. Raises UnexpectedAnswer for an entry without a severity: the counts
    would lack it.
    """
    exempted = 0
    confirmed: list[tuple[int, Mapping[str, Any]]] = []
    listed: list[Finding] = []
    for entry in entries:
        severity, kind = severity_of(entry), kind_of(entry)
        if kind == "exempted":
            exempted += 1
        elif kind == "potential":
            listed.append(_finding(severity, entry, software, potential=True))
        elif kind == "confirmed":
            confirmed.append((severity, entry))
            listed.append(_finding(severity, entry, software, potential=False))
    confirmed.sort(key=lambda each: (-each[0], threats.rank(each[1]), fields.qid(each[1])))
    return Outcome(
        verdict="FINDINGS" if confirmed else "CLEAN",
        counts=counts(severity for severity, _ in confirmed),
        potential=counts(each.severity for each in listed if each.potential),
        fixable=counts(each.severity for each in listed if each.fixable and not each.potential),
        exempted=exempted,
        listed=encoding.pack(listed),
        top=[_top(severity, entry, software) for severity, entry in confirmed[:_TOP]],
    )


def counts(severities: Iterable[int]) -> Counts:
    found = _zero()
    for severity in severities:
        found[LEVELS[severity]] += 1
    return found


def _zero() -> Counts:
    return Counts(critical=0, high=0, medium=0, low=0)


def _finding(
    severity: int,
    entry: Mapping[str, Any],
    software: Mapping[int, Sequence[Package]],
    *,
    potential: bool,
) -> Finding:
    _, fixed = fixes.packages(entry, software)
    fixable = entry.get("patchAvailable") is True or bool(fixed)
    cves, exploited = tuple(fields.cves(entry)), threats.is_exploited(entry)
    return Finding(fields.qid(entry), severity, potential, fixable, cves, exploited)


def _top(
    severity: int, entry: Mapping[str, Any], software: Mapping[int, Sequence[Package]]
) -> TopFinding:
    packages, fixed = fixes.packages(entry, software)
    return TopFinding(
        qid=fields.qid(entry),
        title=fields.text(entry.get("title"), _LONGEST),
        severity=severity,
        cves=fields.cves(entry),
        packages=packages[:_MOST_PACKAGES],
        fixes=fixed[:_MOST_PACKAGES],
        patch=entry.get("patchAvailable") is True,
        exploited=threats.is_exploited(entry),
        exploit=threats.has_exploit(entry),
        qds=threats.qds(entry),
    )
