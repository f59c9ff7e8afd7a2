"""Joins the contents of a report from the cache and the inventory. Pure."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from image_scan.findings.summary import LEVELS as SEVERITIES
from image_scan.notifications import email, lead, links
from ops.cache_items import digest_of, of_name
from ops.where import NO_VERDICT, location_of, moment, name_of

Json = dict[str, Any]
LEVELS = ("critical", "high", "medium", "low")
# Verdicts that a person must look at come first.
_ORDER = ("FINDINGS", NO_VERDICT, "UNSCANNABLE", "ERROR", "TIMEOUT", "IN_PROGRESS", "CLEAN")
_FACTS = ("account_id", "region", "repository")


@dataclass(frozen=True)
class ImageRow:
    """An image that runs, or has run. `counts` is None without a result. `detected` are lines about
    malware and secrets; `is_detected`: some were found. `findings` are the worst ones, and `more`
    counts the others. `running` and `earlier` are workloads by location."""

    name: str
    key: str
    verdict: str
    reason: str
    counts: Mapping[str, int] | None
    scanned_at: str
    detected: Sequence[str]
    is_detected: bool
    detections: Sequence[str]
    findings: Sequence[Json]
    more: int
    links: Mapping[str, str]
    running: Mapping[str, Sequence[Json]]
    earlier: Mapping[str, Sequence[Json]]
    since: str

    @property
    def anchor(self) -> str:
        """Names the image within the page, the same in each report."""
        return f"image-{hashlib.sha256(self.key.encode()).hexdigest()[:12]}"

    @property
    def severe(self) -> int:
        return self.counts["critical"] + self.counts["high"] if self.counts else 0

    @property
    def workloads(self) -> int:
        return sum(map(len, self.running.values()))


@dataclass(frozen=True)
class Location:
    """An account's cluster, and how many images run there: in all, with critical or high findings,
    malware or secrets, and without a result."""

    name: str
    images: int
    bad: int
    unknown: int


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
    """`gate` are the decisions of the deployment gate, the newest first."""

    images: list[ImageRow] = field(default_factory=list)
    course: list[Reconciled] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)
    gate: list[Json] = field(default_factory=list)

    @property
    def running(self) -> list[ImageRow]:
        return [image for image in self.images if image.running]

    def verdicts(self) -> dict[str, int]:
        """Running images by verdict."""
        met = Counter(image.verdict for image in self.running)
        return {verdict: met[verdict] for verdict in _ORDER if met[verdict]}

    def bad(self) -> int:
        """Running images with critical or high findings, malware or secrets."""
        return sum(map(_is_bad, self.running))

    def locations(self) -> list[Location]:
        """Where images run: the worst location first."""
        met: defaultdict[str, list[ImageRow]] = defaultdict(list)
        for image in self.running:
            for location in image.running:
                met[location].append(image)
        locations = [
            Location(
                name,
                len(images),
                sum(map(_is_bad, images)),
                sum(image.counts is None for image in images),
            )
            for name, images in met.items()
        ]
        return sorted(locations, key=lambda each: (-each.bad, -each.unknown, each.name))

    def effects(self) -> dict[str, int]:
        """Counts the decisions of the gate by what they did."""
        met = Counter(each["effect"].replace("_", " ") for each in self.gate)
        return dict(sorted(met.items()))

    def has_trend(self) -> bool:
        """Whether there are reconciliations of several days."""
        return len({each.at.date() for each in self.course}) > 1


def report(
    items: Iterable[Mapping[str, Any]],
    rows: Iterable[Mapping[str, Any]],
    reconciliations: Sequence[Mapping[str, Any]],
    now: float,
    qualys_platform_url: str = "",
) -> Report:
    """Makes a report of `items` of the cache, `rows` of the inventory, and reconciliations, oldest
    first. With the URL of the Qualys platform, images have a link to it."""
    known = {item["imageDigest"]: item for item in items if int(item.get("ttl", 0)) > now}
    rows_of: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        rows_of[row["digest"]].append(row)
    images = [
        _image(
            key, known.get(key) or of_name(key, rows[0].get("uri", "")), rows, qualys_platform_url
        )
        for key, rows in rows_of.items()
    ]
    last = reconciliations[-1] if reconciliations else {}
    return Report(
        images=sorted(images, key=_rank),
        course=[_reconciled(each) for each in reconciliations],
        silent=list(last.get("silent", [])),
        unreadable=dict(last.get("unreadable", {})),
    )


def _image(
    key: str, item: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], platform_url: str
) -> ImageRow:
    newest = max(rows, key=lambda row: int(row["last_seen"]))
    running = [row for row in rows if row["state"] != "stopped"]
    scanned, top = item.get("scanned_at"), item.get("top", [])
    counts = item.get("counts")
    facts = {name: str(item.get(name, "")) for name in _FACTS} | {"digest": digest_of(key)}
    return ImageRow(
        name=_name(item) or _name(newest) or str(newest.get("uri", key)),
        key=key,
        verdict=str(item.get("status", NO_VERDICT)),
        reason=str(item.get("reason", "")),
        counts=counts,
        scanned_at=moment(scanned / 1000) if scanned else "",
        detected=[f"{name}: {words}" for name, words in email.examined(item)],
        is_detected=bool(lead.detected(item)),
        detections=email.detections(item),
        findings=[_finding(each) for each in top],
        more=max(sum((counts or {}).values()) - len(top), 0),
        links=links.of_image(facts, str(item.get("config_digest", "")), platform_url),
        running=_by_location(running),
        earlier=_by_location(row for row in rows if row["state"] == "stopped"),
        since=moment(min((row["first_seen"] for row in running), default=0)),
    )


def _name(named: Mapping[str, Any]) -> str:
    return ":".join(filter(None, (named.get("repository", ""), named.get("tag", ""))))


def _finding(found: Mapping[str, Any]) -> Json:
    """Describes a finding; `fix` says what to do about it."""
    fix = f"fixed in {', '.join(found['fixes'])}" if found["fixes"] else ""
    exploit = "exploit exists" if found["exploit"] else ""
    return {
        "severity": SEVERITIES[found["severity"]],
        "names": found["cves"] or [f"QID {found['qid']}"],
        "title": found["title"],
        "packages": found["packages"],
        "fix": fix or ("a patch is available" if found["patch"] else "no fix is known"),
        "exploit": "exploited now" if found.get("exploited") else exploit,
    }


def _by_location(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[Json]]:
    """Groups workloads by account, region and cluster."""
    locations: defaultdict[str, list[Json]] = defaultdict(list)
    for row in sorted(rows, key=lambda each: str(each["workload"])):
        workload = {
            "name": name_of(row),
            "state": row["state"],
            "since": moment(row["first_seen"]),
            "until": moment(row.get("stopped_at")),
            "principal": row.get("principal", ""),
        }
        locations[location_of(row)].append(workload)
    return dict(locations)


def _reconciled(summary: Mapping[str, Any]) -> Reconciled:
    return Reconciled(
        at=datetime.fromisoformat(summary["at"]).astimezone(UTC),
        running=summary["running_images"],
        fresh=summary["fresh_verdicts"],
        unscannable=summary["unscannable"],
        percent=summary["coverage_percent"],
    )


def _is_bad(image: ImageRow) -> bool:
    return image.severe > 0 or image.is_detected


def _rank(image: ImageRow) -> tuple[Any, ...]:
    counts = image.counts or {}
    found = tuple(-int(counts.get(level, 0)) for level in LEVELS)
    order = _ORDER.index(image.verdict)
    return (not image.running, order, not image.is_detected, *found, image.name)
