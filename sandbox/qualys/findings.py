"""Vulnerability objects and their counts ("Fetch vulnerability details for an image").

Set per config digest, per `repository:tag` or per `repository`; a scan takes what is set at its
end, and an image without any is clean.
"""

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.qualys.answers import Json
from sandbox.qualys.clock import milliseconds

_SEVERITIES = range(1, 6)
_SCORES = {
    1: ("1.9", "2.2"),
    2: ("3.6", "4.0"),
    3: ("5.0", "5.9"),
    4: ("7.2", "7.8"),
    5: ("10.0", "9.8"),
}
_THREATS = (
    "activeAttacks",
    "zeroDay",
    "publicExploit",
    "easyExploit",
    "exploitKit",
    "malware",
    "denialOfService",
    "highLateralMovement",
    "highDataLoss",
    "noPatch",
    "ransomware",
)


class GivenFindings:
    def __init__(self) -> None:
        self._given: dict[str, list[Json]] = {}

    def set(self, key: str, findings: Iterable[Mapping[str, Any]]) -> None:
        """Raises ValueError, and keeps what was set, if one of them is incomplete."""
        self._given[key.removeprefix("sha256:")] = [vulnerability(one) for one in findings]

    def of(self, sha: str, repository: str, tag: str) -> list[Json]:
        for key in (sha, f"{repository}:{tag}", repository):
            if key in self._given:
                return copy.deepcopy(self._given[key])
        return []


def vulnerability(wanted: Mapping[str, Any]) -> Json:
    """The whole object from `qid`, `title`, `severity` and whatever else is given.

    Raises ValueError if one of the three is missing or of a wrong type.
    """
    severity: Any = wanted.get("severity")
    if not isinstance(wanted.get("qid"), int) or not isinstance(wanted.get("title"), str):
        raise ValueError("a finding needs an integer qid and a title")
    if type(severity) is not int or severity not in _SEVERITIES:
        raise ValueError("a finding needs a severity from 1 to 5")
    software = [_software(one) for one in wanted.get("software", [])]
    made = _like_qualys(severity, software)
    return {**made, **wanted, "software": software}


def _like_qualys(severity: int, software: list[Json]) -> Json:
    """All fields of a confirmed finding that was given no more than its severity and software."""
    base, base3 = _SCORES[severity]
    return {
        "vulnerability": None,
        "result": None,  # its table is made when it is shown
        "firstFound": None,
        "lastFound": None,
        "customerSeverity": severity,
        "port": None,
        "typeDetected": "CONFIRMED",
        "status": None,
        "risk": severity * 10,
        "category": "Local",
        "discoveryType": ["AUTHENTICATED"],
        "authType": ["UNIX_AUTH"],
        "supportedBy": ["CS"],
        "product": [one["name"] for one in software],
        "vendor": [],
        "cveids": None,
        "cvssInfo": {"baseScore": base, "temporalScore": base, "accessVector": "Network"},
        "cvss3Info": {"baseScore": base3, "temporalScore": base3},
        "qdsScore": severity * 19,
        "patchAvailable": any(one["fixVersion"] for one in software),
        "published": 1_645_056_000_000,
        "scanType": ["STATIC"],
        "isExempted": False,
        "layerSha": None,
        "threatIntel": dict.fromkeys(_THREATS),
        "vendorData": {},
        "source": None,
        "reason": None,
    }


def dated(findings: list[Json], earlier: list[Json] | None, now: float) -> list[Json]:
    """The findings of a scan at `now`; one that was there before keeps the day it was found."""
    first = {one["qid"]: one["firstFound"] for one in earlier or []}
    return [
        {
            **one,
            "firstFound": one["firstFound"] or first.get(one["qid"]) or milliseconds(now),
            "lastFound": milliseconds(now),
        }
        for one in findings
    ]


def stamped(findings: Iterable[Json], at: float) -> list[Json]:
    """The findings as first and last found at a moment."""
    times = dict.fromkeys(("firstFound", "lastFound"), milliseconds(at))
    return [{**one, **times} for one in findings]


def rotated(value: Any, by: int) -> Any:
    """The value with every list in it, `cveids` among them, begun so many entries later."""
    if isinstance(value, dict):
        return {name: rotated(one, by) for name, one in value.items()}
    if not isinstance(value, list) or not value:
        return value
    found = [rotated(one, by) for one in value]
    return found[by % len(found) :] + found[: by % len(found)]


def counting(findings: Iterable[Json]) -> list[Json]:
    """Those that no exemption covers."""
    return [one for one in findings if not one["isExempted"]]


def severity_counts(findings: Iterable[Json], pattern: str = "severity{}Count") -> dict[str, int]:
    found = [one["severity"] for one in findings]
    return {pattern.format(severity): found.count(severity) for severity in reversed(_SEVERITIES)}


def no_counts() -> dict[str, None]:
    """Before the first scan has ended, as a vendor sample has them."""
    return dict.fromkeys(severity_counts([]))


def summary(findings: list[Json]) -> Json:
    """`vulnSummary`: confirmed and potential apart, and how many of each have a patch."""
    kinds = {
        kind.lower(): [one for one in findings if one["typeDetected"] == kind]
        for kind in ("CONFIRMED", "POTENTIAL")
    }
    counts = {kind: severity_counts(found, "sev{}Count") for kind, found in kinds.items()}
    patched = {
        kind: severity_counts((one for one in found if one["patchAvailable"]), "sev{}Count")
        for kind, found in kinds.items()
    }
    return {**counts, "patchAvailability": patched}


def _software(wanted: Mapping[str, Any]) -> Json:
    made = {"version": None, "fixVersion": None, "packagePath": None, "scanType": "STATIC"}
    return {"name": "", **made, "vulnerabilities": None, **wanted}
