"""make smoke: what the logs and the queues show of one event, and what is taken back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from ops.event_queue import Message
from ops.smoke import traces
from ops.smoke.definition import Definition
from ops.smoke.traces import Line, Traces
from tests.support.builders import client_error

AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
ARN = "arn:aws:ecs:us-east-1:111111111111:task-definition/unit-smoke:3"


class FakeInstallationation:
    def __init__(self, **clients: Any) -> None:
        self._clients = clients
        self.failed_events_queue, self.undelivered_events_queue = "failed", "undelivered"
        self.log_groups = {"parse_event": "/p", "check_cache": "/c"}

    def client(self, service: str) -> Any:
        return self._clients.get(service)


class FakeQueue:
    """A queue by name; `shown` are those that were released. So many looks find nothing first."""

    held: dict[str, list[Message]]
    shown: list[str]
    deleted: list[Message]
    looks: int
    empty: int

    def __init__(self, _installation: Any, name: str) -> None:
        self._messages = self.held[name]
        self._hidden: list[Message] = []

    def count(self) -> int:
        return len(self._messages)

    def receive(self, wait_seconds: int) -> list[Message]:
        assert wait_seconds in (1, 2)
        FakeQueue.looks += 1
        if FakeQueue.empty:
            FakeQueue.empty -= 1
            return []
        taken, self._messages[:] = self._messages[:10], self._messages[10:]
        self._hidden += taken
        return taken

    def release(self, messages: list[Message]) -> None:
        back = [each for each in messages if each in self._hidden and each not in self.deleted]
        self.shown.extend(each.id for each in back)
        self._messages.extend(back)

    def delete(self, message: Message) -> None:
        self.deleted.append(message)


def message(number: int, body: Any, **attributes: str) -> Message:
    return Message(str(number), "r", 0, body, attributes)


CALL = {"detail": {"responseElements": {"taskDefinition": {"taskDefinitionArn": ARN}}}}
LONGER = {"detail": {"responseElements": {"taskDefinition": {"taskDefinitionArn": f"{ARN}0"}}}}
REQUEST = {"detail": {"image": "uri", "deployment": {"task_definition": ARN}}}


class FakeItems:
    def __init__(self, *waiting: str) -> None:
        self._workloads = {str(n): {"task_definition": arn} for n, arn in enumerate(waiting)}

    def find(self, _reference: str) -> list[Any]:
        return [{"imageDigest": "sha256:1", "requests": self._workloads}]


class NoRows:
    def of(self, _digest: str) -> list[Any]:
        return []


@pytest.fixture
def queues(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Message]]:
    FakeQueue.held = {"failed": [], "undelivered": []}
    FakeQueue.shown, FakeQueue.deleted, FakeQueue.looks, FakeQueue.empty = [], [], 0, 0
    monkeypatch.setattr(traces, "EventQueue", FakeQueue)
    monkeypatch.setattr(traces, "Scans", lambda _installation: None)
    monkeypatch.setattr(traces, "InventoryRows", lambda _installation: NoRows())
    return FakeQueue.held


def made(before: int = 0, logs: Any = None) -> Traces:
    installation: Any = FakeInstallationation(logs=logs)
    return Traces(installation, Definition(ARN, AT), {"failed": before, "undelivered": before})


def test_only_our_event_counts_and_the_others_are_shown_again(
    queues: dict[str, list[Message]],
) -> None:
    queues["failed"] += [message(1, None), message(2, LONGER), message(3, "text")]
    found = made()
    assert found.failed() is None
    assert FakeQueue.shown == ["1", "2", "3"]
    queues["failed"].append(message(4, CALL, Error="AwsRejected"))
    assert found.failed() == "AwsRejected"
    assert found.undelivered() is None


def test_a_queue_in_which_nothing_is_new_is_not_looked_into(
    queues: dict[str, list[Message]],
) -> None:
    queues["failed"].append(message(1, LONGER))
    assert made(before=1).failed() is None
    assert FakeQueue.shown == []


def test_a_queue_that_has_shown_nothing_is_looked_into_again(
    queues: dict[str, list[Message]],
) -> None:
    """SQS does not ask all of its servers each time."""
    queues["failed"].append(message(1, CALL, Error="AwsRejected"))
    FakeQueue.empty, found = 1, made()
    assert found.failed() is None
    assert found.failed() == "AwsRejected"


@pytest.mark.parametrize("count", [3, 120])
def test_a_queue_is_read_once_while_its_depth_stays(
    queues: dict[str, list[Message]], count: int
) -> None:
    queues["failed"] += [message(each, LONGER) for each in range(count)]
    found = made()
    assert found.failed() is None
    looks = FakeQueue.looks
    assert found.failed() is None
    assert FakeQueue.looks == looks


def test_what_a_count_does_not_show_yet_is_taken_back(
    queues: dict[str, list[Message]], monkeypatch: pytest.MonkeyPatch
) -> None:
    queues["failed"].append(message(1, CALL))
    monkeypatch.setattr(FakeQueue, "count", lambda _: 0)
    items: Any = FakeItems()
    assert made().take_back(items) == 1


@pytest.mark.parametrize(
    ("body", "waiting", "taken"),
    [
        (CALL, ["other"], 1),
        (REQUEST, [ARN], 1),
        (REQUEST, [], 1),
        (REQUEST, [ARN, "other"], 0),
        (LONGER, [ARN], 0),
    ],
)
def test_what_is_queued_for_us_alone_is_taken_back(
    queues: dict[str, list[Message]], body: Any, waiting: list[str], taken: int
) -> None:
    queues["failed"].append(message(1, body))
    items: Any = FakeItems(*waiting)
    assert made().take_back(items) == taken
    assert len(queues["failed"]) == 1 - taken


class FakeLogs:
    def __init__(self, *lines: str) -> None:
        self.lines = lines
        self.asked: dict[str, Any] = {}

    def get_paginator(self, _operation: str) -> FakeLogs:
        return self

    def paginate(self, **asked: Any) -> Any:
        self.asked = asked
        if not self.lines:
            raise client_error("ResourceNotFoundException")
        return [{"events": [{"timestamp": 1000, "message": each} for each in self.lines]}]


def test_the_line_of_our_event_is_found(queues: dict[str, list[Message]]) -> None:
    ours = {"event": "event parsed", "task_definition": ARN, "event_id": "e"}
    other = {"event": "event parsed", "task_definition": f"{ARN}0"}
    logs = FakeLogs("START", "[1]", json.dumps(other), json.dumps(ours))
    assert made(logs=logs).parsed() == Line(1.0, ours)
    assert logs.asked["filterPattern"] == f'"{ARN}"'
    assert logs.asked["startTime"] == int(AT.timestamp() * 1000) - 300_000
    assert made(logs=FakeLogs()).asked("e") is None
    assert queues
