"""The way of an event to the intake: trail, rules, roles. Each is broken and seen."""

import json
from typing import Any

import pytest

from sandbox.aws import ACCOUNT, REGION
from sandbox.installation import Installation

from .examination import PREFIX, Break, assert_seen, failing, look

TRAIL = f"{PREFIX}-ecs"
RULE = f"{PREFIX}-ecs-deployments"
TRAIL_ARN = f"arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/{TRAIL}"
NOBODY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "ec2.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


def delete_trail(installation: Installation) -> None:
    installation.client("cloudtrail").delete_trail(Name=TRAIL)


def stop_trail(installation: Installation) -> None:
    installation.client("cloudtrail").stop_logging(Name=TRAIL)


def record_reads_only(installation: Installation) -> None:
    reads = {"ReadWriteType": "ReadOnly", "IncludeManagementEvents": True}
    installation.client("cloudtrail").put_event_selectors(TrailName=TRAIL, EventSelectors=[reads])


def disable(suffix: str) -> Any:
    return lambda installation: installation.client("events").disable_rule(
        Name=f"{PREFIX}-{suffix}"
    )


def put_another_pattern(installation: Installation) -> None:
    pattern = json.dumps({"source": ["aws.ec2"]})
    installation.client("events").put_rule(Name=RULE, EventPattern=pattern)


def change_target(**changes: Any) -> Any:
    """Replaces members of the rule's target, or takes them away by None."""

    def change(installation: Installation) -> None:
        events = installation.client("events")
        (before,) = events.list_targets_by_rule(Rule=RULE)["Targets"]
        changed = {k: v for k, v in {**before, **changes}.items() if v is not None}
        events.put_targets(Rule=RULE, Targets=[changed])

    return change


def remove_targets(installation: Installation) -> None:
    events = installation.client("events")
    targets = events.list_targets_by_rule(Rule=RULE)["Targets"]
    events.remove_targets(Rule=RULE, Ids=[each["Id"] for each in targets])


def close_queue(installation: Installation) -> None:
    """The dead-letter queue lets nobody in."""
    sqs, url = installation.client("sqs"), installation.outputs["undelivered_events_queue"]["url"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]
    policy = json.loads(found["Policy"])
    policy["Statement"][0]["Condition"]["ArnLike"]["aws:SourceArn"] = "arn:aws:events:a:b:rule/c"
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})


def distrust(role: str) -> Any:
    """A role, by its key in the outputs, that trusts none of ours."""

    def change(installation: Installation) -> None:
        name = installation.outputs["role_arns"][role].rsplit("/", 1)[-1]
        installation.client("iam").update_assume_role_policy(
            RoleName=name, PolicyDocument=json.dumps(NOBODY)
        )

    return change


def delete_policy(installation: Installation) -> None:
    """EventBridge's role may do nothing."""
    role = f"{PREFIX}-events-{REGION}"
    installation.client("iam").delete_role_policy(RoleName=role, PolicyName="start-intake")


BREAKS = [
    Break("trail-exists", delete_trail, "no trail covers", "make deploy VAR_create_trail=true"),
    Break(
        "trail-logging",
        stop_trail,
        f"{TRAIL} is switched off",
        f"aws cloudtrail start-logging --name {TRAIL_ARN} --region {REGION}",
    ),
    Break(
        "trail-write-events",
        record_reads_only,
        "records no write management events",
        f"aws cloudtrail put-event-selectors --trail-name {TRAIL_ARN} --event-selectors ",
    ),
    Break(
        "deployments-rule",
        disable("ecs-deployments"),
        f"{RULE} is disabled",
        f"aws events enable-rule --name {RULE} --event-bus-name default --region {REGION}",
    ),
    Break("deployments-rule", put_another_pattern, "does not match", "make deploy"),
    Break("deployments-rule", remove_targets, f"{RULE} has no target", "make deploy"),
    Break(
        "deployments-rule",
        change_target(DeadLetterConfig=None),
        "no dead-letter queue",
        "make deploy",
    ),
    Break("deployments-rule", close_queue, "lets no event of the rule in", "make deploy"),
    Break(
        "scan-ended-rule",
        disable("scan-ended"),
        "scan-ended is disabled",
        f"aws events enable-rule --name {PREFIX}-scan-ended",
    ),
    Break("events-role", distrust("events"), "does not trust rule", "make deploy"),
    Break("events-role", delete_policy, "may not states:StartExecution", "make deploy"),
    Break(
        "events-role",
        change_target(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/nobody"),
        "role nobody does not exist",
        "make deploy",
    ),
    Break("machine-roles", distrust("scan"), "does not trust states", "make deploy"),
    Break("function-roles", distrust("check_status"), "does not trust lambda", "make deploy"),
]


@pytest.mark.parametrize("broken", BREAKS, ids=lambda each: f"{each.check}: {each.reason}")
def test_exactly_that_line_fails(broken: Break, breakable: Installation) -> None:
    assert_seen(broken, breakable)


def test_another_trail_will_do(breakable: Installation) -> None:
    """One of all regions, beside ours which is stopped."""
    cloudtrail, s3 = breakable.client("cloudtrail"), breakable.client("s3")
    s3.create_bucket(Bucket="another-trail")
    cloudtrail.create_trail(Name="another", S3BucketName="another-trail", IsMultiRegionTrail=True)
    cloudtrail.start_logging(Name="another")
    stop_trail(breakable)
    assert failing(look(breakable.aws)) == {}
