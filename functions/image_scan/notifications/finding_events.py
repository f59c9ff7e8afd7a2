"""Puts an event for each finding that is opened, still open or closed, for trackers of tickets.

docs/notifications.md has its schema. The same event may come twice, with the same id.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from image_scan import log, metrics
from image_scan.cache.entries import as_now, outcome_of
from image_scan.fair import in_turn
from image_scan.findings.summary import LEVELS
from image_scan.inventory.current import current
from image_scan.inventory.notified import (
    PRESUMED,
    PRESUMED_AT,
    RECORD,
    SINCE,
    TEAM,
    TEAM_AT,
    teams_of,
)
from image_scan.inventory.open_findings import Key, OpenFinding, Unseen, changes
from image_scan.inventory.workloads import facts_of
from image_scan.notifications import facts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from image_scan.cache.table import CacheTable
    from image_scan.findings.ages import Deadlines
    from image_scan.inventory.open_findings import Change, Open, Row
    from image_scan.inventory.table import InventoryTable
    from image_scan.notifications.result_events import ResultEvents
    from image_scan.results import Outcome
    from image_scan.state.open_findings import OpenFindingsStore

SCHEMA = "image-scan/finding/1"
DETAIL_TYPE = "Container Image Finding"
_RESULTS = ("CLEAN", "FINDINGS")
_MOST_WORKLOADS, _ROOM = 20, 20_000  # of an event, and bytes of them: a call takes ten events
_TOGETHER = 100  # events that are in memory at once
_MORE = (
    *("account", "region", "cluster", "service", "task_definition", "containers", "event_name"),
    *("uri", "repository", "first_seen", "stopped_at", "has_run", RECORD, SINCE),
    *(TEAM, TEAM_AT, PRESUMED, PRESUMED_AT),
)


@dataclass(frozen=True)
class FindingEvents:
    """Raises AwsUnavailable or AwsRejected when the tables or the bus do not answer."""

    events: ResultEvents
    store: OpenFindingsStore
    rows: InventoryTable
    cache: CacheTable
    may_notify: Callable[[Outcome], bool]
    deadlines: Deadlines
    clock: Callable[[], float] = time.time
    _clear: dict[str, bool] = field(default_factory=dict)
    _top: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def put(self, unseen: Iterable[tuple[str, str]] = (), unread: Iterable[str] = ()) -> None:
        """Puts what has changed, then stores what is open, and then puts what is still open: a
        crash repeats events, and loses none that says something new. What the bus has refused is as
        it was, so it is put the next time. `unseen` are accounts and repositories of which
        something runs that has no row yet; of `unread` accounts that is not known at all."""
        now = int(self.clock())
        before = {_key(entry): _finding(entry) for entry in self.store.read()}
        postponed = Counter[str]()
        where = Unseen(frozenset(unseen), frozenset(unread))
        found, made = changes(
            before, self._runs(now), self._is_clear, now, self.deadlines, where, postponed
        )
        postponed += self._leave_out(found, before)
        made = [each for each in made if each.state == "closed" or each.key in found]
        for each in self._send((each for each in made if each.state != "still_open"), now):
            if each.state == "opened":
                del found[each.key]
            found |= {each.key: before[each.key]} if each.state == "closed" else {}
        self.store.write((key.id, _entry(key, each)) for key, each in found.items())
        for _ in self._send((each for each in made if each.state == "still_open"), now):
            pass
        log.info("findings", **_counted(made))
        _say(postponed)

    def _runs(self, now: int) -> list[Row]:
        """What runs, with its team. Most workloads of an image have the same record."""
        rows, records = [], dict[str, str]()
        for row in self.rows.index(_MORE):
            if "account" not in row:
                continue  # it is not whole, and must not end the tickets of all
            if RECORD in row:
                row[RECORD] = records.setdefault(row[RECORD], row[RECORD])
            rows.append(row)
        teams = teams_of(rows)
        runs = current(rows, now)
        for row in runs:
            row["team"] = teams[row["workload"]]
        return runs

    def _leave_out(self, found: Open, before: Open) -> Counter[str]:
        """Removes what has no room in the store. Accounts take turns there; of each, what was open
        before comes first. Returns how many those are, by account."""
        keys = sorted(found, key=lambda key: key not in before)
        number = Counter(account for each in found.values() for account in each.accounts)
        # Whoever joins a finding of others makes it none of its own.
        owners = {key: min(found[key].accounts, key=lambda name: number[name]) for key in keys}
        turns = in_turn((str(at), owners[key]) for at, key in enumerate(keys))
        ordered = [keys[int(at)] for at in turns]
        entries = [(key.id, _entry(key, found[key])) for key in ordered]
        left = self.store.without_room(entries, {key.id for key in ordered if key not in before})
        gone = [key for key in ordered if key.id in left] if left else []
        for key in gone:
            del found[key]
        return Counter(owners[key] for key in gone)

    def _send(self, made: Iterable[Change], now: int) -> Iterator[Change]:
        """Puts events, and makes each only when its turn comes. Yields what was refused."""
        left = iter(made)
        while batch := list(islice(left, _TOGETHER)):
            details = [self._detail(each, now) for each in batch]
            for at in self.events.send_all(DETAIL_TYPE, details):
                yield batch[at]

    def _item(self, key: str) -> dict[str, Any]:
        """The verdict of an image; empty where it does not count any more."""
        return as_now(self.cache.get(key) or {}, self.clock())

    def _is_clear(self, row: Mapping[str, Any]) -> bool:
        """Whether there is nothing to notify a workload of that has no record. One that was
        notified has none if the findings were unknown then."""
        if (key := row["digest"]) not in self._clear:
            item = self._item(key)
            is_result = item.get("status") in _RESULTS
            self._clear[key] = is_result and not self.may_notify(outcome_of(item))
        return self._clear[key]

    def _worst(self, key: str) -> list[dict[str, Any]]:
        """The worst findings of an image, as its verdict names them."""
        if key not in self._top:
            self._top[key] = self._item(key).get("top", [])
        return self._top[key]

    def _detail(self, change: Change, now: int) -> dict[str, Any]:
        key, finding = change.key, change.finding
        workloads = [dict(facts_of(each)) for each in finding.rows]
        return {
            "schema": SCHEMA,
            "id": key.id,
            "state": change.state,
            "owner": key.owner,
            "repository": key.repository,
            "qid": key.qid,
            "severity": LEVELS[finding.severity],
            "opened_at": _moment(finding.since),
            **({"closed_at": _moment(now)} if change.state == "closed" else {}),
            **({"due": date.fromordinal(finding.due).isoformat()} if finding.due else {}),
            **self._known(key.qid, finding),
            "workloads": facts.shown(workloads, _ROOM)[:_MOST_WORKLOADS],
            "workloads_total": finding.workloads,
        }

    def _known(self, qid: int, finding: OpenFinding) -> dict[str, Any]:
        """Returns what a verdict says of the finding, if it is among the worst of an image. Each
        name is there in any case: the template of a rule needs it."""
        for digest in dict.fromkeys(row["digest"] for row in finding.rows):
            for each in self._worst(digest):
                if each["qid"] == qid:
                    return {name: each[name] for name in ("title", "cves", "packages", "fixes")}
        return {"title": f"QID {qid}", "cves": [], "packages": [], "fixes": []}


def _say(postponed: Counter[str]) -> None:
    """Says what waits for the next run, by account."""
    if number := postponed.total():
        metrics.count("PostponedFindings", number)
        worst = dict(postponed.most_common(_MOST_WORKLOADS))
        log.warning("findings wait for the next run", findings=number, accounts=worst)


def _counted(made: Iterable[Change]) -> dict[str, int]:
    states = [each.state for each in made]
    return {state: states.count(state) for state in ("opened", "still_open", "closed")}


def _entry(key: Key, finding: OpenFinding) -> list[Any]:
    return [*key, finding.severity, finding.since, list(finding.accounts), finding.due]


def _key(entry: list[Any]) -> Key:
    return Key(*entry[:3])


def _finding(entry: list[Any]) -> OpenFinding:
    severity, since, accounts, *due = entry[3:7]
    return OpenFinding(severity, since, tuple(accounts), *due)


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
