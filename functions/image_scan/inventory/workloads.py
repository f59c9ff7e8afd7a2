"""The inventory: which image runs where, since when, and who deployed it.

A row for each image (`digest`) and workload (`account#region#cluster#service-or-family`). Beside
it, under a key of their own, one for each task, so that a workload counts as stopped when its last
task of that image has stopped, whatever the order in which the events arrive.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from image_scan.aws.dynamodb import Attr, Change
from image_scan.cache.standing import ACTIVE, SEEN_SECONDS
from image_scan.events import api_calls
from image_scan.events.task_state import TASK_STATE
from image_scan.events.workloads import workload_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from image_scan.contracts import ScanInput, Workload
    from image_scan.inventory.table import InventoryTable

_FACTS = ("account", "region", "cluster", "service", "task_definition", "containers", "event_name")
_SHOWN = ("uri", "repository", "tag")
# Rows that nothing runs any more stay as history for so long.
_HISTORY_SECONDS = 30 * 86_400
# EventBridge delivers a task's start up to a day after its stop.
_TASK_SECONDS = 2 * 86_400
# Rows of tasks, below their image and workload.
_RUNNING, _STOPPED = "running#", "stopped#"
# DynamoDB may remove a row as soon as it has expired.
_EXISTS = Attr("digest").exists()


class Inventory:
    """Every method raises AwsUnavailable or AwsRejected when DynamoDB does not do its part."""

    def __init__(self, table: InventoryTable, clock: Callable[[], float] = time.time) -> None:
        self._table = table
        self._clock = clock

    def note(self, scan_input: ScanInput) -> dict[str, Any]:
        """Takes down what an event says of one image; any number of times, in any order. Returns
        the row of its workload as it was before."""
        before = self._row(scan_input)
        state = scan_input.get("task")
        if state is None:
            name = scan_input["deployment"]["event_name"]
            if name in api_calls.DEPLOYS:
                self._see(scan_input, running=False)
            elif name == TASK_STATE:
                # A queued request has its task no more. Over or not, it asks again.
                key, workload = scan_input["image"]["key"], workload_of(scan_input)[0]
                asked = Change({"asked_at": int(self._clock() * 1000)})
                self._table.update(key, workload, asked, _EXISTS)
        elif state["stopped"]:
            until = int(self._clock()) + _TASK_SECONDS
            self._table.put(_tasks(scan_input), f"{_STOPPED}{state['arn']}", {"ttl": until})
            self._table.delete(_tasks(scan_input), f"{_RUNNING}{state['arn']}")
            self._end(scan_input)
        else:
            self._start(scan_input, state["arn"])
        return before

    def _start(self, scan_input: ScanInput, arn: str) -> None:
        # In this order, so that a start and a stop at once leave nothing running.
        self._table.put(_tasks(scan_input), f"{_RUNNING}{arn}", {})
        over = bool(self._table.get(_tasks(scan_input), f"{_STOPPED}{arn}"))
        row = self._row(scan_input)
        if over:
            self._table.delete(_tasks(scan_input), f"{_RUNNING}{arn}")
            if row.get("state") != "running":
                self._see(scan_input, running=True)
            self._end(scan_input)
        elif (
            row.get("state") != "running"
            or row["last_seen"] < self._at(scan_input) - SEEN_SECONDS
            or "ttl" in row
        ):
            self._see(scan_input, running=True)

    def running(self, key: str) -> dict[str, dict[str, Any]]:
        """Reads what runs an image, or was deployed to: rows by workload."""
        rows = self._table.below(key)
        return {row["workload"]: row for row in rows if row.get("state") in ACTIVE}

    def rows(self) -> Iterator[dict[str, Any]]:
        """Every row: digest, workload, account_region, state and last_seen."""
        return self._table.index()

    def close(self, digest: str, workload: str) -> None:
        """Nothing runs this image there any more, whatever the events say."""
        now = int(self._clock())
        for row in self._table.below(tasks := f"tasks#{digest}#{workload}"):
            self._table.delete(tasks, row["workload"])
        ended = {"state": "stopped", "stopped_at": now, "ttl": now + _HISTORY_SECONDS}
        self._table.update(digest, workload, Change(ended), _EXISTS)

    def _see(self, scan_input: ScanInput, *, running: bool) -> None:
        (workload, facts), key, at = (
            workload_of(scan_input),
            scan_input["image"]["key"],
            self._at(scan_input),
        )
        # A task does not say who caused it; the call that did is remembered.
        caller = {"principal": facts["principal"]} if facts["principal"] else {}
        state = {"state": "running"} if running else {}
        asked: dict[str, Any] = {"asked_at": int(self._clock() * 1000)}
        event = {"event_id": facts["event_id"]}
        if not running:  # of a task it is no deployment
            asked |= event
        first = {
            **(event if running else {}),
            "first_seen": at,
            "account_region": f"{facts['account']}#{facts['region']}",
            **({} if running else {"state": "deployed", "ttl": at + _HISTORY_SECONDS}),
        }
        shown = {name: facts[name] for name in _FACTS}  # type: ignore[literal-required]
        shown |= {name: scan_input["image"][name] for name in _SHOWN}  # type: ignore[literal-required]
        gone = ("stopped_at", "ttl") if running else ()
        newest = Change({**shown, **caller, **state, **asked, "last_seen": at}, first, gone)
        seen = Attr("last_seen")
        row = self._table.update(key, workload, newest, seen.not_exists() | seen.lte(at))
        if row is None:
            # A later event was here before this one.
            row = self._table.update(key, workload, Change({**state, **asked}, caller, gone))
            self._table.update(key, workload, Change({"first_seen": at}), Attr("first_seen").gt(at))
        if row and row.get("state") == "running" and "ttl" in row:
            # Only what runs nowhere is history.
            still = Attr("state").eq("running")
            self._table.update(key, workload, Change(removed=("ttl",)), still)

    def _end(self, scan_input: ScanInput) -> None:
        """When that was the last task of this image, the workload has stopped."""
        workload, key, at = (
            workload_of(scan_input)[0],
            scan_input["image"]["key"],
            self._at(scan_input),
        )
        if self._row(scan_input).get("state") != "running":
            return
        running = True
        stopped = Change({"state": "stopped", "stopped_at": at, "ttl": at + _HISTORY_SECONDS})
        started = Change({"state": "running"}, removed=("stopped_at", "ttl"))
        # Again after each change: a task may start or stop in between.
        while (runs := self._table.any(_tasks(scan_input), _RUNNING)) != running:
            self._table.update(key, workload, started if runs else stopped, _EXISTS)
            running = runs

    def _row(self, scan_input: ScanInput) -> dict[str, Any]:
        return self._table.get(scan_input["image"]["key"], workload_of(scan_input)[0])

    def _at(self, scan_input: ScanInput) -> int:
        """The event's time in epoch seconds; now for one that does not say."""
        try:
            return int(datetime.fromisoformat(scan_input["deployment"]["event_time"]).timestamp())
        except (ValueError, OverflowError):
            return int(self._clock())


def facts_of(row: Mapping[str, Any]) -> Workload:
    """A row as a notification names it."""
    facts = {name: row[name] for name in _FACTS}
    facts |= {name: row.get(name, "") for name in ("principal", "event_id")}
    facts["event_time"] = datetime.fromtimestamp(int(row["last_seen"]), UTC).isoformat()
    return cast("Workload", facts)


def _tasks(scan_input: ScanInput) -> str:
    """The key below which the workload's tasks of this image lie."""
    return f"tasks#{scan_input['image']['key']}#{workload_of(scan_input)[0]}"
