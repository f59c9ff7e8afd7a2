"""What the event of a finding says: of whom, since when, and what a verdict knows of it."""

from __future__ import annotations

import json
import tracemalloc
from datetime import date
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest

from image_scan.findings import encoding
from image_scan.findings.ages import Deadlines
from image_scan.findings.encoding import Finding
from image_scan.inventory.notified import days_of
from image_scan.inventory.open_findings import Key
from image_scan.notifications.finding_events import FindingEvents
from image_scan.state.open_findings import OpenFindingsStore
from tests.support.builders import (
    CLEAN,
    CRITICAL,
    DIGEST,
    HOST,
    NOW,
    POLICY,
    REGION,
    WEEK,
    recorded,
    scan_input,
    taken,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from image_scan.results import Outcome
    from tests.support.core import Core
    from tests.support.doubles import Clock

Json = dict[str, Any]
DAY = 86_400
EVIL = "111122223333"
FIVE = encoding.pack([Finding(1, 5, False, True, ("CVE-1",))])
OTHER = encoding.pack([Finding(9, 4, False, True, ())])


class Bus:
    """What is put, and an error instead of the next call."""

    def __init__(self, core: Core, clock: Clock) -> None:
        self.core, self.clock = core, clock
        self.store = OpenFindingsStore(core.state, clock)
        self.sent: list[Json] = []
        self.error: Exception | None = None
        self.refused: set[int] = set()  # QIDs
        self.most = 0  # events at once

    def runs(self, outcome: Outcome, notified: str = "", **where: Any) -> None:
        """A service runs an image that was scanned, and was notified of `notified`."""
        asked = scan_input(event_id=where.get("service", "web"), **where)
        self.core.inventory.note(asked)
        held = taken(self.core.cache.decide(asked, 99, {}))
        recorded(self.core.cache, held, outcome)
        self.core.cache.announced(held)
        (row,) = self.core.workloads().values()
        more = {"notified": notified, "notified_at": NOW} if notified else {}
        running = {"state": "running", "task": "t", **more}
        self.core.rows.put(DIGEST, row["workload"], {**row, **running})

    def put(self, *unseen: tuple[str, str], unread: Iterable[str] = ()) -> list[tuple[str, int]]:
        self.sent = []
        events = Mock(send_all=self._take)
        rows, cache = self.core.rows, self.core.table
        deadlines = Deadlines({"critical": 7})
        may_notify = POLICY.may_notify
        made = FindingEvents(events, self.store, rows, cache, may_notify, deadlines, self.clock)
        made.put(unseen, unread)
        return sorted((each["state"], each["qid"]) for each in self.sent)

    def stored(self) -> list[list[Any]]:
        """What is stored as open, the QID first."""
        return [[entry[2], *entry[:2], *entry[3:]] for entry in self.store.read()]

    def _take(self, detail_type: str, contents: list[Json]) -> list[int]:
        assert detail_type == "Container Image Finding"
        self.most = max(self.most, len(contents))
        if self.error and self.error.args[0] in ("died", *(each["state"] for each in contents)):
            raise self.error
        self.sent += [each for each in contents if each["qid"] not in self.refused]
        return [at for at, each in enumerate(contents) if each["qid"] in self.refused]


@pytest.fixture
def bus(core: Core, clock: Clock) -> Bus:
    return Bus(core, clock)


def test_an_event_says_what_the_verdict_knows(bus: Bus) -> None:
    bus.runs(CRITICAL, FIVE)
    assert bus.put() == [("opened", 1)]
    (event,) = bus.sent
    assert (event["owner"], event["repository"]) == ("123456789012", f"{HOST}/shop/app")
    assert (event["severity"], event["title"], event["cves"]) == ("critical", "t", ["CVE-1"])
    assert (event["opened_at"], event["due"]) == ("2026-02-02T00:00:00+00:00", "2026-02-09")
    assert "closed_at" not in event
    assert [each["service"] for each in event["workloads"]] == ["web"]
    json.dumps(event)


def test_a_finding_that_is_none_of_the_worst_has_each_name_all_the_same(bus: Bus) -> None:
    bus.runs(CRITICAL, OTHER)
    assert bus.put() == [("opened", 9)]
    (event,) = bus.sent
    assert (event["title"], event["severity"]) == ("QID 9", "high")
    assert (event["cves"], event["packages"], event["fixes"]) == ([], [], [])
    assert "due" not in event, "high has no deadline here"


def test_a_verdict_that_has_run_out_says_nothing_and_closes_nothing(bus: Bus) -> None:
    bus.runs(CRITICAL, FIVE)
    bus.put()
    bus.clock.now += WEEK + 1
    assert bus.put() == [("still_open", 1)]
    assert bus.sent[0]["title"] == "QID 1"


def test_when_nothing_runs_it_any_more_it_is_closed_once(bus: Bus) -> None:
    bus.runs(CRITICAL, FIVE)
    bus.put()
    opened = bus.sent[0]
    bus.clock.now += DAY
    (row,) = bus.core.workloads().values()
    bus.core.rows.put(DIGEST, row["workload"], {**row, "state": "stopped"})
    assert bus.put((row["account"], f"{HOST}/shop/app")) == [("still_open", 1)], "not seen yet"
    assert bus.put() == [("closed", 1)]
    (closed,) = bus.sent
    assert (closed["id"], closed["opened_at"]) == (opened["id"], opened["opened_at"])
    assert closed["closed_at"] == "2026-02-03T02:40:00+00:00"
    assert (closed["due"], closed["workloads"]) == (opened["due"], [])
    assert bus.put() == []


def test_a_crash_repeats_events_and_loses_none(bus: Bus) -> None:
    bus.runs(CRITICAL, FIVE)
    bus.error = OSError("died")
    with pytest.raises(OSError, match="died"):
        bus.put()
    bus.error = None
    assert bus.put() == [("opened", 1)]


def test_a_crash_among_those_that_are_still_open_loses_no_new_one(bus: Bus) -> None:
    bus.runs(CRITICAL, FIVE)
    bus.put()
    (row,) = bus.core.workloads().values()
    bus.core.rows.put(DIGEST, "other", {**row, "workload": "other", "notified": OTHER})
    bus.error = OSError("still_open")
    with pytest.raises(OSError, match="still_open"):
        bus.put()
    assert sorted(qid for qid, *_ in bus.stored()) == [1, 9]


def crowd(bus: Bus, number: int) -> None:
    """Services of another account, each with a team of its own, and one image with 500 findings."""
    (row,) = bus.core.workloads().values()
    many = encoding.pack([Finding(qid, 5, False, True, ()) for qid in range(10_000, 10_500)])
    for each in range(number):
        its = {"account": EVIL, "account_region": f"{EVIL}#{REGION}", "team": f"team-{each}"}
        its |= {"workload": f"{EVIL}#{REGION}#prod#{each}", "notified": many}
        bus.core.rows.put(DIGEST, its["workload"], {**row, **its})


@pytest.mark.attack(15)
def test_many_findings_of_one_account_are_put_by_and_by_and_stop_nobody(
    bus: Bus, capsys: pytest.CaptureFixture[str]
) -> None:
    bus.runs(CRITICAL, FIVE)
    crowd(bus, 30)
    tracemalloc.start()
    assert ("opened", 1) in bus.put()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (len(bus.sent), bus.most) == (1001, 100)
    assert peak < 25_000_000
    assert '"PostponedFindings": 14000' in capsys.readouterr().out
    assert [state for state, _ in bus.put()].count("opened") == 1000, "those that were left over"
    assert len(bus.stored()) == 2001


@pytest.mark.attack(15)
def test_what_has_no_room_in_the_store_is_not_opened_and_accounts_take_turns(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("image_scan.state.open_findings._PLANNED", 250)
    bus.runs(CRITICAL, FIVE)
    crowd(bus, 4)
    assert ("opened", 1) in bus.put()
    put = {each["id"] for each in bus.sent}
    assert 100 < len(put) < 1001
    assert len(bus.stored()) == len(put)
    bus.put()
    assert {each["id"] for each in bus.sent if each["state"] == "still_open"} == put


def test_an_account_that_was_not_read_has_nothing_closed(bus: Bus) -> None:
    bus.runs(CRITICAL, FIVE)
    bus.put()
    (row,) = bus.core.workloads().values()
    bus.core.rows.put(DIGEST, row["workload"], {**row, "state": "stopped"})
    assert bus.put(unread=[row["account"]]) == [("still_open", 1)]
    assert bus.put() == [("closed", 1)]


def test_a_clean_version_closes_what_the_one_before_had(bus: Bus) -> None:
    bus.runs(CRITICAL, FIVE)
    bus.put()
    (row,) = bus.core.workloads().values()
    bus.core.rows.delete(DIGEST, row["workload"])
    bus.core.table.put({**bus.core.entry(), "acquired_at": 1, "status": "CLEAN", **CLEAN})
    bus.core.inventory.note(scan_input())
    assert bus.put() == [("closed", 1)]


def test_what_the_bus_refuses_is_put_the_next_day(bus: Bus) -> None:
    both = [Finding(qid, 5, False, True, ()) for qid in (1, 2)]
    bus.runs(CRITICAL, encoding.pack(both))
    bus.refused = {1}
    assert bus.put() == [("opened", 2)]
    assert [key for key, *_ in bus.stored()] == [2]
    bus.refused = {2}
    assert bus.put() == [("opened", 1)], "still_open is lost, and 2 stays open"
    opened = bus.sent[0]
    (row,) = bus.core.workloads().values()
    bus.core.rows.put(DIGEST, row["workload"], {**row, "state": "stopped"})
    bus.refused = {1, 2}
    assert bus.put() == []
    bus.refused = {2}
    assert bus.put() == [("closed", 1)]
    assert bus.sent[0]["opened_at"] == opened["opened_at"]
    bus.refused = set()
    assert [bus.put(), bus.put()] == [[("closed", 2)], []]


def test_it_was_opened_when_the_first_workload_was_notified(bus: Bus) -> None:
    """However late the reconciliation is, and as the result event says it."""
    today = date(2026, 2, 2).toordinal()
    found = Finding(1, 5, False, True, (), since=today - 9)
    bus.runs(CRITICAL, encoding.pack([found]))
    (row,) = bus.core.workloads().values()
    later = encoding.pack([found._replace(since=today - 5)])
    bus.core.rows.put(DIGEST, "other", {**row, "workload": "other", "notified": later})
    bus.put()
    (event,) = bus.sent
    assert (event["opened_at"], event["due"]) == ("2026-01-24T00:00:00+00:00", "2026-01-31")
    assert event["opened_at"][:10] == days_of(bus.core.rows.below(DIGEST))[1]


def test_what_was_stored_as_opened_later_is_put_right(bus: Bus) -> None:
    bus.runs(CRITICAL, FIVE)
    bus.put()
    ((qid, owner, repository, severity, _, accounts, _),) = bus.stored()
    key = Key(owner, repository, qid)
    bus.store.write([(key.id, [owner, repository, qid, severity, NOW + 99, accounts])])
    assert bus.put() == [("still_open", 1)]
    assert bus.sent[0]["opened_at"] == "2026-02-02T00:00:00+00:00"


def test_a_scheduled_task_has_its_ticket_as_long_as_it_runs_every_day(bus: Bus) -> None:
    bus.runs(CRITICAL, FIVE)
    (row,) = bus.core.workloads().values()
    over = {"state": "stopped", "has_run": True, "stopped_at": NOW}
    bus.core.rows.put(DIGEST, row["workload"], {**row, **over})
    assert bus.put() == [("opened", 1)]
    assert len(bus.sent[0]["workloads"]) == 1
    bus.clock.now += DAY
    assert bus.put() == [("still_open", 1)]
    bus.clock.now += DAY
    assert bus.put() == [("closed", 1)]
