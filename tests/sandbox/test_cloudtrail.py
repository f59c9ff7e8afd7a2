"""The events that CloudTrail and ECS emit."""

import json
import re

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.account import EVERYTHING, Account, Json, allow
from tests.sandbox.events import CLOUDTRAIL, IMAGE, TASKS, caught, register


def test_a_write_becomes_an_event_of_the_trail(account: Account) -> None:
    account.trail()
    url = caught(account, CLOUDTRAIL)
    register(account)
    account.client("ecs").list_task_definitions()
    (message,) = account.messages(url)
    envelope = json.loads(message["Body"])
    assert (envelope["account"], envelope["region"]) == (account.id, "us-east-1")
    detail = envelope["detail"]
    assert (detail["eventName"], detail["eventSource"]) == (
        "RegisterTaskDefinition",
        "ecs.amazonaws.com",
    )
    assert detail["userIdentity"]["type"] == "Root"
    container = detail["requestParameters"]["containerDefinitions"][0]
    assert container["environment"] == [{"name": "TOKEN", "value": "t"}]
    registered = detail["responseElements"]["taskDefinition"]
    assert registered["taskDefinitionArn"].endswith("task-definition/app:1")
    assert re.fullmatch(
        r"[A-Z][a-z]{2} \d+, \d{4}, \d+:\d\d:\d\d [AP]M", registered["registeredAt"]
    )
    assert "errorCode" not in detail


@pytest.mark.parametrize(
    ("options", "region", "seen"),
    [
        ({}, "us-east-1", True),
        ({}, "eu-west-1", False),
        ({"IsMultiRegionTrail": True}, "eu-west-1", True),
        ({"IsMultiRegionTrail": True, "logging": False}, "us-east-1", False),
    ],
    ids=["its region", "another region", "multi-region", "not logging"],
)
def test_only_a_logging_trail_makes_events(
    account: Account, options: Json, region: str, seen: bool
) -> None:
    account.trail(**options)
    there = account.in_region(region)
    url = caught(there, CLOUDTRAIL)
    register(there)
    assert bool(there.messages(url)) is seen


def test_a_trail_of_reads_or_data_makes_no_events(account: Account) -> None:
    account.trail()
    account.client("cloudtrail").put_event_selectors(
        TrailName="trail", EventSelectors=[{"ReadWriteType": "ReadOnly"}]
    )
    url = caught(account, CLOUDTRAIL)
    register(account)
    assert not account.messages(url)


def test_a_failed_call_has_an_error_and_no_response(account: Account) -> None:
    account.trail()
    url = caught(account, CLOUDTRAIL)
    user = account.aws.create_user("nobody", allow("s3:*"), account.id)
    with pytest.raises(Exception, match="AccessDenied"):
        register(account, user)
    with pytest.raises(Exception, match="ClientException"):
        account.client("ecs").run_task(taskDefinition="absent")
    denied, refused = [json.loads(m["Body"])["detail"] for m in account.messages(url)]
    assert denied["errorCode"] == "AccessDenied"
    assert "not authorized to perform: ecs:RegisterTaskDefinition" in denied["errorMessage"]
    assert denied["userIdentity"]["type"] == "IAMUser"
    assert denied["userIdentity"]["userName"] == "nobody"
    assert refused["errorCode"] == "ClientException"
    assert refused["responseElements"] is denied["responseElements"] is None


def test_an_assumed_role_is_named_with_its_issuer(account: Account) -> None:
    account.trail()
    url = caught(account, CLOUDTRAIL)
    user = account.aws.create_user("ci", EVERYTHING, account.id)
    role = account.aws.create_role("deploy", {"AWS": user.arn}, EVERYTHING, account.id)
    register(account, account.aws.assume(user, role, "pipeline"))
    (message,) = account.messages(url)
    identity = json.loads(message["Body"])["detail"]["userIdentity"]
    assert identity["type"] == "AssumedRole"
    assert identity["arn"] == f"arn:aws:sts::{account.id}:assumed-role/deploy/pipeline"
    issuer = identity["sessionContext"]["sessionIssuer"]
    assert (issuer["arn"], issuer["userName"], issuer["type"]) == (role, "deploy", "Role")
    assert identity["principalId"] == f"{issuer['principalId']}:pipeline"


def test_run_task_and_services_are_recorded(account: Account) -> None:
    account.trail()
    register(account)
    url = caught(account, CLOUDTRAIL)
    ecs = account.client("ecs")
    ecs.create_cluster(clusterName="c")
    ecs.run_task(cluster="c", taskDefinition="app")
    ecs.create_service(cluster="c", serviceName="s", taskDefinition="app", desiredCount=1)
    ecs.update_service(cluster="c", service="s", desiredCount=2)
    ecs.tag_resource(
        resourceArn=f"arn:aws:ecs:us-east-1:{account.id}:cluster/c",
        tags=[{"key": "k", "value": "v"}],
    )
    names = [json.loads(m["Body"])["detail"]["eventName"] for m in account.messages(url)]
    assert names == ["CreateCluster", "RunTask", "CreateService", "UpdateService", "TagResource"]


def test_tasks_are_announced_without_a_trail(account: Account) -> None:
    register(account)
    url = caught(account, TASKS)
    ecs = account.client("ecs")
    ecs.create_cluster(clusterName="c")
    task = ecs.run_task(cluster="c", taskDefinition="app", launchType="FARGATE")["tasks"][0]
    ecs.stop_task(cluster="c", task=task["taskArn"], reason="done")
    running, stopped = [json.loads(m["Body"]) for m in account.messages(url)]
    assert running["resources"] == [task["taskArn"]]
    detail = running["detail"]
    assert (detail["lastStatus"], detail["desiredStatus"]) == ("RUNNING", "RUNNING")
    assert detail["launchType"] == "FARGATE"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", detail["createdAt"])
    assert [c["image"] for c in detail["containers"]] == [IMAGE]
    assert stopped["detail"]["lastStatus"] == "STOPPED"
    assert stopped["detail"]["stoppedReason"] == "done"


@pytest.mark.parametrize("name", ["team--prod-ecs", "a._b", "10.0.0.1", "ab", "-a-b", "a" * 129])
def test_a_trail_has_a_name_that_aws_takes(account: Account, name: str) -> None:
    with pytest.raises(ClientError, match="InvalidTrailName"):
        account.trail(name)
