"""The deployment gate as Terraform made it: ECS asks it before tasks start, with IAM enforced."""

import io
import json
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox import gated
from sandbox.aws import ACCOUNT, REGION, REPOSITORY
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

    def deploy(self, *uris: str) -> Json:
        """Deploys other images. Returns the deployment when it has ended."""
        self.installation.ecs.update_service(
            cluster=CLUSTER,
            service=self.workload.name,
            taskDefinition=self.workload.register(*uris),
        )
        return gated.ended(self.installation.ecs, CLUSTER, self.workload.name)

    def started(self) -> set[str]:
        return gated.started(self.installation.ecs, CLUSTER, self.workload.name)


class Hold:
    """Another hook at PRE_SCALE_UP, of somebody else, that waits until it is released."""

    CODE = """
import os
def handler(event, context):
    return {"hookStatus": os.environ["ANSWER"], "callBackDelay": 1}
"""

    def __init__(self, installation: Installation) -> None:
        package = io.BytesIO()
        with zipfile.ZipFile(package, "w") as file:
            file.writestr("main.py", self.CODE)
        make_role = installation.aws.create_role
        self._functions = installation.client("lambda")
        arn = self._functions.create_function(
            FunctionName="hold",
            Runtime="python3.12",
            Handler="main.handler",
            Role=make_role("hold", {"Service": "lambda.amazonaws.com"}, None),
            Code={"ZipFile": package.getvalue()},
            Environment={"Variables": {"ANSWER": "IN_PROGRESS"}},
        )["FunctionArn"]
        invoke = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": arn}
        policy = {"Version": "2012-10-17", "Statement": [invoke]}
        role = make_role("hold-ecs", {"Service": "ecs.amazonaws.com"}, policy)
        self.hook = {"hookTargetArn": arn, "roleArn": role, "lifecycleStages": ["PRE_SCALE_UP"]}

    def release(self) -> None:
        variables = {"Variables": {"ANSWER": "SUCCEEDED"}}
        self._functions.update_function_configuration(FunctionName="hold", Environment=variables)


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
    return Shell.of(installation.aws, REPOSITORY, tmp_path_factory.mktemp("s"), ACCOUNT, REGION)


@pytest.fixture
def service(
    installation: Installation, workload: Workload, inbox: str, bus: str, shell: Shell
) -> Gated:
    """It was there before the hook."""
    workload.deploy()
    names = {"cluster": CLUSTER, "service": workload.name}
    shell.type(block("docs/deployment-gate.md#how-to-begin", **names))
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


def test_a_sidecar_outside_of_ecr_hides_no_blocked_image(service: Gated, bus: str) -> None:
    """The role of the gate may not even ask for its verdict."""
    sidecar = "public.ecr.aws/datadog/agent:7"
    assert service.deploy(service.bad, sidecar)["status"] == "ROLLBACK_SUCCESSFUL"
    (event,) = decided(service.installation, bus)
    assert (event["decision"], event["reasons"][0]) == ("block", f"{service.bad}: 1 critical")
    assert [each["decision"] for each in event["images"]] == ["block", "undecided"]


def test_a_tag_that_is_moved_while_tasks_start_is_rolled_back(service: Gated, bus: str) -> None:
    """The gate has admitted a clean image by its tag, and another hook of that stage still waits.
    By then ECS pulls another image."""
    workload, installation = service.workload, service.installation
    clean = workload.push("clean", tag="3")
    hold = Hold(installation)
    workload.find([])
    configuration = gated.hook(installation)
    configuration["lifecycleHooks"].append(hold.hook)
    installation.ecs.update_service(
        cluster=CLUSTER,
        service=workload.name,
        taskDefinition=workload.register(clean.by_tag),
        deploymentConfiguration=configuration,
    )
    deadline, first = time.monotonic() + 60, [*decided(installation, bus)]
    while not first and time.monotonic() < deadline:
        time.sleep(0.05)
        first = [*decided(installation, bus)]
    workload.find(CRITICAL)
    moved = workload.push("with a finding", tag="3")
    hold.release()
    ended = gated.ended(installation.ecs, CLUSTER, workload.name)
    assert ended["status"] == "ROLLBACK_SUCCESSFUL"
    (last,) = decided(installation, bus)
    assert [(each["stage"], each["effect"]) for each in (*first, last)] == [
        ("PRE_SCALE_UP", "allowed"),
        ("POST_SCALE_UP", "blocked"),
    ]
    digests = (first[0]["images"][0]["digest"], last["images"][0]["digest"])
    assert digests == (clean.digest, moved.digest)


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


def test_a_service_enforces_before_the_gate_does(service: Gated, shell: Shell, bus: str) -> None:
    """As the page says: the hook, a look at what would have been blocked, the stricter hook."""
    name = service.workload.name
    with gated.mode(service.installation, "audit"):
        assert service.deploy(service.bad)["status"] == "SUCCESSFUL"
        shown = json.loads(shell.type("./image-scan gate --json"))
        (found,) = [each for each in shown["services"] if each["service"] == name]
        assert (found["mode"], found["stages"]) == ("audit", ["POST_SCALE_UP", "PRE_SCALE_UP"])
        text = block("docs/deployment-gate.md#how-to-begin 2", cluster=CLUSTER, service=name)
        shell.type(text)
        worse = service.workload.push("also with a finding", tag="3").by_tag
        assert service.deploy(worse)["status"] == "ROLLBACK_SUCCESSFUL"
        assert worse not in service.started()
    modes = [each["mode"] for each in decided(service.installation, bus)]
    assert modes == ["audit", "audit", "enforce"]


def test_the_first_deployment_of_a_service_is_blocked(
    service: Gated, workload: Workload, inbox: str
) -> None:
    """It has nothing to go back to, and has no tasks."""
    ecs, name = service.installation.ecs, f"{workload.name}-new"
    ecs.create_service(
        cluster=CLUSTER,
        serviceName=name,
        taskDefinition=workload.register(service.bad),
        desiredCount=1,
        deploymentConfiguration=gated.hook(service.installation),
    )
    assert gated.ended(ecs, CLUSTER, name)["status"] == "ROLLBACK_FAILED"
    assert gated.started(ecs, CLUSTER, name) == set()
    assert subjects(service.installation, inbox) == [f"Gate: {name} was blocked"]


def test_a_newer_deployment_replaces_one_that_the_gate_holds(service: Gated, bus: str) -> None:
    """The answer about the old one is ignored."""
    installation, name = service.installation, service.workload.name
    slow = service.workload.push("slow", tag="3")
    service.workload.behave(scan_seconds=4)
    definition = service.workload.register(slow.by_tag)
    installation.ecs.update_service(cluster=CLUSTER, service=name, taskDefinition=definition)
    listed = installation.ecs.list_service_deployments(cluster=CLUSTER, service=name)
    held = listed["serviceDeployments"][0]["serviceDeploymentArn"]
    service.workload.behave(scan_seconds=0.2)
    assert service.deploy(service.good)["status"] == "SUCCESSFUL"
    (old,) = installation.ecs.describe_service_deployments(serviceDeploymentArns=[held])[
        "serviceDeployments"
    ]
    assert old["status"] == "STOPPED"
    assert service.started() == {service.good}
    installation.wait_until_idle()
    assert [each["effect"] for each in decided(installation, bus)][-2:] == ["allowed", "allowed"]


def test_the_tag_of_the_service_opens_the_gate(
    service: Gated, inbox: str, bus: str, shell: Shell
) -> None:
    name = service.workload.name
    until = (datetime.now(UTC) + timedelta(hours=2)).isoformat(timespec="seconds")
    service_arn = {"region": REGION, "account": ACCOUNT, "cluster": CLUSTER, "service": name}
    shell.type(block("docs/deployment-gate.md#at-night", **service_arn, time=until))
    assert service.deploy(service.bad)["status"] == "SUCCESSFUL"
    assert service.started() == {service.good, service.bad}
    found = [*decided(service.installation, bus)]
    assert {(each["effect"], each["bypass_until"]) for each in found} == {("bypassed", until)}
    assert subjects(service.installation, inbox)[0] == f"Gate: {name} has passed by break-glass"
