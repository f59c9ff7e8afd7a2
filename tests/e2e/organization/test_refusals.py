"""What is refused lies where an alarm sees it: in the spoke's queue, or in the hub's."""

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any

from sandbox.aws import ACCOUNT, REGION
from sandbox.organization import ELSEWHERE, PREFIX, Organization, Spoke, make_trail

from .conftest import App

Json = dict[str, Any]


def unforwarded(organization: Organization, spoke: Spoke) -> list[Json]:
    """Takes what the spoke could not forward, after seeing that its alarms watch the queue."""
    name = f"{PREFIX}-unforwarded-events"
    watched = {name: "ApproximateNumberOfMessagesVisible", f"{name}-queued": "NumberOfMessagesSent"}
    alarms = spoke.client("cloudwatch").describe_alarms(AlarmNames=[*watched])["MetricAlarms"]
    assert {alarm["AlarmName"]: alarm["MetricName"] for alarm in alarms} == watched
    for alarm in alarms:
        assert alarm["Dimensions"] == [{"Name": "QueueName", "Value": name}]
        assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")
    return organization.unforwarded(spoke)


def refusals(messages: list[Json]) -> list[str]:
    return [each["MessageAttributes"]["ERROR_CODE"]["StringValue"] for each in messages]


def assert_queued_in_the_spoke(organization: Organization, app: App) -> None:
    app.register()
    assert app.wait_until_idle() == {}
    messages = unforwarded(organization, app.spoke)
    assert refusals(messages) == ["NO_PERMISSIONS"]
    assert json.loads(messages[0]["Body"])["account"] == app.spoke.account


def assert_queued_in_the_hub(organization: Organization, app: App) -> None:
    app.register()
    assert app.wait_until_idle() == {}
    (queued,) = organization.installation.failed_events()
    assert queued["error"] == "ImageUnread"
    assert queued["body"]["account"] == app.spoke.account
    watch = organization.installation.client("cloudwatch")
    (alarm,) = watch.describe_alarms(AlarmNames=[f"{PREFIX}-failed-events"])["MetricAlarms"]
    assert set(alarm["AlarmActions"]) == set(
        organization.installation.outputs["topic_arns"].values()
    )


@contextlib.contextmanager
def role_policy(organization: Organization, account: str, role: str, policy: str) -> Iterator[None]:
    """Another policy for a role, for a while."""
    iam = organization.installation.aws.client("iam", account)
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    before = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=policy)
    try:
        yield
    finally:
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(before))


@contextlib.contextmanager
def trust(organization: Organization, account: str, role: str, document: Json) -> Iterator[None]:
    iam = organization.installation.aws.client("iam", account)
    before = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(document))
    organization.installation.forget_environments()
    try:
        yield
    finally:
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(before))
        organization.installation.forget_environments()


def test_a_forwarding_role_that_may_not(
    organization: Organization, make_app: Callable[..., App]
) -> None:
    nothing = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}],
    }
    role = f"{PREFIX}-forward-{REGION}"
    app = make_app(organization.tools)
    with role_policy(organization, organization.tools, role, json.dumps(nothing)):
        assert_queued_in_the_spoke(organization, app)


def test_a_bus_of_another_organization(
    organization: Organization, make_app: Callable[..., App]
) -> None:
    events = organization.installation.client("events")
    name = organization.hub["event_bus_arn"].rsplit("/", 1)[-1]
    policy = events.describe_event_bus(Name=name)["Policy"]
    other = policy.replace(organization.id, "o-somebodyelse")
    assert other != policy
    app = make_app(organization.shop, ELSEWHERE)
    events.put_permission(EventBusName=name, Policy=other)
    try:
        assert_queued_in_the_spoke(organization, app)
    finally:
        events.put_permission(EventBusName=name, Policy=policy)
    app.register()
    assert app.wait_until_idle()["status"] == "CLEAN"


def test_an_account_outside_the_organization(
    organization: Organization, make_app: Callable[..., App]
) -> None:
    foreign = "999900009999"
    make_trail(organization.installation.aws, foreign)
    organization.rules(foreign, REGION)
    organization.roles(foreign)
    assert_queued_in_the_spoke(organization, make_app(foreign))


def test_a_wrong_external_id(organization: Organization, make_app: Callable[..., App]) -> None:
    role = organization.hub["describe_role_name"]
    iam = organization.installation.aws.client("iam", organization.shop)
    document = iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
    document["Statement"][0]["Condition"]["StringEquals"]["sts:ExternalId"] = "another"
    app = make_app(organization.shop)
    with trust(organization, organization.shop, role, document):
        assert_queued_in_the_hub(organization, app)
    app.register()
    assert app.wait_until_idle()["status"] == "CLEAN"


def test_a_describe_role_that_is_missing(
    organization: Organization, make_app: Callable[..., App]
) -> None:
    account = organization.create_account("forgetful")
    organization.rules(account, REGION)
    organization.roles(account)
    role = organization.hub["describe_role_name"]
    iam = organization.installation.aws.client("iam", account)
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        iam.delete_role_policy(RoleName=role, PolicyName=policy)
    iam.delete_role(RoleName=role)
    assert_queued_in_the_hub(organization, make_app(account))


def test_the_describe_role_lets_in_one_function_alone(organization: Organization) -> None:
    """Neither the hub's root, nor another of its functions, with the right external id."""
    hub = organization.hub
    role = f"arn:aws:iam::{organization.shop}:role/{hub['describe_role_name']}"
    may = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}],
    }
    user = organization.installation.aws.create_user("curious", may, ACCOUNT)
    sts = organization.installation.client("sts", user)
    with contextlib.suppress(sts.exceptions.ClientError):
        sts.assume_role(
            RoleArn=role, RoleSessionName="curious", ExternalId=hub["describe_external_id"]
        )
        raise AssertionError("a foreign account was let in to the hub's")
