"""Joins the contents of a report from the cache and the inventory. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from image_scan.notifications import email
from ops.cache_items import of_name
from ops.where import NO_VERDICT, moment, where

Json = dict[str, Any]
LEVELS = ("critical", "high", "medium", "low")
# Verdicts that a person must look at come first.
_ORDER = ("FINDINGS", NO_VERDICT, "UNSCANNABLE", "ERROR", "TIMEOUT", "IN_PROGRESS", "CLEAN")


@dataclass(frozen=True)
class ImageRow:
    """An image that runs, or has run. `counts` is None without a result. `detected` are lines about
    malware and secrets; `is_detected`: some were found."""

    name: str
    digest: str
    verdict: str
    reason: str
    counts: Mapping[str, int] | None
    scanned_at: str
    detected: Sequence[str]
    is_detected: bool
    findings: Sequence[str]
    running: Sequence[Json]
    earlier: Sequence[Json]


@dataclass(frozen=True)
class Reconciled:
    """One reconciliation in the plot over time."""

    at: datetime
    running: int
    fresh: int
    unscannable: int
    percent: int


@dataclass
class Report:
    images: list[ImageRow] = field(default_factory=list)
    course: list[Reconciled] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)

    @property
    def running(self) -> list[ImageRow]:
        return [image for image in self.images if image.running]

    def verdicts(self) -> dict[str, int]:
        """Running images by verdict."""
        met = Counter(image.verdict for image in self.running)
        return {verdict: met[verdict] for verdict in _ORDER if met[verdict]}

    def bad(self) -> int:
        """Running images with critical or high findings, malware or secrets."""
        return sum(_severe(image.counts) > 0 or image.is_detected for image in self.running)


def report(
    items: Iterable[Mapping[str, Any]],
    rows: Iterable[Mapping[str, Any]],
    reconciliations: Sequence[Mapping[str, Any]],
    now: float,
) -> Report:
    """Makes a report of `items` of the cache, `rows` of the inventory, and reconciliations, oldest
    first."""
    known = {item["imageDigest"]: item for item in items if int(item.get("ttl", 0)) > now}
    placed: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        placed[row["digest"]].append(row)
    images = [
        _image(digest, known.get(digest) or of_name(digest, rows[0].get("uri", "")), rows)
        for digest, rows in placed.items()
    ]
    last = reconciliations[-1] if reconciliations else {}
    return Report(
        images=sorted(images, key=_rank),
        course=[_reconciled(each) for each in reconciliations],
        silent=list(last.get("silent", [])),
        unreadable=dict(last.get("unreadable", {})),
    )


def _image(digest: str, item: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> ImageRow:
    newest = max(rows, key=lambda row: int(row["last_seen"]))
    named = item or newest
    name = ":".join(filter(None, (named.get("repository", ""), named.get("tag", ""))))
    workloads = sorted(rows, key=lambda row: str(row["workload"]))
    scanned = item.get("scanned_at")
    return ImageRow(
        name=name or named.get("uri", digest),
        digest=digest,
        verdict=str(item.get("status", NO_VERDICT)),
        reason=str(item.get("reason", "")),
        counts=item.get("counts"),
        scanned_at=moment(scanned / 1000) if scanned else "",
        detected=[f"{name}: {words}" for name, words in email.examined(item)],
        is_detected=bool(email.detected(item)),
        findings=[
            *email.detections(item),
            *(email.finding(each) for each in item.get("top", [])),
        ],
        running=[_workload(row) for row in workloads if row["state"] != "stopped"],
        earlier=[_workload(row) for row in workloads if row["state"] == "stopped"],
    )


def _workload(row: Mapping[str, Any]) -> Json:
    return {
        "where": where(row),
        "state": row["state"],
        "since": moment(row["first_seen"]),
        "until": moment(row.get("stopped_at")),
        "principal": row.get("principal", ""),
    }


def _reconciled(summary: Mapping[str, Any]) -> Reconciled:
    return Reconciled(
        at=datetime.fromisoformat(summary["at"]).astimezone(UTC),
        running=summary["running_images"],
        fresh=summary["fresh_verdicts"],
        unscannable=summary["unscannable"],
        percent=summary["coverage_percent"],
    )


def _severe(counts: Mapping[str, int] | None) -> int:
    return counts["critical"] + counts["high"] if counts else 0


def _rank(image: ImageRow) -> tuple[Any, ...]:
    counts = image.counts or {}
    found = tuple(-int(counts.get(level, 0)) for level in LEVELS)
    order = _ORDER.index(image.verdict)
    return (not image.running, order, not image.is_detected, *found, image.name)
