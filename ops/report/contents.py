"""Joins the contents of a report from the cache and the inventory. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from image_scan.findings.ages import Deadlines
from ops.cache_items import of_name
from ops.inventory_rows import with_teams
from ops.report.ages import Ages, Remedied, days_to_remedy
from ops.report.images import OUT_OF_SCOPE, ImageRow, image_row
from ops.where import NO_VERDICT

Json = dict[str, Any]
LEVELS = ("critical", "high", "medium", "low")
# Verdicts that a person must look at come first.
_ORDER = (
    "FINDINGS",
    NO_VERDICT,
    "UNSCANNABLE",
    "ERROR",
    "TIMEOUT",
    "IN_PROGRESS",
    "CLEAN",
    OUT_OF_SCOPE,
)


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
    """`gate` are the decisions of the deployment gate, and `remedied` the findings that workloads
    do not run any more, each the newest first."""

    images: list[ImageRow] = field(default_factory=list)
    course: list[Reconciled] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)
    gate: list[Json] = field(default_factory=list)
    remedied: list[Remedied] = field(default_factory=list)

    @property
    def running(self) -> list[ImageRow]:
        return [image for image in self.images if image.running]

    def verdicts(self) -> dict[str, int]:
        """Running images by verdict."""
        met = Counter(image.verdict for image in self.running)
        return {verdict: met[verdict] for verdict in _ORDER if met[verdict]}

    def bad(self) -> int:
        """Running images with critical or high findings, malware or secrets."""
        return sum(image.is_bad for image in self.running)

    def out_of_scope(self) -> int:
        """Running images that only workloads out of scope run."""
        return sum(bool(image.out_of_scope) for image in self.running)

    def overdue(self) -> int:
        """Findings of running workloads whose deadline is over."""
        return sum(image.overdue for image in self.running)

    def days_to_remedy(self) -> dict[str, float]:
        """The median of what was remedied, by severity."""
        return days_to_remedy(self.remedied)

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
                sum(image.is_bad for image in images),
                sum(image.counts is None and not image.out_of_scope for image in images),
            )
            for name, images in met.items()
        ]
        return sorted(locations, key=lambda each: (-each.bad, -each.unknown, each.name))

    def teams(self) -> list[str]:
        """The teams that own something that runs."""
        return sorted({team for image in self.running for team in image.teams})

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
    deadlines: Deadlines,
    qualys_platform_url: str = "",
) -> Report:
    """Makes a report of `items` of the cache, `rows` of the inventory, and reconciliations, oldest
    first. With the URL of the Qualys platform, images have a link to it."""
    known = {item["imageDigest"]: item for item in items if int(item.get("ttl", 0)) > now}
    ages = Ages(deadlines, datetime.fromtimestamp(now, UTC).date())
    rows_of: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in with_teams(list(rows)):
        rows_of[row["digest"]].append(row)
    images = [
        image_row(
            key,
            known.get(key) or of_name(key, rows[0].get("uri", "")),
            rows,
            ages,
            qualys_platform_url,
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


def _reconciled(summary: Mapping[str, Any]) -> Reconciled:
    return Reconciled(
        at=datetime.fromisoformat(summary["at"]).astimezone(UTC),
        running=summary["running_images"],
        fresh=summary["fresh_verdicts"],
        unscannable=summary["unscannable"],
        percent=summary["coverage_percent"],
    )


def _rank(image: ImageRow) -> tuple[Any, ...]:
    counts = image.counts or {}
    found = tuple(-int(counts.get(level, 0)) for level in LEVELS)
    order = _ORDER.index(image.verdict)
    return (not image.running, order, not image.is_detected, *found, image.name)
