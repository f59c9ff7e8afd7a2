"""Which image runs where, whatever the order in which events arrive."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
from boto3.dynamodb.types import TypeDeserializer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from image_scan.aws.dynamodb import Change
from image_scan.contracts import ScanInput, TaskState
from image_scan.inventory.table import InventoryTable
from image_scan.inventory.workloads import Inventory
from tests.support import tables
from tests.support.builders import ACCOUNT, DIGEST, NOW, REGION, image, scan_input

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from tests.support.doubles import Clock

OTHER = "sha256:" + "e" * 64
DAY = 86_400
_names = itertools.count()
Json = dict[str, Any]


class Rows:
    def __init__(self, dynamodb: DynamoDBClient) -> None:
        self._dynamodb = dynamodb

    def all(self) -> list[Json]:
        items = self._dynamodb.scan(TableName=tables.INVENTORY)["Items"]
        read = TypeDeserializer().deserialize
        return [{name: read(value) for name, value in item.items()} for item in items]

    def workloads(self, digest: str = DIGEST) -> list[Json]:
        return [row for row in self.all() if row["digest"] == digest]


@pytest.fixture
def rows(dynamodb: DynamoDBClient) -> Rows:
    return Rows(dynamodb)


@pytest.fixture
def inventory(dynamodb: DynamoDBClient, clock: Clock) -> Inventory:
    return Inventory(InventoryTable(dynamodb, tables.INVENTORY), clock)


def called(minute: int = 0, hour: int = 8, **where: Any) -> ScanInput:
    return scan_input(event_time=f"2026-03-02T{hour:02}:{minute:02}:00Z", **where)


def task_event(
    number: int, *, stopped: bool = False, minute: int = 1, digest: str = DIGEST, **where: Any
) -> ScanInput:
    where = {"event_name": "ECS Task State Change", "principal": "", **where}
    arn = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/prod/{number}"
    state = TaskState(arn=arn, stopped=stopped)
    return {**called(minute, of=image(key=digest, digest=digest), **where), "task": state}


def test_a_call_is_a_workload_that_nothing_runs_yet(inventory: Inventory, rows: Rows) -> None:
    inventory.note(called())
    (row,) = rows.all()
    assert row["digest"] == DIGEST
    assert row["workload"] == f"{ACCOUNT}#{REGION}#prod#web"
    assert row["account_region"] == f"{ACCOUNT}#{REGION}"
    assert row["state"] == "deployed"
    assert row["principal"].endswith("/deployer")
    assert row["task_definition"].endswith("/shop:7")
    assert row["containers"] == ["app"]
    assert row["uri"].endswith("/shop/app:1.4.2")
    assert row["first_seen"] == row["last_seen"] == row["ttl"] - 30 * DAY


def test_a_task_that_ended_before_its_start_is_known_has_run_again(
    inventory: Inventory, rows: Rows, clock: Clock
) -> None:
    """The workload ran once before. Its next run waits for a verdict like the first one."""
    inventory.note(task_event(1, minute=1))
    inventory.note(task_event(1, minute=2, stopped=True))
    (before,) = rows.workloads()
    clock.now += DAY
    inventory.note(task_event(2, minute=5, stopped=True))
    inventory.note(task_event(2, minute=4))
    (after,) = rows.workloads()
    assert after["asked_at"] == before["asked_at"] + DAY * 1000
    assert after["state"] == "stopped"


def test_the_row_of_a_running_workload_does_not_expire(inventory: Inventory, rows: Rows) -> None:
    inventory.note(task_event(1, minute=1))
    inventory.note(called(5))
    (row,) = rows.workloads()
    assert row["state"] == "running"
    assert "ttl" not in row


def test_a_row_that_expires_while_tasks_run_is_repaired_by_the_next_task(
    inventory: Inventory, rows: Rows, dynamodb: DynamoDBClient
) -> None:
    inventory.note(task_event(1, minute=1))
    (row,) = rows.workloads()
    dynamodb.update_item(
        TableName=tables.INVENTORY,
        Key={name: {"S": row[name]} for name in ("digest", "workload")},
        UpdateExpression="SET #ttl = :soon",
        ExpressionAttributeNames={"#ttl": "ttl"},
        ExpressionAttributeValues={":soon": {"N": "1"}},
    )
    inventory.note(task_event(2, minute=2))
    (row,) = rows.workloads()
    assert "ttl" not in row


def test_a_row_that_is_gone_is_not_closed(inventory: Inventory, rows: Rows) -> None:
    inventory.close(DIGEST, f"{ACCOUNT}#{REGION}#prod#web")
    assert rows.all() == []


@pytest.mark.parametrize("name", ["RegisterTaskDefinition", "", "Image Scan Requested"])
def test_what_deploys_nothing_is_no_workload(inventory: Inventory, rows: Rows, name: str) -> None:
    inventory.note(called(event_name=name))
    assert rows.all() == []


def test_a_task_that_starts_makes_it_run_and_keeps_who_deployed(
    inventory: Inventory, rows: Rows
) -> None:
    inventory.note(called(0))
    inventory.note(task_event(1, minute=2))
    (row,) = rows.workloads()
    assert row["state"] == "running"
    assert row["principal"].endswith("/deployer")
    assert row["last_seen"] == row["first_seen"], "the call has said so a moment ago"
    inventory.note(task_event(2, minute=3))
    assert rows.workloads() == [row], "one more task within the hour"
    assert "ttl" not in row


def test_what_was_only_deployed_has_not_run(inventory: Inventory, rows: Rows) -> None:
    inventory.note(called())
    (row,) = rows.workloads()
    assert (row["state"], row["has_run"]) == ("deployed", False)
    inventory.close(row["digest"], row["workload"])
    assert rows.workloads()[0]["has_run"] is False
    inventory.note(task_event(0))
    inventory.note(task_event(0, stopped=True, minute=5))
    (row,) = rows.workloads()
    assert (row["state"], row["has_run"]) == ("stopped", True)


def test_the_workload_stops_with_its_last_task(inventory: Inventory, rows: Rows) -> None:
    for number in range(3):
        inventory.note(task_event(number))
    for number in range(2):
        inventory.note(task_event(number, stopped=True, minute=5))
        assert rows.workloads()[0]["state"] == "running"
    inventory.note(task_event(2, stopped=True, minute=6))
    (row,) = rows.workloads()
    assert row["state"] == "stopped"
    assert row["ttl"] == row["stopped_at"] + 30 * DAY
    inventory.note(task_event(3, minute=7))
    (row,) = rows.workloads()
    assert row["state"] == "running"
    assert not {"ttl", "stopped_at"} & row.keys()


def test_a_closed_workload_stops_with_the_last_of_its_new_tasks(
    inventory: Inventory, rows: Rows
) -> None:
    """Of the tasks from before nothing was reported."""
    inventory.note(task_event(0))
    (row,) = rows.workloads()
    inventory.close(DIGEST, row["workload"])
    assert rows.workloads()[0]["state"] == "stopped"
    inventory.note(task_event(1, minute=5))
    assert rows.workloads()[0]["state"] == "running"
    inventory.note(task_event(1, stopped=True, minute=6))
    assert rows.workloads()[0]["state"] == "stopped"


def test_many_tasks_change_a_row_in_nothing_but_when_and_how_it_was_seen(
    inventory: Inventory, rows: Rows
) -> None:
    inventory.note(called(0))
    inventory.note(task_event(0))
    (before,) = rows.workloads()
    for number in range(1, 200):
        inventory.note(task_event(number, hour=8 + number // 20))
    (after,) = rows.workloads()
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {"last_seen", "event_name"}


def test_a_rollout_replaces_one_image_by_another(inventory: Inventory, rows: Rows) -> None:
    inventory.note(task_event(1))
    inventory.note(task_event(2, digest=OTHER, minute=2))
    inventory.note(task_event(1, stopped=True, minute=3))
    states = {row["digest"]: row["state"] for row in rows.all() if "state" in row}
    assert states == {DIGEST: "stopped", OTHER: "running"}


def test_a_stop_that_comes_before_its_start_is_the_end(inventory: Inventory, rows: Rows) -> None:
    inventory.note(task_event(1, stopped=True, minute=5))
    assert rows.workloads() == []
    inventory.note(task_event(1))
    (row,) = rows.workloads()
    assert row["state"] == "stopped"


def test_a_start_between_the_question_and_the_answer_is_not_stopped(
    dynamodb: DynamoDBClient, inventory: Inventory, rows: Rows, clock: Clock
) -> None:
    inventory.note(task_event(1))

    class Late(InventoryTable):
        """Somebody starts a task when the last one was just looked for."""

        met = False

        def any(self, digest: str, begin: str) -> bool:
            found = super().any(digest, begin)
            if not self.met:
                self.met = True
                inventory.note(task_event(2, minute=0))  # and its event is an old one
            return found

    Inventory(Late(dynamodb, tables.INVENTORY), clock).note(task_event(1, stopped=True, minute=3))
    assert rows.workloads()[0]["state"] == "running"


def test_each_service_is_a_workload(inventory: Inventory, rows: Rows) -> None:
    for number in range(50):
        inventory.note(called(service=f"service-{number}"))
    assert len(rows.workloads()) == 50


def test_keys_that_are_too_long_are_cut(inventory: Inventory, rows: Rows) -> None:
    inventory.note(called(service="s" * 3000))
    inventory.note(called(service="\U0001f600" * 900))
    assert all(len(row["workload"].encode()) <= 1024 for row in rows.all())
    assert len(rows.all()) == 2


def test_an_event_without_a_time_is_seen_now(inventory: Inventory, rows: Rows) -> None:
    inventory.note(scan_input(event_time="whenever"))
    assert rows.workloads()[0]["last_seen"] == NOW


EVENTS = [
    called(0),
    task_event(1, minute=1),
    task_event(2, minute=2),
    task_event(2, minute=2),
    task_event(1, stopped=True, minute=3),
    task_event(3, minute=4, digest=OTHER),
    task_event(2, stopped=True, minute=5),
    task_event(4, minute=6, service="worker"),
    called(7, service="never-started"),
    called(7, service="failed"),
    task_event(5, minute=8, service="failed"),
    task_event(5, stopped=True, minute=9, service="failed"),
]


@given(order=st.permutations(range(len(EVENTS))))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_order_ends_the_same(dynamodb: DynamoDBClient, clock: Clock, order: list[int]) -> None:
    name = f"order-{next(_names)}"
    tables.create(dynamodb, f"cache-{name}", name, f"state-{name}")
    inventory = Inventory(InventoryTable(dynamodb, name), clock)
    for number in order:
        inventory.note(EVENTS[number])
    ends = {}
    for item in dynamodb.scan(TableName=name)["Items"]:
        if "state" in item:
            key = (item["digest"]["S"][-4:], item["workload"]["S"].rsplit("#", 1)[-1])
            ends[key] = tuple(
                item.get(each, {}).get("N" if each.endswith("seen") else "S")
                for each in ("state", "principal", "first_seen", "last_seen")
            )
    deployer = EVENTS[0]["deployment"]["principal"]
    assert {key: (state, who) for key, (state, who, *_) in ends.items()} == {
        ("dddd", "web"): ("stopped", deployer),
        ("eeee", "web"): ("running", None),
        ("dddd", "worker"): ("running", None),
        ("dddd", "never-started"): ("deployed", deployer),
        ("dddd", "failed"): ("stopped", deployer),
    }
    first, last = ends["dddd", "web"][2:]
    assert 0 <= int(str(last)) - int(str(first)) <= 120


def test_what_has_stopped_is_deployed_again_by_a_later_call(
    inventory: Inventory, rows: Rows
) -> None:
    for event in (called(0), task_event(1), task_event(1, stopped=True, minute=5)):
        inventory.note(event)
    (before,) = rows.workloads()
    inventory.note(called(4))
    assert rows.workloads()[0]["state"] == "stopped", "this call came late"
    inventory.note(called(30))
    (row,) = rows.workloads()
    assert (row["state"], row["has_run"], "stopped_at" in row) == ("deployed", True, False)
    assert row["ttl"] == before["ttl"] + 25 * 60
    inventory.note(task_event(2, minute=31))
    inventory.note(task_event(2, stopped=True, minute=32))
    (row,) = rows.workloads()
    assert (row["state"], row["stopped_at"]) == ("stopped", before["stopped_at"] + 27 * 60)


def test_what_has_started_meanwhile_runs_whatever_a_call_has_read(
    dynamodb: DynamoDBClient, inventory: Inventory, rows: Rows, clock: Clock
) -> None:
    inventory.note(task_event(1))
    inventory.note(task_event(1, stopped=True, minute=5))

    class Late(InventoryTable):
        """Its task starts when the row was just read."""

        def get(self, digest: str, workload: str, *, consistent: bool = True) -> Json:
            found = super().get(digest, workload, consistent=consistent)
            inventory.note(task_event(2, minute=31))
            return found

    Inventory(Late(dynamodb, tables.INVENTORY), clock).note(called(30))
    (row,) = rows.workloads()
    assert (row["state"], "ttl" in row) == ("running", False)


@pytest.mark.parametrize("order", [*itertools.permutations(range(3))])
def test_who_has_deployed_last_is_named_whatever_the_order(
    inventory: Inventory, rows: Rows, order: tuple[int, ...]
) -> None:
    """Of a workload that runs the image all the time."""
    alice, bob = (called(at, principal=who) for at, who in ((10, "alice"), (20, "bob")))
    inventory.note(called(0))
    inventory.note(task_event(1))
    for number in order:
        inventory.note((alice, bob, task_event(2, hour=10, minute=0))[number])
    assert rows.workloads()[0]["principal"] == "bob"


NEWER = {"number": 2, "minute": 10, "digest": OTHER}
NOTIFIED = {"notified": "x", "notified_at": 1, "notified_of": 2, "notified_as": "", "team": "shop"}


def replaced(inventory: Inventory, rows: Rows, newer: Json = NEWER, **where: Any) -> Json:
    """A workload has run an image, was notified of it, and runs another one. Returns its row."""
    inventory.note(task_event(1, minute=1, **where))
    inventory.note(task_event(**{**where, **newer}))
    inventory.note(task_event(1, minute=20, stopped=True, **where))
    (row,) = rows.workloads()
    table = inventory._table
    table.update(DIGEST, row["workload"], Change(NOTIFIED))
    return rows.workloads()[0]


@pytest.mark.parametrize("is_called", [True, False])
def test_a_service_that_goes_back_to_an_image_was_notified_of_nothing(
    inventory: Inventory, rows: Rows, is_called: bool
) -> None:
    """By a call, or by ECS alone."""
    before = replaced(inventory, rows)
    # In the second in which the last task of its first life has stopped.
    back = called(20) if is_called else task_event(3, minute=20)
    returned = inventory.note(back)
    (row,) = rows.workloads()
    for each in (row, returned or {}):
        assert NOTIFIED.keys() & each.keys() == {"team"}
    assert row["first_seen"] == before["first_seen"] + 19 * 60
    assert row["has_run"] is not is_called
    inventory._table.update(DIGEST, row["workload"], Change(NOTIFIED))
    for again in (back, task_event(4, minute=21)):
        inventory.note(again)
    assert rows.workloads()[0]["notified"] == "x", "it is begun once"


def test_who_goes_back_to_an_image_is_named_also_if_it_still_ran(
    inventory: Inventory, rows: Rows
) -> None:
    inventory.note(called(0, principal="alice"))
    inventory.note(task_event(1, minute=1))
    inventory.note(task_event(2, minute=10, digest=OTHER))
    inventory.note(called(15, principal="bob"))
    inventory.note(task_event(1, minute=16, stopped=True))
    inventory.note(task_event(3, minute=17))
    assert rows.workloads()[0]["principal"] == "bob"


@pytest.mark.parametrize(
    ("newer", "container"),
    [({"number": 1, "minute": 1}, "app"), ({**NEWER, "service": "worker"}, "app"), (NEWER, "log")],
    ids=["none", "of another service", "of another container"],
)
def test_a_service_that_has_run_nothing_else_was_notified(
    inventory: Inventory, rows: Rows, newer: Json, container: str
) -> None:
    before = replaced(inventory, rows, newer)
    inventory._table.update(OTHER, before["workload"], Change({"containers": [container]}))
    inventory.note(called(30))
    (row,) = rows.workloads()
    assert (row["notified"], row["first_seen"]) == ("x", before["first_seen"])


def test_another_image_that_ended_before_ends_nothing(inventory: Inventory, rows: Rows) -> None:
    inventory.note(task_event(2, minute=0, digest=OTHER))
    inventory.note(task_event(2, minute=5, digest=OTHER, stopped=True))
    before = replaced(inventory, rows, {"number": 1, "minute": 1})
    inventory.note(called(30))
    assert rows.workloads()[0]["first_seen"] == before["first_seen"]


def test_an_old_event_or_a_call_that_started_nothing_ends_nothing(
    inventory: Inventory, rows: Rows
) -> None:
    before = replaced(inventory, rows)
    inventory.note(called(15))
    inventory.note(task_event(1, minute=1))
    assert rows.workloads()[0]["notified"] == "x"
    inventory._table.delete(OTHER, before["workload"])
    inventory.note(called(25, of=image(key=OTHER, digest=OTHER)))
    inventory.note(called(30))
    assert rows.workloads()[0]["notified"] == "x"


def test_several_versions_of_a_family_may_run_in_turn(inventory: Inventory, rows: Rows) -> None:
    before = replaced(inventory, rows, service="")
    inventory.note(task_event(3, minute=30, service=""))
    assert rows.workloads()[0]["first_seen"] == before["first_seen"]


def test_tasks_that_crash_beside_the_version_before_go_back_to_nothing(
    inventory: Inventory, rows: Rows
) -> None:
    """A rolling deployment whose new task is started again and again while the old one runs."""
    inventory.note(task_event(1, minute=1, digest=OTHER))
    inventory.note(task_event(2, minute=10))
    (row,) = rows.workloads()
    inventory._table.update(DIGEST, row["workload"], Change(NOTIFIED))
    inventory.note(task_event(2, minute=11, stopped=True))
    inventory.note(task_event(3, minute=12))
    (again,) = rows.workloads()
    assert (again["notified"], again["first_seen"]) == ("x", row["first_seen"])


def test_what_expires_while_it_is_deployed_again_is_a_row_of_its_own(
    rows: Rows, inventory: Inventory, monkeypatch: pytest.MonkeyPatch
) -> None:
    inventory.note(task_event(1))
    inventory.note(task_event(1, stopped=True, minute=2))
    get = inventory._table.get

    def expiring(digest: str, workload: str, **more: Any) -> Any:
        row = get(digest, workload, **more)
        inventory._table.delete(digest, workload)
        return row

    monkeypatch.setattr(inventory._table, "get", expiring)
    inventory.note(called(minute=30))
    assert [(row["state"], row["account"]) for row in rows.workloads()] == [("deployed", ACCOUNT)]
