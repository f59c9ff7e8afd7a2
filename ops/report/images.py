"""Joins what is known of an image with where it runs. Pure."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from image_scan.ecr import references
from image_scan.findings.summary import LEVELS as SEVERITIES
from image_scan.notifications import email, lead, links
from ops.cache_items import digest_of
from ops.locations import location_of, name_of
from ops.report.ages import Ages, with_age
from ops.where import NO_VERDICT, moment, rules_of

Json = dict[str, Any]
OUT_OF_SCOPE = "OUT_OF_SCOPE"
_FACTS = ("account_id", "region", "repository")


@dataclass(frozen=True)
class ImageRow:
    """An image that runs, or has run. `counts` is None without a result. `detected` are lines about
    malware and secrets; `is_detected`: some were found. `findings` are the worst ones, with the age
    that they have at the workload that was notified first, and `more` counts the others. `overdue`
    counts findings whose deadline is over, at each workload. `running` and `earlier` are workloads
    by location. `teams` own those that run it, and the first of these was notified at
    `notified_since`. `out_of_scope` are the rules by which all that runs it is out of scope."""

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
    overdue: int
    links: Mapping[str, str]
    running: Mapping[str, Sequence[Json]]
    earlier: Mapping[str, Sequence[Json]]
    since: str
    teams: Sequence[str]
    notified_since: str
    out_of_scope: Sequence[str]

    @property
    def anchor(self) -> str:
        """Names the image within the page, the same in each report."""
        return f"image-{hashlib.sha256(self.key.encode()).hexdigest()[:12]}"

    @property
    def severe(self) -> int:
        return self.counts["critical"] + self.counts["high"] if self.counts else 0

    @property
    def is_bad(self) -> bool:
        """Whether it has critical or high findings, malware or secrets."""
        return self.severe > 0 or self.is_detected

    @property
    def workloads(self) -> int:
        return sum(map(len, self.running.values()))


def image_row(
    key: str,
    item: Mapping[str, Any],
    rows: Sequence[Mapping[str, Any]],
    ages: Ages,
    platform_url: str,
) -> ImageRow:
    newest = max(rows, key=lambda row: int(row["last_seen"]))
    running = [row for row in rows if row["state"] != "stopped"]
    rules = rules_of(running)
    if rules and references.is_foreign(key):
        item = {}  # that it cannot be scanned follows from its name alone, and nobody asked
    scanned, top = item.get("scanned_at"), item.get("top", [])
    counts = item.get("counts")
    verdict = str(item.get("status", OUT_OF_SCOPE if rules else NO_VERDICT))
    notified = [row["notified_at"] for row in running if "notified_at" in row]
    old = ages.of_findings(running)
    facts = {name: str(item.get(name, "")) for name in _FACTS} | {"digest": digest_of(key)}
    return ImageRow(
        name=_name(item) or _name(newest) or str(newest.get("uri", key)),
        key=key,
        verdict=verdict,
        reason=str(item.get("reason", "")),
        counts=counts,
        scanned_at=moment(scanned / 1000) if scanned else "",
        detected=[f"{name}: {words}" for name, words in email.examined(item)],
        is_detected=bool(lead.detected(item)),
        detections=email.detections(item),
        findings=[with_age(_finding(each), old, each["qid"]) for each in top],
        more=max(sum((counts or {}).values()) - len(top), 0),
        overdue=sum(map(ages.overdue, running)),
        links=links.of_image(facts, str(item.get("config_digest", "")), platform_url),
        running=_by_location(running, ages),
        earlier=_by_location((row for row in rows if row["state"] == "stopped"), ages),
        since=moment(min((row["first_seen"] for row in running), default=0)),
        teams=sorted({row["team"] for row in running if row["team"]}),
        notified_since=moment(min(notified, default=0)) if verdict != "CLEAN" else "",
        out_of_scope=rules,
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


def _by_location(rows: Iterable[Mapping[str, Any]], ages: Ages) -> dict[str, list[Json]]:
    """Groups workloads by account, region and cluster."""
    locations: defaultdict[str, list[Json]] = defaultdict(list)
    for row in sorted(rows, key=lambda each: str(each["workload"])):
        workload = {
            "name": name_of(row),
            "state": row["state"],
            "since": moment(row["first_seen"]),
            "until": moment(row.get("stopped_at")),
            "principal": row.get("principal", ""),
            "team": row["team"],
            "out_of_scope": row.get("out_of_scope", ""),
            "overdue": ages.overdue(row),
        }
        locations[location_of(row)].append(workload)
    return dict(locations)
