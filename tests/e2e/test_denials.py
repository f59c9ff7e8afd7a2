"""Each part works with its own role only: a permission less, and the failure is seen and queued."""

import json
import time
from typing import Any

import pytest

from sandbox.aws import ACCOUNT
from sandbox.installation import Installation

from .conftest import CRITICAL, Without, Workload

Json = dict[str, Any]
FAILED_EVENT = [
    ("parse_event", "ecs:DescribeTaskDefinition", "AwsRejected"),
    ("check_cache", "dynamodb:PutItem", "AwsRejected"),
    ("intake", "lambda:InvokeFunction", "Lambda.AWSLambdaException"),
    ("intake", "states:StartExecution", "StepFunctions.AWSStepFunctionsException"),
]


@pytest.mark.parametrize(("role", "action", "error"), FAILED_EVENT)
def test_an_event_that_the_intake_cannot_process_is_queued_whole(
    installation: Installation,
    workload: Workload,
    without: Without,
    role: str,
    action: str,
    error: str,
) -> None:
    with without(role, action):
        workload.deploy()
    waiting = installation.failed_events()
    assert {each["error"] for each in waiting} == {error}
    assert {each["body"]["source"] for each in waiting} == {"aws.ecs"}

    # With the permission back, what was queued comes to its verdict.
    for each in waiting:
        installation.client("stepfunctions").start_execution(
            stateMachineArn=installation.outputs["intake_state_machine_arn"],
            input=json.dumps(each["body"]),
        )
    installation.wait_until_idle()
    assert workload.verdict()["status"] == "CLEAN"
    assert installation.failed_events() == []


def test_an_event_that_is_not_delivered_is_in_the_dead_letter_queue(
    installation: Installation, workload: Workload, without: Without
) -> None:
    with without("events", "states:StartExecution"):
        workload.deploy()
    url = installation.outputs["undelivered_events_queue"]["url"]
    messages = installation.messages(url)
    events = [json.loads(each["Body"]) for each in messages]
    names = {event["detail"].get("eventName", event["detail-type"]) for event in events}
    assert names == {"RegisterTaskDefinition", "CreateService", "ECS Task State Change"}


SCAN_ERROR = [
    ("get_registry", "dynamodb:GetItem"),
    ("submit_scan", "secretsmanager:GetSecretValue"),
    ("check_status", "secretsmanager:GetSecretValue"),
    ("get_results", "secretsmanager:GetSecretValue"),
    ("scan", "lambda:InvokeFunction"),
]


@pytest.mark.parametrize(("role", "action"), SCAN_ERROR)
def test_a_scan_that_may_not_go_on_is_an_error_of_the_digest_and_frees_its_image(
    installation: Installation, workload: Workload, without: Without, role: str, action: str
) -> None:
    installation.forget_environments()
    with without(role, action):
        workload.deploy_once()
    (scan,) = workload.scans()
    assert scan["status"] == "FAILED"
    assert workload.verdict()["status"] == "ERROR"
    if role != "scan":  # the machine that may call nobody can reach nobody but the queue
        assert workload.for_the_digest().startswith("ERROR: AwsRejected")
        assert installation.notifications() == []


def test_an_alert_that_cannot_be_sent_is_never_lost_behind_a_cache_hit(
    installation: Installation, workload: Workload, without: Without
) -> None:
    workload.find(CRITICAL)
    with without("send_notification", "sns:Publish"):
        workload.deploy_once()
        queued: list[Json] = []
        deadline = time.monotonic() + 60
        while len(queued) < 2:  # what follows the end of an execution is tried again, for a while
            assert time.monotonic() < deadline, queued
            queued += installation.failed_events()
    assert workload.verdict()["status"] == "FINDINGS"
    (waiting,) = [each for each in queued if "requestPayload" not in each["body"]]
    assert waiting["body"]["detail-type"] == "Image Scan Requested"
    assert installation.notifications() == []

    # What is queued can be put back: its owner is notified, and nothing is scanned again.
    installation.client("stepfunctions").start_execution(
        stateMachineArn=installation.outputs["intake_state_machine_arn"],
        input=json.dumps(waiting["body"]),
    )
    installation.wait_until_idle()
    (sent,) = installation.notifications()
    assert sent["subject"].startswith(f"Scan: tests/{workload.name} - 1C/0H (")
    assert [entry["account"] for entry in sent["registered"]] == [ACCOUNT]
    assert sent["workloads"] == []
    assert len(workload.scans()) == 1


def test_the_sensor_is_refused_with_a_wrong_external_id(
    installation: Installation, workload: Workload
) -> None:
    iam = installation.client("iam")
    name = installation.outputs["registry_role_arn"].rsplit("/", 1)[-1]
    trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    wrong = json.dumps(trust).replace("4711004711", "1234567890")
    assert wrong != json.dumps(trust)
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=wrong)
    try:
        workload.deploy_once()
    finally:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
    assert workload.for_the_digest().startswith("ERROR: ")
    assert "ASSUME_ROLE_FAILED" in workload.for_the_digest()
