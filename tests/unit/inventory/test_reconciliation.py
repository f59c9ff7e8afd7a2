"""What runs is compared with what is known: once, and then there is nothing to do."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, cast
from unittest.mock import Mock

import pytest

from image_scan.aws.cross_account import Accounts
from image_scan.errors import AwsUnavailable
from image_scan.events import deployments
from image_scan.inventory.reconciliation import Reconciliation
from image_scan.inventory.shares import TimeShares
from image_scan.results import Outcome
from image_scan.state.coverage import CoverageHistory
from tests.support import tables
from tests.support.builders import (
    ACCOUNT,
    CLEAN,
    HOST,
    NOW,
    POLICY,
    REGION,
    WEEK,
    image,
    taken,
)
from tests.support.builders import scan_input as deployed
from tests.support.core import Core
from tests.support.fake_ecs import Ecs

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_ecs import ECSClient

    from tests.support.doubles import Clock

Json = dict[str, Any]
HOUR, DAY = 3600, 86_400
DIGESTS = [f"sha256:{number:064x}" for number in range(20)]
MEMBER = "210987654321"


def app(number: int = 0, name: str = "app") -> Json:
    return {"name": name, "image": f"{HOST}/shop/{name}:1", "imageDigest": DIGESTS[number]}


class TwoAccounts(Accounts):
    """The ECS of each; nobody has an ECR."""

    def __init__(self, clients: dict[str, Ecs]) -> None:
        super().__init__(None, lambda *_: None, lambda *_: None)
        self._clients = clients

    def ecs(self, account_id: str, _region: str) -> ECSClient:
        return cast("ECSClient", self._clients[account_id])


class World:
    def __init__(self, dynamodb: DynamoDBClient, clock: Clock) -> None:
        self.clock = clock
        self.ecs = {ACCOUNT: Ecs(), MEMBER: Ecs()}
        self.sent: list[Json] = []
        self.core = Core(dynamodb, clock)
        self.accounts = TwoAccounts(self.ecs)
        self.time = itertools.count(0, 0.1)  # a tenth of a second for each step
        self.seconds = 540

    def run(self) -> Json:
        self.sent = []
        made = Reconciliation(
            self.accounts,
            self.core.table,
            self.core.inventory,
            CoverageHistory(self.core.state, self.clock),
            self.sent.append,
            POLICY.may_notify,
            self.clock(),
        )
        shares = TimeShares(self.seconds, lambda: next(self.time))
        found = made.run((ACCOUNT, REGION), shares)
        self.failed = made.failed
        self.reasons = [each.reason for each in made.unscannable.values()]
        return found

    def handle(self) -> None:
        """What the intake and a scan make of what was sent."""
        for event in self.sent:
            for scan_input in deployments.running(event, self.accounts):
                decision = self.core.handle(scan_input)
                if decision["decision"] == "scan":
                    self.core.end(taken(decision), CLEAN)


@pytest.fixture
def world(dynamodb: DynamoDBClient, clock: Clock) -> World:
    return World(dynamodb, clock)


def test_nothing_runs(world: World) -> None:
    found = world.run()
    assert (found["running_images"], found["sent"], found["coverage_percent"]) == (0, 0, 100)


def test_what_runs_unknown_is_sent_once_and_then_covered(world: World) -> None:
    """The first day, a deleted cache, a week of lost events: they are all the same."""
    for number in range(7):
        world.ecs[ACCOUNT].run(number, app(number % 3), app(3, "sidecar"), service=f"s-{number}")
    first = world.run()
    assert (first["running_images"], first["fresh_verdicts"], first["coverage_percent"]) == (
        4,
        0,
        0,
    )
    assert first["sent"] == 14
    assert len(world.sent) == 7
    assert "hunter2" not in str(world.sent)
    world.handle()
    second = world.run()
    assert (second["sent"], second["closed"], world.sent) == (0, 0, [])
    assert (second["fresh_verdicts"], second["coverage_percent"]) == (4, 100)


def test_many_tasks_of_one_workload_are_one_event(world: World) -> None:
    for number in range(250):
        world.ecs[ACCOUNT].run(number, app())
    assert world.run()["sent"] == 1
    assert len(world.sent) == 1


def test_a_verdict_that_is_gone_is_asked_for_again(world: World) -> None:
    world.ecs[ACCOUNT].run(1, app())
    world.run()
    world.handle()
    world.clock.now += WEEK
    found = world.run()
    assert (found["fresh_verdicts"], found["sent"]) == (0, 1)


def test_what_failed_is_sent_by_each_reconciliation_and_named(world: World) -> None:
    world.ecs[ACCOUNT].run(1, app())
    world.ecs[ACCOUNT].run(2, app(), service="worker")
    assert [each["why"] for each in world.run()["scans"]] == ["no verdict"]
    failed = Outcome(verdict="ERROR", reason="ScanFailed: no space")
    for _ in range(2):
        decided = [
            world.core.event(scan_input)
            for event in world.sent
            for scan_input in deployments.running(event, world.accounts)
        ]
        (held,) = [each["lease"] for each in decided if each["lease"]]
        world.core.end(held, {**failed})
        assert world.core.sent.services()[0] == ["web", "worker"]
        world.clock.now += DAY
        found = world.run()
        (scan,) = found["scans"]
        assert (scan["key"], scan["why"]) == (DIGESTS[0], "ERROR: ScanFailed: no space")
        assert [workload.rsplit("#", 1)[-1] for workload in scan["workloads"]] == ["web", "worker"]
        assert (found["sent"], found["fresh_verdicts"]) == (2, 0)
        assert [each.why for each in world.failed.values()] == ["ERROR: ScanFailed: no space"]


def test_a_workload_that_was_not_known_is_sent_and_no_scan(world: World) -> None:
    world.ecs[ACCOUNT].run(1, app())
    world.run()
    world.handle()
    world.ecs[ACCOUNT].run(2, app(), service="worker")
    found = world.run()
    assert (found["sent"], found["scans"]) == (1, [])


def test_a_scan_that_runs_is_not_asked_for_again(world: World) -> None:
    world.ecs[ACCOUNT].run(1, app())
    world.run()
    (scan_input,) = deployments.running(world.sent[0], world.accounts)
    world.core.event(scan_input)
    found = world.run()
    assert (found["sent"], found["fresh_verdicts"], found["coverage_percent"]) == (0, 0, 0)


@pytest.mark.attack(14)
def test_what_failed_has_no_verdict_while_another_account_has_it_scanned_again(
    world: World,
) -> None:
    copy = image(key=DIGESTS[0], account_id=MEMBER, repository="mirror/app")
    for event in ("event-1", "event-2"):
        asked = deployed(event, of=copy, account=MEMBER)
        lease = taken(world.core.event(asked))
        if event == "event-1":
            world.core.end(lease, Outcome(verdict="ERROR", error="ScanFailed"), asked)
    world.ecs[ACCOUNT].run(1, app())
    found = world.run()
    assert (found["sent"], found["fresh_verdicts"], found["coverage_percent"]) == (1, 0, 0)
    assert [each.why for each in world.failed.values()] == [
        "ERROR: its last scan had no result, and the next one runs"
    ]
    world.handle()
    assert world.run()["fresh_verdicts"] == 1


def test_a_foreign_image_is_noted_and_unscannable_and_then_left_alone(world: World) -> None:
    """Its registry lets nobody in, so its key is not the digest that ECS reports."""
    foreign = f"999999999999.dkr.ecr.{REGION}.amazonaws.com/x/y:1"
    started = {"name": "side", "image": foreign, "imageDigest": DIGESTS[5]}
    world.ecs[ACCOUNT].run(1, started)
    assert world.run()["sent"] == 1
    (scan_input,) = deployments.running(world.sent[0], world.accounts)
    key = f"999999999999/{REGION}/x/y:1@{DIGESTS[5]}"
    scan_input["image"].update({"key": key, "unscannable": "its registry lets nobody in"})
    assert world.core.handle(scan_input)["outcome"]
    for _ in range(2):
        world.clock.now += HOUR + 1
        found = world.run()
        assert (found["sent"], found["closed"], found["unscannable"]) == (0, 0, 1)
    assert world.reasons == ["its registry lets nobody in"], "which ECS does not say"


def test_the_notice_of_an_image_outside_ecr_that_was_lost_is_sent(world: World) -> None:
    """The row was written, and then the intake died. It has no entry: its row alone knows."""
    world.ecs[ACCOUNT].run(1, {"name": "side", "image": "docker.io/library/nginx:1"})
    assert world.run()["sent"] == 1
    (scan_input,) = deployments.running(world.sent[0], world.accounts)
    assert not scan_input["image"]["account_id"]
    world.core.event(scan_input)
    world.clock.now += HOUR + 1
    assert world.run()["sent"] == 1
    (again,) = deployments.running(world.sent[0], world.accounts)
    assert world.core.handle(again)["decision"] == "notify"
    assert world.core.sent.services() == [[again["deployment"]["service"]]]
    assert world.run()["sent"] == 0


def test_what_cannot_be_scanned_in_one_repository_is_scanned_in_another(world: World) -> None:
    """Somebody runs the same bytes by their digest, from a repository in which no tag has it."""
    world.ecs[ACCOUNT].run(1, app(1))
    (running,) = [deployments.running(event, world.accounts)[0] for event in _events(world)]
    copy = {**running["image"], "repository": "dev/app", "unscannable": "no tag"}
    stated = deployed("event-2", image(**copy), service="dev")
    assert world.core.handle(stated)["decision"] == "notify"
    world.core.inventory.note(running)
    assert world.run()["sent"] == 1
    world.handle()
    assert (world.run()["fresh_verdicts"], world.sent) == (1, [])


def _events(world: World) -> list[Json]:
    world.run()
    return world.sent


def test_what_cannot_be_scanned_counts_apart(world: World) -> None:
    world.ecs[ACCOUNT].run(1, app(), {"name": "proxy", "image": "nginx:1.27"})
    world.run()
    world.handle()
    found = world.run()
    assert (found["running_images"], found["unscannable"], found["sent"]) == (2, 1, 0)
    assert found["coverage_percent"] == 100


def test_a_row_that_nothing_runs_is_closed_after_a_while(world: World) -> None:
    arn = world.ecs[ACCOUNT].run(1, app())
    world.run()
    world.handle()
    del world.ecs[ACCOUNT].tasks[arn]  # and its event was lost
    assert world.run()["closed"] == 0, "it may be about to start"
    world.clock.now += 2 * HOUR
    assert world.run()["closed"] == 1
    (row,) = world.core.inventory.rows()
    assert row["state"] == "stopped"
    assert world.run()["closed"] == 0
    world.ecs[ACCOUNT].run(2, app())
    assert world.run()["sent"] == 1, "it runs again"


def test_a_task_that_is_to_stop_does_not_run(world: World) -> None:
    world.ecs[ACCOUNT].run(1, app(), desiredStatus="STOPPED")
    world.ecs[ACCOUNT].run(2, app(1), lastStatus="PENDING")
    assert world.run()["running_images"] == 0


@pytest.fixture
def enrol(world: World) -> Callable[[], None]:
    """The member has deployed something once, and so is in the inventory."""

    def note() -> None:
        world.ecs[MEMBER].run(9, app(9))
        event = {
            "id": "1",
            "detail-type": "ECS Task State Change",
            "account": MEMBER,
            "region": REGION,
            "time": "2026-02-02T02:40:00Z",
            "detail": world.ecs[MEMBER].tasks[f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/prod/9"],
        }
        for scan_input in deployments.running(event, world.accounts):
            world.core.inventory.note(scan_input)

    return note


def test_accounts_of_the_inventory_are_looked_at(world: World, enrol: Callable[[], None]) -> None:
    enrol()
    found = world.run()
    assert (found["running_images"], found["sent"], found["silent"]) == (1, 1, [])
    world.clock.now += 8 * DAY
    assert world.run()["silent"] == [f"{MEMBER}#{REGION}"]


def test_an_account_that_lets_nobody_in_is_named_and_stops_no_other(
    world: World, enrol: Callable[[], None]
) -> None:
    enrol()
    world.ecs[MEMBER].refuses = True
    world.ecs[ACCOUNT].run(1, app())
    found = world.run()
    assert list(found["unreadable"]) == [f"{MEMBER}#{REGION}"]
    assert found["sent"] == 1
    world.clock.now += DAY
    assert world.run()["closed"] == 0, "nobody knows what runs there"


class Slow(Ecs):
    """An account with very many clusters, which cost nothing; Lambda ends the function some time
    later than this test does."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def paginate(self, cluster: str = "") -> list[Json]:  # noqa: ARG002
        self.calls += 1
        if self.calls > 9000:
            raise TimeoutError
        if self._listing == "list_clusters":
            return [{"clusterArns": [f"cluster/{each}" for each in range(10_000)]}]
        return super().paginate("cluster/prod")

    def describe_tasks(self, cluster: str, tasks: list[str]) -> Json:  # noqa: ARG002
        return super().describe_tasks("cluster/prod", tasks)


class Throttled(Ecs):
    """An account that uses up its own quota."""

    def paginate(self, cluster: str = "") -> list[Json]:  # noqa: ARG002
        raise AwsUnavailable("ecs:ListTasks: ThrottlingException")


@pytest.mark.attack(15)
@pytest.mark.parametrize("tasks", [0, 3])
@pytest.mark.parametrize(
    ("attacker", "reason"), [(Slow, "more than its share"), (Throttled, "ThrottlingException")]
)
def test_an_account_that_does_not_come_to_an_end_stops_no_other(
    world: World, enrol: Callable[[], None], attacker: type[Ecs], reason: str, tasks: int
) -> None:
    world.ecs[ACCOUNT].run(1, app())
    world.run()
    world.handle()
    enrol()
    world.clock.now += DAY
    world.ecs[ACCOUNT] = attacker()
    for number in range(tasks):
        world.ecs[ACCOUNT].run(number, app(number))
    found = world.run()
    assert MEMBER in {event["account"] for event in world.sent}
    assert list(found["unreadable"]) == [f"{ACCOUNT}#{REGION}"]
    assert reason in found["unreadable"][f"{ACCOUNT}#{REGION}"]
    states = {row["account_region"][:12]: row["state"] for row in world.core.inventory.rows()}
    assert (found["closed"], states[ACCOUNT]) == (0, "running"), "nobody knows what runs there"


@pytest.mark.attack(15)
def test_an_account_with_much_to_scan_again_leaves_others_time_for_theirs(
    world: World, enrol: Callable[[], None]
) -> None:
    enrol()
    failed = {**world.core.entry(), "status": "ERROR", "ttl": NOW + DAY}
    for number in range(150):
        key = f"sha256:{100 + number:064x}"
        container = {"name": "app", "image": f"{HOST}/evil/app:1", "imageDigest": key}
        world.ecs[ACCOUNT].run(number, container, service=f"s-{number}")
        world.core.table.put({**failed, "imageDigest": key, "account_id": ACCOUNT})
    world.core.table.put({**failed, "imageDigest": DIGESTS[9], "account_id": ACCOUNT})
    world.seconds = 60
    found = world.run()
    sent = [event["account"] for event in world.sent]
    assert (sent.count(MEMBER), sent.count(ACCOUNT)) == (1, 50)
    assert list(found["unreadable"]) == [f"{ACCOUNT}#{REGION}"]


def test_a_table_that_does_not_answer_ends_the_reconciliation(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is no account's doing, and nothing would be recorded."""
    world.ecs[ACCOUNT].run(1, app())
    error = AwsUnavailable("dynamodb:GetItem: InternalServerError")
    monkeypatch.setattr(world.core.table, "get", Mock(side_effect=error))
    with pytest.raises(AwsUnavailable):
        world.run()


def test_its_course_is_queued(world: World, dynamodb: DynamoDBClient, clock: Clock) -> None:
    world.run()
    clock.now += DAY
    world.run()
    stored = dynamodb.scan(TableName=tables.STATE)["Items"]
    assert sorted(row["key"]["S"] for row in stored) == sorted(
        f"coverage#{row['at']['S']}" for row in stored
    )
    assert [row["coverage_percent"]["N"] for row in stored] == ["100", "100"]
    assert sorted(int(row["ttl"]["N"]) for row in stored) == [NOW + 400 * DAY, NOW + 401 * DAY]
