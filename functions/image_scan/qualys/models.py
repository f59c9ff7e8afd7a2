"""Reads answers of the Container Security API strictly: an unknown shape is an error.

Times are strings of epoch milliseconds, `0` or empty when absent; many fields may be null.
https://docs.qualys.com/en/cs/api/images/fetch_a_list_of_images_in_your_account.htm
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

from image_scan.errors import QualysUnreadable, UnexpectedAnswer
from image_scan.findings.entries import distinct, is_severe, level_of
from image_scan.qualys.reading import count, host, milliseconds, objects, sum_of, text

JobState = Literal["done", "failed", "running", "unknown"]
_JOB_STATES: dict[str, JobState] = {
    "finished": "done",
    "completed": "done",
    "baselinecompleted": "done",
    "error": "failed",
    "failed": "failed",
    "canceled": "failed",
    "cancelled": "failed",
    "created": "running",
    "queued": "running",
    "paused": "running",
    "running": "running",
    "baselinecreated": "running",
    "baselinequeued": "running",
    "baselinerunning": "running",
}
# Names of vulnerability lists, and keys that only a vulnerability has.
_LISTS = ("details", "data", "vulns", "vulnerabilities")
_MARKS = ("qid", "severity", "customerSeverity")


@dataclass(frozen=True)
class Schedule:
    uuid: str
    name: str
    state: JobState
    status: str
    created: int
    errors: tuple[str, ...]

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Self:
        status = text(row, "status")
        errors = row.get("errors")
        return cls(
            uuid=text(row, "scheduleUuid"),
            name=text(row, "name"),
            state=_JOB_STATES.get(status.lower(), "unknown"),
            status=status,
            created=milliseconds(row.get("created")),
            errors=tuple(
                f"{text(each, 'errorCode')} {text(each, 'errorMessage')}".strip()[:200]
                for each in (errors if isinstance(errors, list) else [])
                if isinstance(each, Mapping)
            ),
        )


@dataclass(frozen=True)
class ScannedImage:
    """One image as Qualys knows it, from a list row or from its details.

    `sha` is the config digest, `digests` the manifest or index digests it was pulled by, all bare;
    `names` are (registry host, repository, tag). `scanned_at` is 0 before the first scan, and
    `assessed_at` unless Qualys has assessed the image again without a scan. Only the details list
    `softwares`. `malware` and `secrets` are blocks of the details (`detailed`), not checked yet. A
    missing or invalid value raises an error only when it is used, because a list also has rows of
    other images.
    """

    sha: str
    digests: frozenset[str]
    names: frozenset[tuple[str, str, str]]
    scanned_at: int
    assessed_at: int
    scan_status: str
    scan_error: str
    vulnerabilities: Any
    softwares: Any
    totals: tuple[Any, Any]
    malware: Any
    secrets: Any
    detailed: bool

    @classmethod
    def read(cls, row: Mapping[str, Any], *, detailed: bool = False) -> Self:
        times = ("lastVmScanDate", "lastScanned", "lastScannedDate")
        return cls(
            sha=text(row, "sha").removeprefix("sha256:").lower(),
            digests=frozenset(
                text(each, "digest").removeprefix("sha256:").lower()
                for each in objects(row, "repoDigests")
            ),
            names=frozenset(
                (host(text(each, "registry")), text(each, "repository"), text(each, "tag"))
                for each in objects(row, "repo")
            ),
            scanned_at=next((at for name in times if (at := milliseconds(row.get(name)))), 0),
            assessed_at=milliseconds(row.get("lastAssessed")),
            scan_status=_scan_status(row.get("scanStatus")),
            scan_error=str(row.get("scanErrorCode") or ""),
            vulnerabilities=row.get("vulnerabilities"),
            softwares=row.get("softwares"),
            totals=(row.get("totalVulnCount"), row.get("totalVulCount")),
            malware=row.get("malware"),
            secrets=row.get("secrets"),
            detailed=detailed,
        )

    @property
    def severe(self) -> int:
        """Counts the vulnerabilities of severity 4 and 5."""
        found = self.vulnerabilities
        if isinstance(found, Mapping):
            return sum(count(found.get(f"severity{level}Count")) for level in (4, 5))
        return len([each for each in _findings(found) if is_severe(each)])

    @property
    def levels(self) -> list[int]:
        """Counts the vulnerabilities by severity, from 1 to 5. Raises QualysUnreadable."""
        found = self.vulnerabilities
        if isinstance(found, Mapping):
            return [count(found.get(f"severity{level}Count")) for level in range(1, 6)]
        known = [level_of(each) for each in _findings(found)]
        return [known.count(level) for level in range(1, 6)]

    @property
    def reported(self) -> int | None:
        """Returns how many vulnerabilities Qualys counts; None while it still processes them.

        Rows have counts by severity, details an array; both may have a total too. Raises
        QualysUnreadable for anything else.
        """
        found = self.vulnerabilities
        if found is None or (
            isinstance(found, Mapping) and found and all(each is None for each in found.values())
        ):
            return None
        counted = sum_of(found, "severity{}Count")
        if isinstance(found, list):
            counted = len(_findings(found))
        if counted is None:
            raise QualysUnreadable("an image's vulnerabilities are neither counts nor a list")
        return max(counted, *(count(total) for total in self.totals))


def _scan_status(value: Any) -> str:
    """Returns the scan status; empty if absent. A value that is no text does not mean success."""
    if value is None:
        return ""
    return value if isinstance(value, str) else "unreadable"


def _findings(listed: Any) -> list[Any]:
    """Returns each finding of a record once, or all entries if they cannot be distinguished."""
    if not isinstance(listed, list) or not all(isinstance(each, Mapping) for each in listed):
        return listed if isinstance(listed, list) else []
    try:
        return list(distinct(listed))
    except UnexpectedAnswer:
        return listed


@dataclass(frozen=True)
class Vulnerabilities:
    """The answer of an image's vulnerability call: each finding once.

    `confirmed` and `potential` are the counts of its summary; both are 0 unless `summarised`.
    """

    entries: Sequence[Mapping[str, Any]]
    summarised: bool
    confirmed: int
    potential: int

    @classmethod
    def read(cls, answer: Any) -> Self:
        """Reads the shapes that are publicly known. Raises QualysUnreadable for others."""
        found, summary = answer, None
        if isinstance(answer, Mapping):
            # `data` is not documented: its entries count, but an empty list proves nothing.
            found = answer.get("details", answer.get("data") or None)
            summary = answer.get("vulnSummary")
            if isinstance(found, Mapping):
                found = found.get("vulns", [found])
        if not isinstance(found, list) or not all(isinstance(each, Mapping) for each in found):
            raise QualysUnreadable("an image's vulnerability answer has no known shape")
        if any(each is not found for each in _lists_of_findings(answer)):
            raise QualysUnreadable("an image's vulnerabilities are listed under another name, too")
        kinds = _mapping(summary)
        confirmed, potential = _mapping(kinds.get("confirmed")), _mapping(kinds.get("potential"))
        pattern = "sev{}Count"
        return cls(
            entries=distinct(found),
            summarised=None not in (sum_of(confirmed, pattern), sum_of(potential, pattern)),
            confirmed=sum(count(confirmed.get(pattern.format(n))) for n in range(1, 6)),
            potential=sum(count(potential.get(pattern.format(n))) for n in range(1, 6)),
        )

    def joined(self, page: Self) -> Self:
        """Adds the findings of a further page, whose summary may count more."""
        return replace(
            self,
            entries=distinct([*self.entries, *page.entries]),
            summarised=self.summarised and page.summarised,
            confirmed=max(self.confirmed, page.confirmed),
            potential=max(self.potential, page.potential),
        )


def _mapping(value: Any) -> Mapping[str, Any]:
    """Returns an object; empty if the value is absent. Raises QualysUnreadable for others."""
    if not value:
        return {}
    if not isinstance(value, Mapping):
        raise QualysUnreadable("a summary of vulnerabilities has no known shape")
    return value


def _lists_of_findings(answer: Any) -> list[Any]:
    """Returns every list of an answer that has vulnerabilities in it, whatever its name."""
    if not isinstance(answer, Mapping):
        return []
    inner = answer.get("details")
    named = [*answer.items(), *(inner.items() if isinstance(inner, Mapping) else ())]
    return [
        each
        for name, each in named
        if isinstance(each, list)
        and any(
            isinstance(one, Mapping) and (name in _LISTS or not one.keys().isdisjoint(_MARKS))
            for one in each
        )
    ]
