"""What is killed at work is done again, and what it held is let go."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox import images
from sandbox.aws import ACCOUNT, REGION
from sandbox.installation import Installation

from .conftest import CLUSTER, CRITICAL, Workload

Json = dict[str, Any]
SCAN = ("get_registry", "submit_scan", "check_status", "get_results")
EITHER = ("parse_event", "check_cache", "send_notification")
MOST_CALLS = 20  # of one invocation


class Killed(Workload):
    """An image whose functions are killed in their first invocation."""

    def kill(self, function: str, when: str, call: str = "", **which: int) -> None:
        name = self.installation.outputs["function_names"][function]
        self.installation.aws.kill(name, when, call, event=self._mentioned, **which)

    def kill_after(self, calls: int, *functions: str) -> None:
        """Each function is killed when it has made so many calls."""
        for function in functions:
            self.kill(function, "after" if calls else "before", number=calls or 1)

    def struck(self) -> list[bool]:
        kills = self.installation.aws.kills()
        return [each["struck"] for each in kills if each["event"] == self._mentioned]

    def jobs(self) -> int:
        """How many scans Qualys was asked for."""
        route = "/csapi/v1.3/registry/{registry_id}/schedule"
        return self.installation.qualys.control.count("POST", route, image=f"tests/{self.name}")

    def count_notified(self, notifications: list[Json]) -> int:
        about = [each["image"]["repository"] for each in notifications]
        return about.count(f"tests/{self.name}")

    @property
    def _mentioned(self) -> str:
        return rf"\b{self.name}\b(?!-)"


def make(installation: Installation, name: str, region: str = REGION) -> Killed:
    ecr, repository = installation.aws.client("ecr", region=region), f"tests/{name}"
    ecr.create_repository(repositoryName=repository)
    made = Killed(installation, name, images.push(ecr, repository, images.build(name), "1"))
    made.find(CRITICAL)
    return made


@pytest.fixture
def killed(installation: Installation, workload: Workload) -> Killed:
    return make(installation, f"{workload.name}-killed")


def test_a_function_may_be_killed_after_any_of_its_calls(
    installation: Installation, workload: Workload
) -> None:
    """Of one image all functions are killed before their first call, of the next one after it, and
    so on, once when they scan and once when the known verdict meets a service."""
    workload.deploy_once()  # Qualys knows the registry from now on
    killed = [make(installation, f"{workload.name}-{calls}") for calls in range(MOST_CALLS + 1)]
    together = 4  # more meet Lambda's limit, and the retries after it are another test's
    for first in range(0, len(killed), together):
        some = killed[first : first + together]
        for calls, each in enumerate(some, first):
            each.kill_after(calls, *EITHER, *SCAN)
        definitions = [each.register() for each in some]
        installation.wait_until_idle()
        for calls, each in enumerate(some, first):
            each.kill_after(calls, *EITHER)
        for each, definition in zip(some, definitions, strict=True):
            installation.ecs.create_service(
                cluster=CLUSTER, serviceName=each.name, taskDefinition=definition, desiredCount=1
            )
        installation.wait_until_idle()
    notifications = installation.notifications()
    scanned = [each for each in notifications if not each["workloads"]]
    deployed = [each for each in notifications if each["workloads"]]
    ends = {
        each.name: {
            "verdict": each.verdict()["status"],
            "scans": [scan["status"] for scan in each.scans()],
            "jobs": each.jobs(),
            "notified": (
                min(each.count_notified(scanned), 1),
                min(each.count_notified(deployed), 1),
            ),
        }
        for each in killed
    }
    good = {"verdict": "FINDINGS", "scans": ["SUCCEEDED"], "jobs": 1, "notified": (1, 1)}
    waiting = Counter(each["error"] for each in installation.failed_events())
    assert waiting == {}
    assert ends == dict.fromkeys(ends, good)
    assert max(each.count_notified(notifications) for each in killed) <= 4
    running = {row["service"] for row in installation.inventory() if row["state"] == "running"}
    assert running >= set(ends)
    assert all(killed[0].struck())
    assert not any(killed[-1].struck()), "MOST_CALLS are fewer than a function makes"


@pytest.mark.parametrize(("when", "most"), [("before", 1), ("after", 2)])
def test_a_notification_repeats_only_if_it_was_sent_before_the_kill(
    installation: Installation, killed: Killed, when: str, most: int
) -> None:
    killed.kill("send_notification", when, "sns:Publish")
    killed.deploy_once()
    assert killed.struck() == [True]
    assert 1 <= killed.count_notified(installation.notifications()) <= most
    assert killed.verdict()["status"] == "FINDINGS", killed.verdict().get("reason")


@pytest.mark.parametrize(("when"), ["before", "after"])
def test_a_scan_that_was_asked_for_before_the_kill_is_not_asked_for_again(
    killed: Killed, when: str
) -> None:
    killed.kill("submit_scan", when, "POST .*/schedule$")
    killed.deploy_once()
    assert killed.struck() == [True]
    assert killed.jobs() == 1
    assert killed.verdict()["status"] == "FINDINGS", killed.verdict().get("reason")


def expire(installation: Installation, key: str) -> None:
    """Ends the lock of a registry, as time would."""
    installation.client("dynamodb").update_item(
        TableName=installation.outputs["state_table"]["name"],
        Key={"key": {"S": key}},
        UpdateExpression="SET #until = :past",
        ExpressionAttributeNames={"#until": "until"},
        ExpressionAttributeValues={":past": {"N": str(int(time.time()) - 1)}},
    )


def redrive(installation: Installation) -> set[str]:
    """Starts all that is queued for redrive, and waits for its end. Returns the errors."""
    waiting = installation.failed_events()
    for each in waiting:
        installation.client("stepfunctions").start_execution(
            stateMachineArn=installation.outputs["intake_state_machine_arn"],
            input=json.dumps(each["body"]),
        )
    installation.wait_until_idle()
    return {each["error"] for each in waiting}


@pytest.mark.parametrize(("when", "region"), [("before", "eu-west-1"), ("after", "us-west-2")])
def test_a_registry_is_created_once(
    installation: Installation, workload: Workload, when: str, region: str
) -> None:
    killed = make(installation, f"{workload.name}-abroad", region)
    killed.kill("get_registry", when, "POST .*/registry$")
    killed.deploy_once()
    assert killed.struck() == [True]
    if when == "before":  # who is to create it is held for a minute, whose waits take no time here
        expire(installation, f"registry#{ACCOUNT}#{region}")
        assert redrive(installation) == {"RegistryNotReady"}
    assert killed.verdict()["status"] == "FINDINGS", killed.verdict().get("reason")
    registries = installation.qualys.control.state()["registries"]
    assert len([each for each in registries if region in each["registryUri"]]) == 1


def attempts(machine: Json, state: str) -> int:
    """How often a state machine invokes a function that is killed each time."""

    def states(of: Json) -> Iterator[tuple[str, Json]]:
        for name, each in of["States"].items():
            yield name, each
            if "ItemProcessor" in each:
                yield from states(each["ItemProcessor"])

    retries = dict(states(machine))[state]["Retry"]
    return 1 + sum(
        int(each["MaxAttempts"]) for each in retries if "Runtime.ExitError" in each["ErrorEquals"]
    )


@pytest.mark.parametrize(
    ("machine", "state", "function", "call"),
    [
        ("intake", "ParseEvent", "parse_event", "ecs:DescribeTaskDefinition|ecr:"),
        ("intake", "CheckCache", "check_cache", "dynamodb:GetItem"),
        ("scan", "SubmitScan", "submit_scan", "dynamodb:UpdateItem"),
        ("scan", "SendNotification", "send_notification", "dynamodb:"),
    ],
)
def test_what_is_killed_at_each_attempt_is_queued_for_redrive(
    installation: Installation, killed: Killed, machine: str, state: str, function: str, call: str
) -> None:
    states = installation.client("stepfunctions")
    arn = installation.outputs[f"{machine}_state_machine_arn"]
    definition = json.loads(states.describe_state_machine(stateMachineArn=arn)["definition"])
    for number in range(attempts(definition, state)):
        killed.kill(function, "after", call, invocation=number + 1)
    killed.deploy_once()
    assert all(killed.struck())
    assert redrive(installation) == {"Runtime.ExitError"}
    assert killed.verdict()["status"] == "FINDINGS", killed.verdict().get("reason")
    assert killed.count_notified(installation.notifications()) >= 1
    assert installation.failed_events() == []


def test_a_lease_that_nobody_holds_any_more_runs_out(
    installation: Installation, workload: Workload
) -> None:
    """As after an execution of which nothing came back."""
    workload.find(CRITICAL)
    workload.behave(never_ends=True)
    service = {"cluster": CLUSTER, "taskDefinition": workload.register(), "desiredCount": 1}
    installation.wait_until_idle()
    (scan,) = workload.scans()
    now = int(time.time())
    table, key = installation.outputs["cache_table"]["name"], {"imageDigest": {"S": workload.key}}
    dynamodb = installation.client("dynamodb")

    def hold(until: int) -> None:
        dynamodb.update_item(
            TableName=table,
            Key=key,
            UpdateExpression="SET #status = :held, #ttl = :until",
            ExpressionAttributeNames={"#status": "status", "#ttl": "ttl"},
            ExpressionAttributeValues={":held": {"S": "IN_PROGRESS"}, ":until": {"N": str(until)}},
        )

    workload.behave(never_ends=False)
    hold(now + 3600)
    installation.ecs.create_service(serviceName=workload.name, **service)
    installation.wait_until_idle()
    assert [each["name"] for each in workload.scans()] == [scan["name"]]
    hold(now - 1)
    installation.ecs.create_service(serviceName=f"{workload.name}-later", **service)
    installation.wait_until_idle()
    assert len(workload.scans()) == 2
    assert workload.verdict()["status"] == "FINDINGS"
    workloads = {
        each["service"] for sent in installation.notifications() for each in sent["workloads"]
    }
    assert workloads >= {workload.name, f"{workload.name}-later"}
