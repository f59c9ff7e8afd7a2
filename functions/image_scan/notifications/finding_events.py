"""Puts an event for each finding that is opened, still open or closed, for trackers of tickets.

docs/notifications.md has its schema. The same event may come twice, with the same id.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from image_scan import log
from image_scan.cache.entries import outcome_of
from image_scan.cache.standing import ACTIVE
from image_scan.findings.summary import LEVELS
from image_scan.inventory.notified import RECORD, SINCE, teams_of
from image_scan.inventory.open_findings import Key, OpenFinding, changes
from image_scan.inventory.workloads import facts_of
from image_scan.notifications import facts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from image_scan.cache.table import CacheTable
    from image_scan.inventory.open_findings import Change
    from image_scan.inventory.table import InventoryTable
    from image_scan.notifications.result_events import ResultEvents
    from image_scan.results import Outcome
    from image_scan.state.open_findings import OpenFindingsStore

SCHEMA = "image-scan/finding/1"
DETAIL_TYPE = "Container Image Finding"
_RESULTS = ("CLEAN", "FINDINGS")
_MOST_WORKLOADS, _ROOM = 20, 20_000  # of an event, and bytes of them: a call takes ten events
_MORE = (
    *("account", "region", "cluster", "service", "task_definition", "containers", "event_name"),
    *("uri", "repository", "team", RECORD, SINCE),
)


@dataclass(frozen=True)
class FindingEvents:
    """Raises AwsUnavailable or AwsRejected when the tables or the bus do not answer."""

    events: ResultEvents
    store: OpenFindingsStore
    rows: InventoryTable
    cache: CacheTable
    may_notify: Callable[[Outcome], bool]
    clock: Callable[[], float] = time.time
    _items: dict[str, dict[str, Any]] = field(default_factory=dict)

    def put(self, unseen: Iterable[tuple[str, str]] = ()) -> None:
        """Puts what has changed, and then stores what is open: a crash repeats events, and loses
        none. `unseen` are accounts and repositories of which something runs that has no row yet."""
        now = int(self.clock())
        before = {_key(entry): _finding(entry) for entry in self.store.read()}
        rows = list(self.rows.index(_MORE))
        teams = teams_of(rows)
        runs = [{**row, "team": teams[row["workload"]]} for row in rows if _is_watched(row)]
        found, made = changes(before, runs, self._is_clear, now, unseen)
        self.events.send_all(DETAIL_TYPE, [self._detail(each, now) for each in made])
        self.store.write((key.id, _entry(key, each)) for key, each in found.items())
        log.info("findings", **_counted(made))

    def _item(self, key: str) -> dict[str, Any]:
        """The verdict of an image; empty where it does not count any more."""
        if key not in self._items:
            item = self.cache.get(key) or {}
            self._items[key] = item if item.get("ttl", 0) > self.clock() else {}
        return self._items[key]

    def _is_clear(self, row: Mapping[str, Any]) -> bool:
        """Whether a workload without a record knows the verdict of its image, or need not."""
        item = self._item(row["digest"])
        if item.get("status") not in _RESULTS:
            return False
        is_notified = row.get("notified_of", 0) >= item["acquired_at"]
        return is_notified or not self.may_notify(outcome_of(item))

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
            **self._known(key.qid, finding),
            "workloads": facts.shown(workloads, _ROOM)[:_MOST_WORKLOADS],
            "workloads_total": len(workloads),
        }

    def _known(self, qid: int, finding: OpenFinding) -> dict[str, Any]:
        """Returns what a verdict says of the finding, if it is among the worst of an image. Each
        name is there in any case: the template of a rule needs it."""
        for digest in dict.fromkeys(row["digest"] for row in finding.rows):
            for each in self._item(digest).get("top", []):
                if each["qid"] == qid:
                    return {name: each[name] for name in ("title", "cves", "packages", "fixes")}
        return {"title": f"QID {qid}", "cves": [], "packages": [], "fixes": []}


def _is_watched(row: Mapping[str, Any]) -> bool:
    return row.get("state") in ACTIVE and "out_of_scope" not in row


def _counted(made: Iterable[Change]) -> dict[str, int]:
    states = [each.state for each in made]
    return {state: states.count(state) for state in ("opened", "still_open", "closed")}


def _entry(key: Key, finding: OpenFinding) -> list[Any]:
    return [*key, finding.severity, finding.since, list(finding.accounts)]


def _key(entry: list[Any]) -> Key:
    return Key(*entry[:3])


def _finding(entry: list[Any]) -> OpenFinding:
    severity, since, accounts = entry[3:6]
    return OpenFinding(severity, since, tuple(accounts))


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
