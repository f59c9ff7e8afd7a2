"""Events that are forwarded to another account or region."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.account import Account, Json, allow
from tests.sandbox.events import TASKS, caught, lets_in, register


def error_code(message: Json) -> str:
    return str(message["MessageAttributes"]["ERROR_CODE"]["StringValue"])


def hub_policy(hub: str, condition: Json | None = None, principal: Any = "*") -> str:
    statement = {
        "Sid": "spokes",
        "Effect": "Allow",
        "Principal": principal,
        "Action": "events:PutEvents",
        "Resource": hub,
    } | ({"Condition": condition} if condition else {})
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def forwarding(spoke: Account, hub: str, policy: Json | None = None) -> str:
    """A rule that sends ECS events to the hub bus; the URL of its dead-letter queue."""
    role = spoke.role("forward", "events", policy or allow("events:PutEvents", resource=hub))
    arn = f"arn:aws:sqs:{spoke.region}:{spoke.id}:dlq"
    target = {"Arn": hub, "RoleArn": role, "DeadLetterConfig": {"Arn": arn}}
    rule = spoke.rule("forward", TASKS, target)
    return spoke.queue("dlq", lets_in(arn, rule))[0]


@pytest.fixture
def hub(account: Account) -> str:
    return str(account.client("events").create_event_bus(Name="hub")["EventBusArn"])


def deploy(account: Account) -> None:
    register(account)
    account.client("ecs").create_cluster(clusterName="c")
    account.client("ecs").run_task(cluster="c", taskDefinition="app")


def test_events_cross_accounts_and_regions(account: Account, hub: str) -> None:
    spoke = Account(account.aws, "333333333301", "eu-west-1")
    account.client("events").put_permission(
        EventBusName="hub", Policy=hub_policy(hub, principal={"AWS": spoke.id})
    )
    dead = forwarding(spoke, hub)
    url = caught(account, TASKS, "hub")
    deploy(spoke)
    (message,) = account.messages(url)
    envelope = json.loads(message["Body"])
    assert (envelope["account"], envelope["region"]) == (spoke.id, "eu-west-1")
    assert spoke.messages(dead) == []


@pytest.mark.parametrize("case", ["no policy", "another account", "another organization", "role"])
def test_a_foreign_bus_takes_only_whom_it_lets_in(account: Account, hub: str, case: str) -> None:
    spoke = Account(account.aws, str(int(account.id) + 111111111111))
    events = account.client("events")
    if case == "another account":
        policy = hub_policy(hub, principal={"AWS": "444444444444"})
        events.put_permission(EventBusName="hub", Policy=policy)
    elif case == "another organization":
        policy = hub_policy(hub, {"StringEquals": {"aws:PrincipalOrgID": "o-other"}})
        events.put_permission(EventBusName="hub", Policy=policy)
    elif case == "role":
        events.put_permission(EventBusName="hub", Policy=hub_policy(hub))
    dead = forwarding(spoke, hub, allow("sqs:SendMessage") if case == "role" else None)
    url = caught(account, TASKS, "hub")
    deploy(spoke)
    assert account.messages(url) == []
    assert [error_code(message) for message in spoke.messages(dead)] == ["NO_PERMISSIONS"]


def test_members_of_the_organization_are_let_in(account: Account, hub: str) -> None:
    organizations = account.client("organizations")
    organization = organizations.describe_organization()["Organization"]["Id"]
    created = organizations.create_account(AccountName="member", Email="m@example.com")
    spoke = Account(account.aws, created["CreateAccountStatus"]["AccountId"])
    condition = {"StringEquals": {"aws:PrincipalOrgID": organization}}
    account.client("events").put_permission(EventBusName="hub", Policy=hub_policy(hub, condition))
    forwarding(spoke, hub)
    url = caught(account, TASKS, "hub")
    deploy(spoke)
    assert len(account.messages(url)) == 1


def test_an_event_goes_no_third_account(account: Account, hub: str) -> None:
    spoke = Account(account.aws, "333333333302")
    third = Account(account.aws, "333333333303")
    last = third.client("events").create_event_bus(Name="last")["EventBusArn"]
    for owner, bus in ((account, hub), (third, last)):
        name = bus.rsplit("/", 1)[1]
        owner.client("events").put_permission(EventBusName=name, Policy=hub_policy(bus))
    forwarding(spoke, hub)
    role = account.role("on", "events", allow("events:PutEvents", resource=last))
    account.rule("on", TASKS, {"Arn": last, "RoleArn": role}, "hub")
    url = caught(account, TASKS, "hub")
    beyond = caught(third, TASKS, "last")
    deploy(spoke)
    assert len(account.messages(url)) == 1
    assert third.messages(beyond) == []


@pytest.mark.parametrize(
    ("operator", "sources", "lets"),
    [
        ("ForAllValues:StringEquals", ["a"], True),
        ("ForAllValues:StringEquals", ["b"], False),
        ("ForAllValues:StringEquals", ["a", "b"], False),
        ("StringEquals", ["a"], False),
    ],
)
def test_what_may_be_put_can_depend_on_its_source(
    account: Account, hub: str, operator: str, sources: list[str], *, lets: bool
) -> None:
    """The source is a key of many values, and takes a set operator even where there is one."""
    policy = allow("events:PutEvents", resource=hub)
    policy["Statement"][0]["Condition"] = {operator: {"events:source": "a"}}
    user = account.aws.create_user("putter", policy, account.id)
    entries = [
        {"EventBusName": hub, "Source": each, "DetailType": "t", "Detail": "{}"} for each in sources
    ]
    put = account.client("events", user).put_events
    if lets:
        assert put(Entries=entries)["FailedEntryCount"] == 0
    else:
        with pytest.raises(ClientError, match="AccessDenied"):
            put(Entries=entries)
