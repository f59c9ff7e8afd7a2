"""The deployment gate as Terraform made it: ECS asks it before tasks start, with IAM enforced."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox import gated
from sandbox.aws import ACCOUNT, REGION
from sandbox.installation import Installation
from sandbox.queues import make_queue
from tests.support.documents import block
from tests.support.shell import Shell

from .conftest import CLUSTER, CRITICAL, Workload

Json = dict[str, Any]


@dataclass
class Gated:
    """A service with the gate that runs a clean image, and its image with findings."""

    installation: Installation
    workload: Workload
    good: str
    bad: str

    def deploy(self, uri: str) -> Json:
        """Deploys another image. Returns the deployment when it has ended."""
        self.installation.ecs.update_service(
            cluster=CLUSTER,
            service=self.workload.name,
            taskDefinition=self.workload.register(uri),
        )
        return gated.ended(self.installation.ecs, CLUSTER, self.workload.name)

    def started(self) -> set[str]:
        return gated.started(self.installation.ecs, CLUSTER, self.workload.name)


@pytest.fixture(scope="module")
def inbox(installation: Installation) -> str:
    """A queue of the gate's notifications alone."""
    policy = json.dumps({"effect": [{"exists": True}]})
    return installation.subscribe("gate", FilterPolicy=policy)


@pytest.fixture(scope="module")
def bus(installation: Installation) -> str:
    """A queue that a rule of somebody else sends the gate's events to."""
    events = installation.client("events")
    pattern = {"source": ["image-scan"], "detail-type": ["Deployment Gate Decision"]}
    rule = events.put_rule(Name="gate", EventPattern=json.dumps(pattern))["RuleArn"]
    queue = make_queue(installation.client("sqs"), "gate-events", "events.amazonaws.com", rule)
    events.put_targets(Rule="gate", Targets=[{"Id": "queue", "Arn": queue.arn}])
    return queue.url


@pytest.fixture(scope="module")
def shell(installation: Installation, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    folder = tmp_path_factory.mktemp("shell")
    return Shell.of(installation.aws, folder, folder, ACCOUNT, REGION)


@pytest.fixture
def service(
    installation: Installation, workload: Workload, inbox: str, bus: str, shell: Shell
) -> Gated:
    """It was there before the hook."""
    workload.deploy()
    names = {"cluster": CLUSTER, "service": workload.name}
    hook = installation.outputs["deployment_gate"]["aws_cli"]
    shell.type(block("docs/deployment-gate.md#how-to-begin", **names, hook=hook))
    workload.find(CRITICAL)
    bad = workload.push("with a finding", tag="2").by_tag
    for queue in (inbox, bus):
        installation.messages(queue)
    return Gated(installation, workload, workload.pushed.by_tag, bad)


def decided(installation: Installation, bus: str) -> Iterator[Json]:
    for each in installation.messages(bus):
        yield json.loads(each["Body"])["detail"]


def subjects(installation: Installation, inbox: str) -> list[str]:
    return [json.loads(each["Body"])["Subject"] for each in installation.messages(inbox)]


def test_a_blocked_revision_is_rolled_back_and_none_of_its_tasks_starts(
    service: Gated, inbox: str, bus: str
) -> None:
    ended = service.deploy(service.bad)
    assert ended["status"] == "ROLLBACK_SUCCESSFUL"
    assert ended["lifecycleHookDetails"][0]["status"] == "FAILED"
    assert service.started() == {service.good}
    service.installation.wait_until_idle()
    assert len(service.workload.scans()) == 2, "one of each image, though the gate asked, too"
    (event,) = decided(service.installation, bus)
    assert (event["effect"], event["mode"], event["stage"]) == (
        "blocked",
        "enforce",
        "PRE_SCALE_UP",
    )
    assert event["reasons"] == [f"{service.bad}: 1 critical"]
    assert event["deployment"]["arn"] == ended["serviceDeploymentArn"]
    assert subjects(service.installation, inbox) == [f"Gate: {service.workload.name} was blocked"]


def test_it_answers_in_less_than_a_second_where_verdicts_are_known(service: Gated) -> None:
    """Warm, with every call of AWS that it makes; this machine is slower than Lambda's."""
    ended = service.deploy(service.good)
    event = {
        "lifecycleStage": "PRE_SCALE_UP",
        "resourceArn": ended["serviceDeploymentArn"],
        "executionDetails": {
            "targetServiceRevisionArn": ended["targetServiceRevision"]["arn"],
        },
    }
    functions = service.installation.client("lambda")
    name = service.installation.outputs["deployment_gate"]["function_name"]
    took = []
    for _ in range(3):
        before = time.monotonic()
        answer = functions.invoke(FunctionName=name, Payload=json.dumps(event))
        took.append(time.monotonic() - before)
        assert json.loads(answer["Payload"].read())["hookStatus"] == "SUCCEEDED"
    assert min(took) < 1, took


def test_audit_lets_it_go_and_says_what_it_would_have_blocked(
    service: Gated, inbox: str, bus: str
) -> None:
    service.workload.register(service.bad)  # which has it scanned
    service.installation.wait_until_idle()
    with gated.mode(service.installation, "audit"):
        assert service.deploy(service.bad)["status"] == "SUCCESSFUL"
    assert service.started() == {service.good, service.bad}
    effects = [(each["stage"], each["effect"]) for each in decided(service.installation, bus)]
    assert effects == [("PRE_SCALE_UP", "would_block"), ("POST_SCALE_UP", "would_block")]
    name = service.workload.name
    assert subjects(service.installation, inbox) == [f"Gate: {name} would have been blocked"]


def test_the_tag_of_the_service_opens_the_gate(
    service: Gated, inbox: str, bus: str, shell: Shell
) -> None:
    name = service.workload.name
    arn = f"arn:aws:ecs:{REGION}:{ACCOUNT}:service/{CLUSTER}/{name}"
    until = (datetime.now(UTC) + timedelta(hours=2)).isoformat(timespec="seconds")
    shell.type(block("docs/deployment-gate.md#at-night", service=arn, time=until))
    assert service.deploy(service.bad)["status"] == "SUCCESSFUL"
    assert service.started() == {service.good, service.bad}
    found = [*decided(service.installation, bus)]
    assert {(each["effect"], each["bypass_until"]) for each in found} == {("bypassed", until)}
    assert subjects(service.installation, inbox)[0] == f"Gate: {name} has passed by break-glass"
