"""Names overdue findings for the daily digest, and counts them by team."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, Any

from image_scan import metrics
from image_scan.ecr import references
from image_scan.ecr.references import Unscannable
from image_scan.findings.ages import open_days
from image_scan.findings.summary import LEVELS
from image_scan.notifications.acceptance import Accepting

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from image_scan.findings.ages import Deadlines
    from image_scan.findings.encoding import Finding
    from image_scan.inventory.overdue import Overdue
    from image_scan.notifications.acceptance import FindingException

Json = dict[str, Any]
_NO_TEAM, _OTHER_TEAMS = "none", "other"
_MOST_TEAMS = 50  # that have a metric of their own on a day
_MOST_FINDINGS = 20  # of an image at a workload


def described(
    found: Iterable[Overdue],
    entry_of: Callable[[str], Mapping[str, Any] | None],
    exceptions: Sequence[FindingException],
    deadlines: Deadlines,
    today: date,
) -> list[Json]:
    """Describes overdue findings, without those that an exception accepts; the earliest deadline
    first. `entry_of` reads the cache, which has the CVEs of an image's worst findings."""
    rows, accepting = [], Accepting(exceptions, today)
    for late in found:
        entry = entry_of(late.digest) or {}
        cves = {one["qid"]: tuple(one["cves"]) for one in entry.get("top", [])}
        named = [one._replace(cves=cves.get(one.qid, ())) for one in late.findings]
        own = references.parse(late.uri)
        account = "" if isinstance(own, Unscannable) else own.account_id
        if left := accepting.left(named, account, late.repository):
            rows.append(_row(late, left, deadlines, today))
    return sorted(rows, key=lambda row: (row["findings"][0]["due"], row["uri"], row["workload"]))


def count(rows: Iterable[Json], own_topics: Collection[str] = ()) -> None:
    """Counts overdue findings: in all, and of each team that has any.

    Whoever may tag a workload chooses the name of its team, and each name is a metric that costs
    money. So only some have one: the teams of `own_topics` first, then those with most findings.
    """
    by_team: Counter[str] = Counter()
    for row in rows:
        by_team[row["team"] or _NO_TEAM] += row["findings_total"]
    metrics.count("OverdueFindings", by_team.total())
    teams = sorted(
        by_team.keys() - {_NO_TEAM, _OTHER_TEAMS},
        key=lambda team: (team not in own_topics, -by_team[team], team),
    )
    for team in teams[_MOST_TEAMS:]:
        by_team[_OTHER_TEAMS] += by_team.pop(team)
    for team, number in sorted(by_team.items()):
        metrics.count("OverdueFindings", number, Team=team)


def _row(late: Overdue, left: Sequence[Finding], deadlines: Deadlines, today: date) -> Json:
    return {
        "uri": late.uri,
        "workload": late.workload,
        "team": late.team,
        "findings": [_finding(each, deadlines, today) for each in left[:_MOST_FINDINGS]],
        "findings_total": len(left),
    }


def _finding(finding: Finding, deadlines: Deadlines, today: date) -> Json:
    due = deadlines.due(finding)
    return {
        "qid": finding.qid,
        "finding": ", ".join(finding.cves[:3]) or f"QID {finding.qid}",
        "severity": LEVELS[finding.severity],
        "since": date.fromordinal(finding.since).isoformat(),
        "due": due.isoformat() if due else "",
        "open_days": open_days(finding, today),
    }
