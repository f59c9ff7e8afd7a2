"""The inventory: which image runs where, since when, and who deployed it.

A row for each image (`digest`) and workload (`account#region#cluster#name`). Beside
it, under a key of their own, one for each task, so that a workload counts as stopped when its last
task of that image has stopped, whatever the order in which the events arrive.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from image_scan.aws.dynamodb import Attr, Change
from image_scan.cache.standing import ACTIVE, SEEN_SECONDS
from image_scan.ecr.keys import reference_key
from image_scan.events import api_calls
from image_scan.events.task_state import TASK_STATE
from image_scan.events.workloads import workload_of
from image_scan.inventory.earlier import has_run
from image_scan.inventory.seen import CALLER, FACTS, HISTORY_SECONDS, Seen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from image_scan.contracts import ScanInput, Workload
    from image_scan.inventory.table import InventoryTable

    Row = dict[str, Any]

_NOTIFIED = (
    *("notified", "notified_detected", "notified_at"),
    *("notified_of", "notified_as", "notified_event"),
)
_MOST_OTHERS = 10  # versions of a workload that are compared
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

    def note(self, scan_input: ScanInput) -> Row | None:
        """Takes down what an event says of one image; any number of times, in any order.

        Returns the row of its workload: of a task as it was before, of a call as it is then. None
        of a task that has stopped: there is nothing to ask."""
        state, name = scan_input.get("task"), scan_input["deployment"]["event_name"]
        image = scan_input["image"]
        if state and not state["stopped"]:
            return self._start(scan_input, state["arn"])
        if state:
            is_known = self._stop(scan_input, state["arn"]) or not image["account_id"]
            if not is_known and reference_key(image) != image["key"]:
                self._stop(_by_reference(scan_input), state["arn"])
            return None
        if name in api_calls.DEPLOYS:
            # A moment old is enough: it says whether the row is a new one.
            before = self._table.get(*_key(scan_input), consistent=False)
            return self._see(scan_input, self._back(scan_input, before), running=False)
        if name != TASK_STATE:
            return {}
        # A queued request has its task no more. Over or not, it asks again.
        asked = Change({"asked_at": int(self._clock() * 1000)})
        return self._table.update(*_key(scan_input), asked, _EXISTS) or {}

    def _start(self, scan_input: ScanInput, arn: str) -> Row:
        tasks = _tasks(scan_input)
        # In this order, so that a start and a stop at once leave nothing running.
        self._table.put(tasks, f"{_RUNNING}{arn}", {})
        over = bool(self._table.get(tasks, f"{_STOPPED}{arn}"))
        row = self._table.get(*_key(scan_input))
        if over:
            self._table.delete(tasks, f"{_RUNNING}{arn}")
        else:
            row = self._back(scan_input, row)
        late = row.get("last_seen", 0) < self._at(scan_input) - SEEN_SECONDS or "ttl" in row
        late |= row.get("out_of_scope") != scan_input["image"].get("out_of_scope")
        if row.get("state") != "running" or (late and not over):
            self._see(scan_input, row, running=True)
        if over:
            self._end(scan_input)
        return row

    def _stop(self, scan_input: ScanInput, arn: str) -> bool:
        """Returns whether it was the end of something that ran under this key."""
        until = int(self._clock()) + _TASK_SECONDS
        self._table.put(_tasks(scan_input), f"{_STOPPED}{arn}", {"ttl": until})
        self._table.delete(_tasks(scan_input), f"{_RUNNING}{arn}")
        return self._end(scan_input)

    def rows(self) -> Iterator[dict[str, Any]]:
        """Every row: digest, workload, account_region, state and last_seen."""
        return self._table.index()

    def close(self, digest: str, workload: str, ended: int = 0) -> None:
        """Nothing runs this image there any more, whatever the events say. `ended`: when it was
        deployed and did not start, in epoch seconds; 0 if it may have run until now."""
        now = int(self._clock())
        for row in self._table.below(tasks := f"tasks#{digest}#{workload}"):
            self._table.delete(tasks, row["workload"])
        over = {"state": "stopped", "stopped_at": ended or now, "ttl": now + HISTORY_SECONDS}
        self._table.update(digest, workload, Change(over), _EXISTS)

    def forget(self, row: Mapping[str, Any]) -> None:
        """Closes a row because its account has left, and says so in it."""
        key = row["digest"], row["workload"]
        if row.get("state") != "stopped":
            self.close(*key)
        at = max(int(self._clock()), int(row.get("last_seen", 0)))
        self._table.update(*key, Change({"forgotten": at}), _EXISTS)

    def _back(self, scan_input: ScanInput, row: Row) -> Row:
        """Begins the row of a service again that goes back to an image after another version of it
        has run: what that one did not have is new once more. Returns the row.

        Of tasks without a service, several versions of a family may run in turn."""
        deployment, at = scan_input["deployment"], self._at(scan_input)
        stopped = row.get("stopped_at", at + 1)
        is_over = row.get("state") == "stopped" and stopped <= at
        another = self._another(row, stopped) if is_over and deployment["service"] else None
        if another is None:
            return row
        # Who has deployed it before that one has not gone back to it.
        callers = () if row.get("called_at", 0) > another["first_seen"] else CALLER
        gone = ("stopped_at", *_NOTIFIED, *callers)
        begun = Change({"first_seen": at, "has_run": False}, removed=gone)
        again = self._table.update(*_key(scan_input), begun, Attr("stopped_at").eq(stopped))
        return row if again is None else again

    def _another(self, row: Row, since: int) -> Row | None:
        """The row of another image of the same containers that runs in a workload, or has stopped
        since then."""
        listed = self._table.at(row["account_region"], row["workload"])
        others = sorted(listed, key=lambda each: -int(each["last_seen"]))[:_MOST_OTHERS]
        for short in others:
            other = self._table.get(short["digest"], row["workload"], consistent=False)
            is_another = other and other["digest"] != row["digest"] and has_run(other)
            is_later = other.get("state") in ACTIVE or other.get("stopped_at", 0) > since
            is_later &= other.get("first_seen", 0) > row.get("first_seen", 0)
            if is_another and is_later and {*other["containers"]} & {*row["containers"]}:
                return other
        return None

    def _see(self, scan_input: ScanInput, before: Row, *, running: bool) -> Row:
        """Records that a workload runs an image, or is to. Returns its row as it is then."""
        key, at = _key(scan_input), self._at(scan_input)
        seen = Seen(scan_input, before, at, int(self._clock() * 1000), running)
        row = self._table.update(*key, seen.newest(), seen.is_newest())
        if row is None:
            # A later event was here before this one.
            row = self._table.update(*key, seen.older(), seen.is_last_call())
            row = row or self._table.update(*key, Change(seen.asked, removed=seen.gone)) or {}
            self._table.update(*key, Change({"first_seen": at}), Attr("first_seen").gt(at))
        if row.get("state") == "running" and "ttl" in row:
            # Only what runs nowhere is history.
            self._table.update(*key, Change(removed=("ttl",)), Attr("state").eq("running"))
        return row

    def _end(self, scan_input: ScanInput) -> bool:
        """When that was the last task of this image, the workload has stopped. Returns whether it
        ran."""
        at = self._at(scan_input)
        stopped = Change({"state": "stopped", "stopped_at": at, "ttl": at + HISTORY_SECONDS})
        started = Change({"state": "running"}, removed=("stopped_at", "ttl"))
        running, was = True, Attr("state").eq("running")
        # Again after each change: a task may start or stop in between.
        while (runs := self._table.any(_tasks(scan_input), _RUNNING)) != running:
            change, condition = (started, _EXISTS) if runs else (stopped, was)
            if self._table.update(*_key(scan_input), change, condition) is None:
                return False
            running = runs
        return True

    def _at(self, scan_input: ScanInput) -> int:
        """The event's time in epoch seconds; now for one that does not say."""
        try:
            return int(datetime.fromisoformat(scan_input["deployment"]["event_time"]).timestamp())
        except (ValueError, OverflowError):
            return int(self._clock())


def facts_of(row: Mapping[str, Any]) -> Workload:
    """A row as a notification names it."""
    facts = {name: row[name] for name in FACTS}
    facts |= {name: row.get(name, "") for name in ("principal", "event_id")}
    facts["event_time"] = datetime.fromtimestamp(int(row["last_seen"]), UTC).isoformat()
    return cast("Workload", facts)


def _key(scan_input: ScanInput) -> tuple[str, str]:
    return scan_input["image"]["key"], workload_of(scan_input)[0]


def _by_reference(scan_input: ScanInput) -> ScanInput:
    """The key that an image has where ECR did not confirm its digest. A stop does not say that."""
    image = scan_input["image"]
    return {**scan_input, "image": {**image, "key": reference_key(image)}}


def _tasks(scan_input: ScanInput) -> str:
    """The key below which the workload's tasks of this image lie."""
    return f"tasks#{scan_input['image']['key']}#{workload_of(scan_input)[0]}"
