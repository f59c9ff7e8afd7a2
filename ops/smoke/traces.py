"""Reads the traces of one event in AWS: log lines, queued messages, the execution of its scan."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ops.answers import answers
from ops.doctor.aws_errors import is_missing
from ops.event_queue import EventQueue, Message
from ops.inventory_rows import InventoryRows
from ops.scan import Scans

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ops.cache_items import CacheItems
    from ops.installation import Installation
    from ops.smoke.definition import Definition

_EARLIER_SECONDS = 300  # clocks differ
_MOST_MESSAGES = 100
# Without a wait, SQS asks only some of its servers, and may miss messages.
_POLL_SECONDS = 1
Json = dict[str, Any]


@dataclass(frozen=True)
class Line:
    """A line of a function's log; `at` in epoch seconds."""

    at: float
    values: Json


def depths(installation: Installation) -> dict[str, int]:
    """Returns how many messages each queue of events has."""
    names = (installation.undelivered_events_queue, installation.failed_events_queue)
    return {name: EventQueue(installation, name).count() for name in names}


class Traces:
    """Traces of the event of a definition's registration. Every method raises OpsError.

    `before` are the depths of the queues before the registration. A queue is read only if its depth
    has changed, and only up to that number of messages.
    """

    def __init__(
        self, installation: Installation, definition: Definition, before: dict[str, int]
    ) -> None:
        self._installation = installation
        self._depths = before
        self._arn = definition.arn
        self._since: datetime = definition.registered_at
        self._scans = Scans(installation)
        self._seen: dict[str, Json] = {}

    def parsed(self) -> Line | None:
        """Returns ParseEvent's log line of the event: it has passed trail and rule."""
        found = self._lines("parse_event", self._arn)
        return next((each for each in found if each.values.get("event") == "event parsed"), None)

    def asked(self, event_id: str) -> Line | None:
        """Returns CheckCache's log line of the event."""
        found = self._lines("check_cache", event_id)
        return next((each for each in found if each.values.get("event") == "cache asked"), None)

    def scan(self) -> Json | None:
        """Returns the execution of the scan that the event has started, with its `input`."""
        earliest = self._since.timestamp() - _EARLIER_SECONDS
        for row in self._scans.newest(100):
            if row["startDate"].timestamp() < earliest:
                break
            arn = row["executionArn"]
            if arn not in self._seen:
                self._seen[arn] = self._scans.input(arn)
            reported = self._seen[arn].get("deployment") or {}
            if reported.get("task_definition") == self._arn:
                return {**row, "input": self._seen[arn]}
        return None

    def undelivered(self) -> str | None:
        """Returns why the rule could not start the intake; None if it could."""
        return self._queued(self._installation.undelivered_events_queue, "ERROR_CODE")

    def failed(self) -> str | None:
        """Returns why the intake or the scan has queued the event; None if neither has."""
        return self._queued(self._installation.failed_events_queue, "Error")

    def _queued(self, queue: str, attribute: str) -> str | None:
        now = EventQueue(self._installation, queue).count()
        if now == self._depths[queue]:
            return None
        with self._messages(queue) as messages:
            if len(messages) >= min(now, _MOST_MESSAGES):
                self._depths[queue] = now
            ours = [each for each in messages if self._is_named(each)]
        return ours[0].attributes.get(attribute) or "no reason given" if ours else None

    def take_back(self, items: CacheItems) -> int:
        """Removes the event's messages from the queues, so that no alarm stays. Returns their
        number.

        If other workloads wait for a request too, it is left to `make redrive`.
        """
        taken = 0
        installation = self._installation
        for name in self._depths:
            with self._messages(name) as messages:
                for each in messages:
                    if self._is_named(each) and self._is_alone(each, items):
                        EventQueue(installation, name).delete(each)
                        taken += 1
        return taken

    def _is_alone(self, message: Message, items: CacheItems) -> bool:
        """Checks that no other workload waits for the scan that a message requests."""
        detail = message.body.get("detail") or {}
        if "deployment" not in detail:
            return True  # the event itself
        rows = InventoryRows(self._installation)
        waiting = [
            workload
            for item in items.find(str(detail.get("image")))
            for workload in (*item.get("requests", {}).values(), *rows.of(item["imageDigest"]))
        ]
        return all(workload.get("task_definition") == self._arn for workload in waiting)

    @contextmanager
    def _messages(self, name: str) -> Iterator[list[Message]]:
        """Yields the messages of a queue. Those that are not deleted become visible at once."""
        queue = EventQueue(self._installation, name)
        held: list[Message] = []
        try:
            while len(held) < _MOST_MESSAGES and (more := queue.receive(_POLL_SECONDS)):
                held += more
            yield held
        finally:
            queue.release(held)

    def _is_named(self, message: Message) -> bool:
        return isinstance(message.body, dict) and f'"{self._arn}"' in json.dumps(message.body)

    def _lines(self, step: str, text: str) -> list[Line]:
        client = self._installation.client("logs")
        start = int((self._since.timestamp() - _EARLIER_SECONDS) * 1000)
        with answers():
            try:
                pages = client.get_paginator("filter_log_events").paginate(
                    logGroupName=self._installation.log_groups[step],
                    startTime=start,
                    filterPattern=f'"{text}"',
                )
                events = [event for page in pages for event in page["events"]]
            except ClientError as error:
                if not is_missing(error):
                    raise
                return []
        return [Line(each["timestamp"] / 1000, _values(each["message"], text)) for each in events]


def _values(message: str, text: str) -> Json:
    """Returns the values of a line; empty if it is not JSON, or has the text only inside another
    text."""
    try:
        reported = json.loads(message)
    except ValueError:
        return {}
    return reported if isinstance(reported, dict) and text in reported.values() else {}
