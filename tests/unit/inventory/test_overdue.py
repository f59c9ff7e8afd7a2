"""What runs beyond its deadline: at which workload, of which team, and without what is accepted."""

from __future__ import annotations

import fnmatch
import json
import tracemalloc
from datetime import date
from typing import Any

import pytest

from image_scan.findings import encoding
from image_scan.findings.ages import Deadlines
from image_scan.findings.encoding import Finding
from image_scan.inventory.overdue import overdue
from image_scan.notifications import overdue as overdue_findings
from image_scan.notifications.acceptance import parse_exceptions
from tests.support.builders import ACCOUNT, HOST

Json = dict[str, Any]
TODAY = date(2026, 2, 2)
NOW = 1_770_000_000
DAY = 86_400
DEADLINES = Deadlines({"critical": 7, "high": 30})
TOP = [{"qid": 1, "cves": ["CVE-2026-0001"]}]


def row(digest: str = "v1", **changes: Any) -> Json:
    base = {
        "digest": digest,
        "workload": "web",
        "uri": f"{HOST}/shop/app:{digest}",
        "state": "running",
    }
    return {**base, "repository": "shop/app", "first_seen": NOW, "last_seen": NOW, **changes}


def notified(*found: tuple[int, int, int]) -> str:
    """QIDs of a severity, notified so many days ago; of an unknown day for -1."""
    return encoding.pack(
        [
            Finding(qid, level, False, True, (), None, TODAY.toordinal() - days if days > -1 else 0)
            for qid, level, days in found
        ]
    )


def test_what_runs_is_overdue_and_what_has_stopped_is_not() -> None:
    late = notified((1, 5, 8), (2, 5, 7), (3, 4, 31), (4, 3, 400))
    rows = [row(notified=late), row("v0", state="stopped", notified=late), row("v2", notified="?")]
    (met,) = overdue(rows, DEADLINES, NOW)
    assert (met.digest, [each.qid for each in met.findings]) == ("v1", [1, 3])


def test_a_record_without_days_is_as_old_as_its_row() -> None:
    late = notified((1, 5, -1))
    rows = [
        row("notified", notified=late, notified_at=NOW - 8 * DAY, first_seen=NOW - 9 * DAY),
        row("fresh", notified=late, notified_at=NOW - 6 * DAY, first_seen=NOW - 9 * DAY),
        row("seen", notified=late, first_seen=NOW - 9 * DAY),
    ]
    assert [each.digest for each in overdue(rows, DEADLINES, NOW)] == ["notified", "seen"]


def test_a_version_that_was_not_notified_has_the_team_of_the_last_notification() -> None:
    rows = [
        row("v2", notified=notified((1, 5, 8))),
        row("v0", state="stopped", notified="", notified_at=NOW - 9, team="old"),
        row("v1", state="stopped", notified="", notified_at=NOW - 5, team="payments"),
    ]
    (met,) = overdue(rows, DEADLINES, NOW)
    assert met.team == "payments"


@pytest.mark.parametrize("name", ["team", "presumed_team"])
def test_the_team_that_was_found_last_counts_whenever_its_row_was_first_notified(name: str) -> None:
    late = {"notified": notified((1, 5, 8)), "notified_at": NOW - 9}
    rows = [
        row("v1", **late, **{name: "payments", f"{name}_at": NOW - 1}),
        row("v2", notified_at=NOW - 5, **{name: "old", f"{name}_at": NOW - 5}),
    ]
    (met,) = overdue(rows, DEADLINES, NOW)
    assert met.team == "payments"


def described(*rows: Json, exceptions: list[Json] | None = None) -> list[Json]:
    named = [{"repository": "shop/*", "reason": "r", "owner": "o", **e} for e in exceptions or []]
    return overdue_findings.described(
        overdue(rows, DEADLINES, NOW),
        {"v1": {"top": TOP, "account_id": "of a copy"}}.get,
        parse_exceptions(named),
        DEADLINES,
        TODAY,
    )


def test_a_finding_is_named_by_its_cve_where_the_cache_has_it() -> None:
    late = row(notified=notified((1, 5, 8), (3, 4, 40)), team="payments", notified_at=NOW)
    (first, _) = described(late, row("v0", notified=notified((3, 4, 31))))
    assert (first["uri"], first["workload"], first["team"]) == (
        f"{HOST}/shop/app:v1",
        "web",
        "payments",
    )
    assert first["findings_total"] == 2
    assert first["findings"] == [
        {
            "qid": 3,
            "finding": "QID 3",
            "severity": "high",
            "since": "2025-12-24",
            "due": "2026-01-23",
            "open_days": 40,
        },
        {
            "qid": 1,
            "finding": "CVE-2026-0001",
            "severity": "critical",
            "since": "2026-01-25",
            "due": "2026-02-01",
            "open_days": 8,
        },
    ]


def test_what_an_exception_accepts_is_not_overdue() -> None:
    late = row(notified=notified((1, 5, 8)))
    for accepted in ({"cve": "CVE-2026-0001"}, {"qid": 1}, {"qid": 1, "account_id": ACCOUNT}):
        assert described(late, exceptions=[{**accepted, "until": "2026-02-02"}]) == []
    for other in ({"qid": 2}, {"qid": 1, "account_id": "of a copy"}):
        assert len(described(late, exceptions=[{**other, "until": "2026-02-02"}])) == 1
    assert len(described(late, exceptions=[{"qid": 1, "until": "2026-02-01"}])) == 1


@pytest.mark.attack(15)
def test_exceptions_are_compared_with_the_findings_that_they_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = 0

    def counted(*_: str) -> bool:
        nonlocal asked
        asked += 1
        return False

    monkeypatch.setattr(fnmatch, "fnmatchcase", counted)
    rows = [row(f"v{n}", notified=notified(*((q, 5, 9) for q in range(1, 99)))) for n in range(9)]
    accepted = [{"qid": qid, "until": "2026-02-02"} for qid in range(90, 190)]
    assert len(described(*rows, exceptions=accepted)) == 9
    assert asked == 9 * 9


@pytest.mark.attack(15)
def test_what_many_workloads_have_is_not_in_memory_at_once() -> None:
    few, many = (
        [
            row(f"v{each}", notified=notified(*((qid, 5, 9) for qid in range(1, number))))
            for each in range(100)
        ]
        for number in (30, 300)
    )
    peaks = []
    for rows in (few, many):
        tracemalloc.start()
        described(*rows)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 2 * peaks[0]


def test_they_are_counted_in_all_and_by_team(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"team": "", "findings_total": 2}, {"team": "shop", "findings_total": 1}]
    overdue_findings.count([*rows, {"team": "shop", "findings_total": 4}])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(each.get("Team"), each["OverdueFindings"]) for each in lines] == [
        (None, 7),
        ("none", 2),
        ("shop", 5),
    ]
    overdue_findings.count([])
    (none,) = capsys.readouterr().out.splitlines()
    assert json.loads(none)["OverdueFindings"] == 0


def counted(capsys: pytest.CaptureFixture[str], rows: list[Any], *own: str) -> dict[str, int]:
    """What is counted by team; in all is under an empty name."""
    overdue_findings.count(rows, own)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    found = {each.get("Team", ""): each["OverdueFindings"] for each in lines}
    assert len(found) == len(lines)
    return found


def test_an_invented_team_makes_no_metric_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    """Each name is a paid metric, and whoever may tag a workload chooses it."""
    invented = [{"team": f"a{number}", "findings_total": 9} for number in range(200)]
    honest = [{"team": "shop", "findings_total": 1}, {"team": "", "findings_total": 2}]
    found = counted(capsys, [*invented, *honest], "shop", "silent")
    assert (found[""], found["none"], found["shop"]) == (1803, 2, 1)
    named = found.keys() - {"", "none", "other"}
    assert len(named) == 50
    assert found["other"] == 1803 - 2 - sum(found[name] for name in named)
    assert "silent" not in found


def test_teams_with_most_overdue_findings_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"team": f"t{number}", "findings_total": number} for number in range(1, 61)]
    found = counted(capsys, rows)
    assert (found["t60"], found["t11"], "t10" in found) == (60, 11, False)
    assert found["other"] == sum(range(1, 11))
    assert "other" not in counted(capsys, rows[:50])


def test_what_is_out_of_scope_is_not_overdue() -> None:
    late = notified((1, 5, 8))
    assert late_of(row(notified=late, out_of_scope="agents")) == []
    assert late_of(row(notified=late)) == ["v1"]


def ended(digest: str, hours: int, **changes: Any) -> Json:
    """A version that has run, and stopped so many hours ago."""
    over = {"state": "stopped", "stopped_at": NOW - hours * 3600, "has_run": True}
    seen = {"last_seen": NOW - hours * 3600, "containers": ["app"]}
    return row(digest, **{**over, **seen, "notified": notified((1, 5, 8)), **changes})


def late_of(*rows: Json) -> list[str]:
    return [each.digest for each in overdue(rows, DEADLINES, NOW)]


def test_what_runs_for_ten_minutes_a_day_is_overdue_all_day() -> None:
    assert late_of(ended("v1", 47)) == ["v1"]
    assert late_of(ended("v1", 48)) == []
    assert late_of(ended("v1", 1, out_of_scope="agents")) == []
    assert late_of(ended("v1", 1, has_run=False)) == [], "it was deployed alone"


def test_what_was_replaced_is_not_overdue() -> None:
    v1, new = ended("v1", 1), {"containers": ["app"], "first_seen": NOW - 9}
    assert late_of(v1, row("v2", **new)) == []
    assert late_of(v1, row("v2", **new, state="deployed")) == []
    failed = {**new, "state": "deployed", "last_seen": NOW - 2 * 3600}
    assert late_of(v1, row("v0", **failed)) == ["v1"], "which has run since"
    assert late_of(v1, row("v2", **new, state="stopped", has_run=False)) == ["v1"]
    assert late_of(v1, row("v2", **new, workload="other")) == ["v1"]
    assert late_of(v1, row("v2", containers=["sidecar"])) == ["v1"]
    assert late_of(v1, ended("v2", 2), ended("v3", 3)) == ["v1"], "the last that has run"
    assert late_of(v1, ended("v2", 0, notified="")) == []
