"""Hub and spokes, in three accounts and two regions. Each of their checks is broken, and seen.

By its name it is the first to use the organization, after its plans: nothing was scanned in it.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ops.doctor.findings import Verdict
from sandbox.aws import ACCOUNT, REGION
from sandbox.install import Install
from sandbox.organization import ELSEWHERE, Organization
from tests.e2e.ops.examination import PREFIX, Break, assert_seen, failing, look

BUS = f"{PREFIX}-hub"
FORWARD = f"{PREFIX}-forward-deployments"
DESCRIBE = f"{PREFIX}-describe"
OTHER = "o-somebodyelse"


def places(organization: Organization) -> dict[str, tuple[str, str]]:
    """A hub, a region of its own account, and a member account."""
    return {
        "hub": (ACCOUNT, REGION),
        "region": (ACCOUNT, ELSEWHERE),
        "member": (organization.tools, REGION),
    }


@pytest.mark.parametrize("place", ["hub", "region", "member"])
def test_all_is_well(organization: Organization, place: str) -> None:
    found = look(organization.install.aws, *places(organization)[place])
    assert failing(found) == {}
    rest = {name for name, each in found.items() if each.verdict is Verdict.UNKNOWN}
    # Nothing was scanned here, the token does not tell its end, and a bus is its owner's to read.
    assert (
        rest
        == {
            "hub": {"credential-life", "registry-connected", "scans-succeed"},
            "region": set(),
            "member": {"hub-admits-here"},
        }[place]
    )


def bus_policy(change: Any) -> Any:
    @contextmanager
    def put(install: Install) -> Iterator[None]:
        events = install.client("events")
        before = events.describe_event_bus(Name=BUS)["Policy"]
        events.put_permission(EventBusName=BUS, Policy=change(before))
        try:
            yield
        finally:
            events.put_permission(EventBusName=BUS, Policy=before)

    return put


def rule_disabled(account: str, region: str, name: str, bus: str = "default") -> Any:
    @contextmanager
    def disable(install: Install) -> Iterator[None]:
        events = install.aws.client("events", account, region)
        events.disable_rule(Name=name, EventBusName=bus)
        try:
            yield
        finally:
            events.enable_rule(Name=name, EventBusName=bus)

    return disable


def target_changed(account: str, region: str, change: Any) -> Any:
    @contextmanager
    def put(install: Install) -> Iterator[None]:
        events = install.aws.client("events", account, region)
        (before,) = events.list_targets_by_rule(Rule=FORWARD)["Targets"]
        events.remove_targets(Rule=FORWARD, Ids=[before["Id"]])
        if changed := change(dict(before)):
            events.put_targets(Rule=FORWARD, Targets=[changed])
        try:
            yield
        finally:
            events.put_targets(Rule=FORWARD, Targets=[before])

    return put


def role_trust(account: str, role: str, change: Any) -> Any:
    @contextmanager
    def update(install: Install) -> Iterator[None]:
        iam = install.aws.client("iam", account)
        before = json.dumps(iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"])
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=change(before))
        try:
            yield
        finally:
            iam.update_assume_role_policy(RoleName=role, PolicyDocument=before)

    return update


def role_gone(account: str, role: str) -> Any:
    @contextmanager
    def delete(install: Install) -> Iterator[None]:
        iam = install.aws.client("iam", account)
        trust = json.dumps(iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"])
        (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
        policy = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        iam.delete_role_policy(RoleName=role, PolicyName=name)
        iam.delete_role(RoleName=role)
        try:
            yield
        finally:
            iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust)
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(policy))

    return delete


def message_in(account: str, region: str) -> Any:
    @contextmanager
    def put(install: Install) -> Iterator[None]:
        sqs = install.aws.client("sqs", account, region)
        url = sqs.get_queue_url(QueueName=f"{PREFIX}-unforwarded-events")["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="{}")
        try:
            yield
        finally:
            install.messages(url, sqs)

    return put


def closed(policy: str) -> str:
    """Nobody is let in but the account 999900009999."""
    document = json.loads(policy)
    (statement,) = document["Statement"]
    statement.pop("Condition")
    statement["Principal"] = {"AWS": "arn:aws:iam::999900009999:root"}
    return json.dumps(document)


def breaks(organization: Organization) -> dict[str, tuple[str, Break]]:
    """By a name: where it is seen, and what it is."""
    tools, stackset = organization.tools, "make deploy-spoke-stackset"
    elsewhere, region = (ACCOUNT, ELSEWHERE), f"make deploy-region REGION={ELSEWHERE}"
    enable = "aws events enable-rule --name"

    def other(policy: str) -> str:
        return policy.replace(organization.id, OTHER)

    return {
        "hub: another organization": (
            "hub",
            Break("hub-bus", bus_policy(other), organization.id, "make deploy-hub"),
        ),
        "hub: rule disabled": (
            "hub",
            Break(
                "forwarded-rule",
                rule_disabled(ACCOUNT, REGION, f"{PREFIX}-forwarded-deployments", BUS),
                "is disabled",
                f"{enable} {PREFIX}-forwarded-deployments --event-bus-name {BUS} --region {REGION}",
            ),
        ),
        "region: rule disabled": (
            "region",
            Break(
                "forwarding-rule",
                rule_disabled(*elsewhere, FORWARD),
                "is disabled",
                f"{enable} {FORWARD} --event-bus-name default --region {ELSEWHERE}",
            ),
        ),
        "region: no target": (
            "region",
            Break(
                "forwarding-rule", target_changed(*elsewhere, lambda _: None), "no target", region
            ),
        ),
        "region: no dead-letter queue": (
            "region",
            Break(
                "forwarding-rule",
                target_changed(*elsewhere, lambda each: {**each, "DeadLetterConfig": {}}),
                "no dead-letter queue",
                region,
            ),
        ),
        "region: bus of another organization": (
            "region",
            Break(
                "hub-admits-here",
                bus_policy(other),
                f"in {REGION} does not let in {ACCOUNT}",
                f"make deploy AWS_REGION={REGION}",
            ),
        ),
        "region: bus lets in others": (
            "region",
            Break(
                "hub-admits-here",
                bus_policy(closed),
                f"in {REGION} does not let in {ACCOUNT}",
                f"make deploy AWS_REGION={REGION}",
            ),
        ),
        "region: unforwarded": (
            "region",
            Break("unforwarded-events", message_in(*elsewhere), "holds 1 event", "make redrive"),
        ),
        "member: forwarding role gone": (
            "member",
            Break(
                "forwarding-role",
                role_gone(tools, f"{PREFIX}-forward-{REGION}"),
                "does not exist",
                stackset,
            ),
        ),
        "member: forwarding role of another rule": (
            "member",
            Break(
                "forwarding-role",
                role_trust(
                    tools,
                    f"{PREFIX}-forward-{REGION}",
                    lambda trust: trust.replace(FORWARD, "another"),
                ),
                "does not trust rule",
                stackset,
            ),
        ),
        "member: describe role gone": (
            "member",
            Break("describe-role", role_gone(tools, DESCRIBE), "does not exist", stackset),
        ),
        "member: describe role of another external id": (
            "member",
            Break(
                "describe-role",
                role_trust(
                    tools, DESCRIBE, lambda trust: trust.replace(f"{PREFIX}-{ACCOUNT}", "another")
                ),
                "another external id",
                stackset,
            ),
        ),
        "member: describe role for another function": (
            "member",
            Break(
                "describe-role",
                role_trust(
                    tools, DESCRIBE, lambda trust: trust.replace("-parse-event-", "-another-")
                ),
                f"does not trust {PREFIX}-parse-event-{REGION} of account {ACCOUNT}",
                stackset,
            ),
        ),
    }


NAMES = (
    "hub: another organization",
    "hub: rule disabled",
    "region: rule disabled",
    "region: no target",
    "region: no dead-letter queue",
    "region: bus of another organization",
    "region: bus lets in others",
    "region: unforwarded",
    "member: forwarding role gone",
    "member: forwarding role of another rule",
    "member: describe role gone",
    "member: describe role of another external id",
    "member: describe role for another function",
)


@pytest.mark.parametrize("name", NAMES)
def test_exactly_that_line_fails(organization: Organization, name: str) -> None:
    every = breaks(organization)
    assert set(NAMES) == set(every)
    place, broken = every[name]
    assert_seen(broken, organization.install, *places(organization)[place])
