"""Hub and spokes, in three accounts and two regions. Each of their checks is broken, and seen.

They are the first to use the organization: nothing was scanned in it.
"""

import json
from typing import Any

import pytest

from ops.doctor.findings import Verdict
from sandbox.aws import ACCOUNT, REGION
from sandbox.installation import Installation
from sandbox.organization import ELSEWHERE, Organization
from tests.e2e.ops.examination import PREFIX, Break, assert_seen, failing, look

BUS = f"{PREFIX}-hub"
FORWARD = f"{PREFIX}-forward-deployments"
DESCRIBE = f"{PREFIX}-describe"
OTHER = "o-somebodyelse"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/{PREFIX}-registry-{REGION}"


def scopes(organization: Organization) -> dict[str, tuple[str, str]]:
    """A hub, a region of its own account, and a member account."""
    return {
        "hub": (ACCOUNT, REGION),
        "region": (ACCOUNT, ELSEWHERE),
        "member": (organization.tools, REGION),
    }


@pytest.mark.parametrize("scope", ["hub", "region", "member"])
def test_all_is_well(organization: Organization, scope: str) -> None:
    found = look(organization.installation.aws, *scopes(organization)[scope])
    assert failing(found) == {}
    rest = {name for name, each in found.items() if each.verdict is Verdict.UNKNOWN}
    # Nothing was scanned here, the token does not say its end, and a bus is its owner's to read.
    assert (
        rest
        == {
            "hub": {"credential-life", "registry-connected", "scans-succeed"},
            "region": set(),
            "member": {"hub-admits-here"},
        }[scope]
    )


def change_bus(change: Any) -> Any:
    def put(installation: Installation) -> None:
        events = installation.client("events")
        policy = events.describe_event_bus(Name=BUS)["Policy"]
        events.put_permission(EventBusName=BUS, Policy=change(policy))

    return put


def deactivate_stack_sets(installation: Installation) -> None:
    installation.client("ecr").register_pull_time_update_exclusion(principalArn=ROLE_ARN)
    installation.client("cloudformation").deactivate_organizations_access()


def disable_rule(account: str, region: str, name: str, bus: str = "default") -> Any:
    def disable(installation: Installation) -> None:
        installation.aws.client("events", account, region).disable_rule(Name=name, EventBusName=bus)

    return disable


def change_target(account: str, region: str, change: Any) -> Any:
    def put(installation: Installation) -> None:
        events = installation.aws.client("events", account, region)
        (before,) = events.list_targets_by_rule(Rule=FORWARD)["Targets"]
        events.remove_targets(Rule=FORWARD, Ids=[before["Id"]])
        if changed := change(dict(before)):
            events.put_targets(Rule=FORWARD, Targets=[changed])

    return put


def change_trust(account: str, role: str, change: Any) -> Any:
    def update(installation: Installation) -> None:
        iam = installation.aws.client("iam", account)
        policy = json.dumps(iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"])
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=change(policy))

    return update


def delete_role(account: str, role: str) -> Any:
    def delete(installation: Installation) -> None:
        iam = installation.aws.client("iam", account)
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            iam.delete_role_policy(RoleName=role, PolicyName=name)
        iam.delete_role(RoleName=role)

    return delete


def send_message(account: str, region: str) -> Any:
    def send(installation: Installation) -> None:
        sqs = installation.aws.client("sqs", account, region)
        url = sqs.get_queue_url(QueueName=f"{PREFIX}-unforwarded-events")["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="{}")

    return send


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
            Break("hub-bus", change_bus(other), organization.id, "make deploy-hub"),
        ),
        "hub: StackSets without access": (
            "hub",
            Break(
                "stack-sets-access",
                deactivate_stack_sets,
                "CloudFormation may not deploy to the accounts of the organization",
                "aws cloudformation activate-organizations-access",
                verdict=Verdict.HINT,
            ),
        ),
        "hub: rule disabled": (
            "hub",
            Break(
                "forwarded-rule",
                disable_rule(ACCOUNT, REGION, f"{PREFIX}-forwarded-deployments", BUS),
                "is disabled",
                f"{enable} {PREFIX}-forwarded-deployments --event-bus-name {BUS} --region {REGION}",
            ),
        ),
        "region: rule disabled": (
            "region",
            Break(
                "forwarding-rule",
                disable_rule(*elsewhere, FORWARD),
                "is disabled",
                f"{enable} {FORWARD} --event-bus-name default --region {ELSEWHERE}",
            ),
        ),
        "region: no target": (
            "region",
            Break(
                "forwarding-rule", change_target(*elsewhere, lambda _: None), "no target", region
            ),
        ),
        "region: no dead-letter queue": (
            "region",
            Break(
                "forwarding-rule",
                change_target(*elsewhere, lambda each: {**each, "DeadLetterConfig": {}}),
                "no dead-letter queue",
                region,
            ),
        ),
        "region: bus of another organization": (
            "region",
            Break(
                "hub-admits-here",
                change_bus(other),
                f"in {REGION} refuses events of {ACCOUNT}",
                f"make deploy REGION={REGION}",
            ),
        ),
        "region: bus lets in others": (
            "region",
            Break(
                "hub-admits-here",
                change_bus(closed),
                f"in {REGION} refuses events of {ACCOUNT}",
                f"make deploy REGION={REGION}",
            ),
        ),
        "region: unforwarded": (
            "region",
            Break("unforwarded-events", send_message(*elsewhere), "holds 1 event", "make redrive"),
        ),
        "member: forwarding role gone": (
            "member",
            Break(
                "forwarding-role",
                delete_role(tools, f"{PREFIX}-forward-{REGION}"),
                "does not exist",
                stackset,
            ),
        ),
        "member: forwarding role of another rule": (
            "member",
            Break(
                "forwarding-role",
                change_trust(
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
            Break("describe-role", delete_role(tools, DESCRIBE), "does not exist", stackset),
        ),
        "member: describe role of another external id": (
            "member",
            Break(
                "describe-role",
                change_trust(
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
                change_trust(
                    tools, DESCRIBE, lambda trust: trust.replace("-parse-event-", "-another-")
                ),
                f"does not trust {PREFIX}-parse-event-{REGION} of account {ACCOUNT}",
                stackset,
            ),
        ),
    }


NAMES = (
    "hub: another organization",
    "hub: StackSets without access",
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
def test_exactly_that_line_fails(breakable: Organization, name: str) -> None:
    every = breaks(breakable)
    assert set(NAMES) == set(every)
    scope, broken = every[name]
    assert_seen(broken, breakable.installation, *scopes(breakable)[scope])
