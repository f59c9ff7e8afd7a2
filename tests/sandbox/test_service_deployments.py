"""The double of ECS' deployment controller: hooks come before tasks, and can end a deployment.

AWS documents what these tests expect, but for what `sandbox.emulator.deployment_controller` names.
"""

import json
import time
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

from tests.sandbox.account import Account, allow, eventually
from tests.sandbox.services import FAILED, SUCCEEDED, WAIT, Ecs

Json = dict[str, Any]


@pytest.fixture
def ecs(account: Account) -> Ecs:
    return Ecs(account)


def test_tasks_start_after_the_hook_of_their_revision(ecs: Ecs) -> None:
    first = ecs.create("1", ecs.hook(SUCCEEDED))
    assert ecs.ended(first)["status"] == "SUCCESSFUL"
    assert ecs.runs() == {"1"}
    (event,) = ecs.events()
    assert event["lifecycleStage"] == "PRE_SCALE_UP"
    assert event["resourceArn"] == first
    assert event["executionDetails"]["serviceArn"].endswith(":service/prod/web")
    target = event["executionDetails"]["targetServiceRevisionArn"]
    assert target == ecs.shown(first)["targetServiceRevision"]["arn"]
    assert ecs.revision(target)["containerImages"][0]["imageDigest"] == ecs.pushed["1"].digest


def test_no_task_of_a_refused_revision_ever_starts(ecs: Ecs) -> None:
    ecs.ended(ecs.create("1"))
    ended = ecs.ended(ecs.deploy("2", ecs.hook(FAILED)))
    assert ended["status"] == "ROLLBACK_SUCCESSFUL"
    assert "the hook answered FAILED" in ended["statusReason"]
    assert [each["status"] for each in ended["lifecycleHookDetails"]] == ["FAILED"]
    assert ecs.ran() == ecs.runs() == {"1"}
    refused = ecs.revision(ended["targetServiceRevision"]["arn"])
    assert [set(each) for each in refused["containerImages"]] == [{"containerName", "image"}]


@pytest.mark.parametrize(
    "answer",
    [
        "raise",
        "SUCCEEDED",
        {},
        {"hookStatus": "DONE"},
        {"hookStatus": "SUCCEEDED", "callBackDelay": "1"},
        None,
    ],
)
def test_the_code_of_the_hook_raises_or_answers_in_no_known_form(ecs: Ecs, answer: Any) -> None:
    ecs.ended(ecs.create("1"))
    assert ecs.ended(ecs.deploy("2", ecs.hook(answer)))["status"] == "ROLLBACK_SUCCESSFUL"
    assert ecs.ran() == {"1"}


def test_the_function_is_deleted(ecs: Ecs) -> None:
    ecs.ended(ecs.create("1"))
    hook = ecs.hook(SUCCEEDED)
    ecs.account.client("lambda").delete_function(FunctionName="hook")
    assert ecs.ended(ecs.deploy("2", hook))["status"] == "ROLLBACK_SUCCESSFUL"
    assert ecs.ran() == {"1"}


def test_lambda_throttles_the_function(ecs: Ecs) -> None:
    ecs.ended(ecs.create("1"))
    hook = ecs.hook(SUCCEEDED)
    limits = {"FunctionName": "hook", "ReservedConcurrentExecutions": 0}
    ecs.account.client("lambda").put_function_concurrency(**limits)
    assert ecs.ended(ecs.deploy("2", hook))["status"] == "ROLLBACK_SUCCESSFUL"
    assert (ecs.ran(), ecs.events()) == ({"1"}, [])


@pytest.mark.parametrize("broken", ["trust", "permission"])
def test_the_role_of_the_hook_is_broken(ecs: Ecs, broken: str) -> None:
    ecs.ended(ecs.create("1"))
    hook = ecs.hook(SUCCEEDED)
    service = "lambda" if broken == "trust" else "ecs"
    policy = allow(
        "lambda:InvokeFunction", resource=hook["hookTargetArn"] + "x" * (service == "ecs")
    )
    hook["roleArn"] = ecs.account.role("broken", service, policy)
    ended = ecs.ended(ecs.deploy("2", hook))
    assert ended["status"] == "ROLLBACK_SUCCESSFUL"
    assert "not authorized" in ended["statusReason"]
    assert ecs.events() == []


def test_a_hook_that_waits_is_asked_again_with_its_details(ecs: Ecs) -> None:
    hook = ecs.hook(
        {**WAIT, "hookDetails": {"seen": "1"}}, WAIT, SUCCEEDED, hookDetails={"own": "x"}
    )
    assert ecs.ended(ecs.create("1", hook))["status"] == "SUCCESSFUL"
    events = ecs.events()
    assert [each["hookDetails"] for each in events] == [
        {"own": "x"},
        {"own": "x", "seen": "1", "calls": 1},
        {"own": "x", "seen": "1", "calls": 2},
    ]
    assert len({each["executionId"] for each in events}) == 1


@pytest.mark.parametrize(
    ("action", "status", "ran"),
    [("ROLLBACK", "ROLLBACK_SUCCESSFUL", {"1"}), ("CONTINUE", "SUCCESSFUL", {"1", "2"})],
)
def test_a_hook_that_waits_for_too_long(ecs: Ecs, action: str, status: str, ran: set[str]) -> None:
    ecs.ended(ecs.create("1"))
    hook = ecs.hook(WAIT, timeoutConfiguration={"timeoutInMinutes": 5, "action": action})
    ended = ecs.ended(ecs.deploy("2", hook))
    assert (ended["status"], ecs.ran()) == (status, ran)
    assert len(ecs.events()) == 5


def test_both_hooks_of_a_stage_must_succeed(ecs: Ecs) -> None:
    ecs.ended(ecs.create("1"))
    hooks = ecs.hook(SUCCEEDED, name="one"), ecs.hook(WAIT, FAILED, name="two")
    ended = ecs.ended(ecs.deploy("2", *hooks))
    assert ended["status"] == "ROLLBACK_SUCCESSFUL"
    assert {each["status"] for each in ended["lifecycleHookDetails"]} == {"SUCCEEDED", "FAILED"}
    assert ecs.ran() == {"1"}
    both = ecs.hook(SUCCEEDED, name="three"), ecs.hook(WAIT, SUCCEEDED, name="four")
    assert ecs.ended(ecs.deploy("2", *both))["status"] == "SUCCESSFUL"


def test_stages_come_in_their_order(ecs: Ecs) -> None:
    stages = (
        "POST_PRODUCTION_TRAFFIC_SHIFT",
        "POST_SCALE_UP",
        "PRE_SCALE_UP",
        "TEST_TRAFFIC_SHIFT",
    )
    ecs.ended(ecs.create("1", ecs.hook(SUCCEEDED, stages=stages)))
    assert [each["lifecycleStage"] for each in ecs.events()] == [
        "PRE_SCALE_UP",
        "POST_SCALE_UP",
        "TEST_TRAFFIC_SHIFT",
        "POST_PRODUCTION_TRAFFIC_SHIFT",
    ]


def test_a_refusal_after_scale_up_brings_the_revision_before_back(ecs: Ecs) -> None:
    ecs.ended(ecs.create("1"))
    late = ecs.hook(FAILED, stages=("POST_SCALE_UP",))
    ended = ecs.ended(ecs.deploy("2", late))
    assert ended["status"] == "ROLLBACK_SUCCESSFUL"
    assert ended["rollback"]["serviceRevisionArn"] in {
        each["arn"] for each in ended["sourceServiceRevisions"]
    }
    assert (ecs.ran(), eventually(ecs.runs)) == ({"1", "2"}, {"1"})


def test_the_first_deployment_is_refused(ecs: Ecs) -> None:
    """There is nothing to go back to: the service stays without tasks, also when it is scaled."""
    ended = ecs.ended(ecs.create("1", ecs.hook(FAILED)))
    assert (ended["status"], ended["sourceServiceRevisions"]) == ("ROLLBACK_FAILED", [])
    ecs.client.update_service(cluster="prod", service="web", desiredCount=2)
    assert ecs.ran() == set()
    assert ecs.ended(ecs.deploy("2", ecs.hook(SUCCEEDED, name="other")))["status"] == "SUCCESSFUL"
    (service,) = ecs.client.describe_services(cluster="prod", services=["web"])["services"]
    assert (ecs.ran(), service["runningCount"]) == ({"2"}, 2)


def test_a_newer_deployment_replaces_one_that_waits(ecs: Ecs) -> None:
    ecs.ended(ecs.create("1"))
    waiting = ecs.deploy("2", ecs.hook(WAIT, name="slow"))
    eventually(lambda: ecs.account.messages(ecs.asked))
    newer = ecs.deploy("3", ecs.hook(SUCCEEDED, name="fast"))
    assert ecs.ended(waiting)["status"] == "STOPPED"
    assert ecs.ended(newer)["status"] == "SUCCESSFUL"
    time.sleep(0.2)  # what the older hook answers now is of no account
    assert ecs.ran() == {"1", "3"}
    assert ecs.shown(waiting)["status"] == "STOPPED"


def test_the_way_back_replaces_one_that_waits(ecs: Ecs) -> None:
    ecs.ended(ecs.create("1"))
    (service,) = ecs.client.describe_services(cluster="prod", services=["web"])["services"]
    waiting = ecs.deploy("2", ecs.hook(WAIT))
    ecs.client.update_service(
        cluster="prod",
        service="web",
        taskDefinition=service["taskDefinition"],
        deploymentConfiguration={"lifecycleHooks": []},
    )
    assert ecs.ended(waiting)["status"] == "STOPPED"
    assert ecs.ran() == {"1"}


def test_a_tag_that_moves_after_the_hook_shows_in_the_revision(ecs: Ecs) -> None:
    arn = ecs.create("1", ecs.hook(WAIT))
    eventually(lambda: ecs.account.messages(ecs.asked))
    moved = ecs.push("1", "other bytes")
    settings = {"ASKED": ecs.asked, "ANSWERS": json.dumps([SUCCEEDED])}
    ecs.account.client("lambda").update_function_configuration(
        FunctionName="hook", Environment={"Variables": settings}
    )
    target = ecs.ended(arn)["targetServiceRevision"]["arn"]
    digest = ecs.revision(target)["containerImages"][0]["imageDigest"]
    assert digest == moved.digest != ecs.pushed["1"].digest


def test_a_tag_that_ecs_is_not_to_fix_has_no_digest_in_the_revision(ecs: Ecs) -> None:
    container = {
        "name": "app",
        "image": ecs.pushed["1"].by_tag,
        "versionConsistency": "disabled",
    }
    made = ecs.client.register_task_definition(family="app", containerDefinitions=[container])
    ecs.client.create_service(
        cluster="prod",
        serviceName="web",
        taskDefinition=made["taskDefinition"]["taskDefinitionArn"],
        desiredCount=1,
    )
    revision = ecs.revision(ecs.shown(ecs.newest())["targetServiceRevision"]["arn"])
    assert [set(each) for each in revision["containerImages"]] == [{"containerName", "image"}]
    assert ecs.runs() == {"1"}


def test_deployments_without_hooks_are_recorded_too(ecs: Ecs) -> None:
    first, second = ecs.create("1"), ecs.deploy("2")
    listed = ecs.client.list_service_deployments(cluster="prod", service="web")[
        "serviceDeployments"
    ]
    assert [each["serviceDeploymentArn"] for each in listed] == [second, first]
    assert {each["status"] for each in listed} == {"SUCCESSFUL"}
    (source,) = ecs.shown(second)["sourceServiceRevisions"]
    assert source["arn"] == ecs.shown(first)["targetServiceRevision"]["arn"]
    page = ecs.client.list_service_deployments(cluster="prod", service="web", maxResults=1)
    assert len(page["serviceDeployments"]) == 1
    assert page["nextToken"]


def test_each_answer_has_the_shape_that_the_sdk_documents(ecs: Ecs) -> None:
    ecs.ended(ecs.create("1", ecs.hook(SUCCEEDED)))
    arn = ecs.deploy("2", ecs.hook(FAILED, name="no"))
    revision = ecs.ended(arn)["targetServiceRevision"]["arn"]
    asked: dict[str, Json] = {
        "DescribeServiceDeployments": {"serviceDeploymentArns": [arn, arn + "x"]},
        "DescribeServiceRevisions": {"serviceRevisionArns": [revision, revision + "x"]},
        "ListServiceDeployments": {"cluster": "prod", "service": "web"},
    }
    client = ecs.client
    raw: list[Json] = []
    client.meta.events.register(
        "before-parse.ecs", lambda response_dict, **_: raw.append(json.loads(response_dict["body"]))
    )
    for name, arguments in asked.items():
        getattr(client, xform_name(name))(**arguments)
        shape: Any = client.meta.service_model.operation_model(name).output_shape
        report = ParamValidator().validate(raw[-1], shape)
        assert not report.has_errors(), report.generate_report()
        (listed,) = {*shape.members} - {"failures", "nextToken"}
        assert {*raw[-1][listed][0]} <= {*shape.members[listed].member.members}


def test_who_asks_for_deployments_needs_them_as_resources(ecs: Ecs) -> None:
    arn = ecs.create("1")
    revision = ecs.shown(arn)["targetServiceRevision"]["arn"]
    prefix = f"arn:aws:ecs:us-east-1:{ecs.account.id}"
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["ecs:DescribeServiceDeployments", "ecs:DescribeServiceRevisions"],
                "Resource": [f"{prefix}:service-deployment/*", f"{prefix}:service-revision/*"],
            },
            {
                "Effect": "Allow",
                "Action": ["ecs:ListServiceDeployments", "ecs:ListTagsForResource"],
                "Resource": f"{prefix}:service/*",
            },
        ],
    }
    reader = ecs.account.client(
        "ecs", ecs.account.aws.create_user("reader", policy, ecs.account.id)
    )
    service = f"{prefix}:service/prod/web"
    reader.describe_service_deployments(serviceDeploymentArns=[arn])
    reader.describe_service_revisions(serviceRevisionArns=[revision])
    reader.list_service_deployments(cluster="prod", service=service)
    reader.list_tags_for_resource(resourceArn=service)
    with pytest.raises(ClientError):
        reader.list_tags_for_resource(resourceArn=f"{prefix}:task-definition/app:1")


@pytest.mark.parametrize(
    "change", [{"targetType": "PAUSE"}, {"roleArn": ""}, {"lifecycleStages": ["SCALE_UP"]}]
)
def test_hooks_that_the_double_does_not_know_are_refused(ecs: Ecs, change: Json) -> None:
    with pytest.raises(ClientError):
        ecs.create("1", {**ecs.hook(SUCCEEDED), **change})


def test_a_service_that_is_deleted_ends_its_deployment(ecs: Ecs) -> None:
    arn = ecs.create("1", ecs.hook(WAIT))
    ecs.client.delete_service(cluster="prod", service="web", force=True)
    assert ecs.ended(arn)["status"] == "STOPPED"
    assert ecs.ran() == set()
