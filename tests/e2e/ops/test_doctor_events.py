"""The way of an event to the intake: trail, rules, roles. Each is broken, seen, and mended."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from sandbox.aws import ACCOUNT, REGION
from sandbox.install import Install

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


@contextmanager
def no_trail(install: Install) -> Iterator[None]:
    cloudtrail = install.client("cloudtrail")
    (trail,) = cloudtrail.describe_trails(trailNameList=[TRAIL])["trailList"]
    selectors = cloudtrail.get_event_selectors(TrailName=TRAIL)["EventSelectors"]
    cloudtrail.delete_trail(Name=TRAIL)
    try:
        yield
    finally:
        kept = ("Name", "S3BucketName", "KmsKeyId", "IncludeGlobalServiceEvents")
        cloudtrail.create_trail(
            **{name: trail[name] for name in kept if name in trail}, EnableLogFileValidation=True
        )
        cloudtrail.put_event_selectors(TrailName=TRAIL, EventSelectors=selectors)
        cloudtrail.start_logging(Name=TRAIL)


@contextmanager
def trail_stopped(install: Install) -> Iterator[None]:
    install.client("cloudtrail").stop_logging(Name=TRAIL)
    try:
        yield
    finally:
        install.client("cloudtrail").start_logging(Name=TRAIL)


@contextmanager
def reads_only(install: Install) -> Iterator[None]:
    cloudtrail = install.client("cloudtrail")
    before = cloudtrail.get_event_selectors(TrailName=TRAIL)["EventSelectors"]
    reads = {"ReadWriteType": "ReadOnly", "IncludeManagementEvents": True}
    cloudtrail.put_event_selectors(TrailName=TRAIL, EventSelectors=[reads])
    try:
        yield
    finally:
        cloudtrail.put_event_selectors(TrailName=TRAIL, EventSelectors=before)


def disabled(suffix: str) -> Any:
    @contextmanager
    def disable(install: Install) -> Iterator[None]:
        install.client("events").disable_rule(Name=f"{PREFIX}-{suffix}")
        try:
            yield
        finally:
            install.client("events").enable_rule(Name=f"{PREFIX}-{suffix}")

    return disable


@contextmanager
def other_pattern(install: Install) -> Iterator[None]:
    events = install.client("events")
    before = events.describe_rule(Name=RULE)
    events.put_rule(Name=RULE, EventPattern=json.dumps({"source": ["aws.ec2"]}))
    try:
        yield
    finally:
        kept = {name: before[name] for name in ("Description", "EventPattern", "State")}
        events.put_rule(Name=RULE, **kept)


def target(**changes: Any) -> Any:
    """The target of the rule, with some of its members replaced, or taken away by None."""

    @contextmanager
    def change(install: Install) -> Iterator[None]:
        events = install.client("events")
        (before,) = events.list_targets_by_rule(Rule=RULE)["Targets"]
        changed = {k: v for k, v in {**before, **changes}.items() if v is not None}
        events.put_targets(Rule=RULE, Targets=[changed])
        try:
            yield
        finally:
            events.put_targets(Rule=RULE, Targets=[before])

    return change


@contextmanager
def no_target(install: Install) -> Iterator[None]:
    events = install.client("events")
    targets = events.list_targets_by_rule(Rule=RULE)["Targets"]
    events.remove_targets(Rule=RULE, Ids=[each["Id"] for each in targets])
    try:
        yield
    finally:
        events.put_targets(Rule=RULE, Targets=targets)


@contextmanager
def closed_queue(install: Install) -> Iterator[None]:
    """The dead-letter queue lets nobody in."""
    sqs, url = install.client("sqs"), install.outputs["undelivered_events_queue"]["url"]
    before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]
    closed = json.loads(before["Policy"])
    closed["Statement"][0]["Condition"]["ArnEquals"]["aws:SourceArn"] = "arn:aws:events:a:b:rule/c"
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(closed)})
    try:
        yield
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes=before)


def distrusted(role: str) -> Any:
    """A role, by its key in the outputs, that trusts none of ours."""

    @contextmanager
    def distrust(install: Install) -> Iterator[None]:
        iam, name = install.client("iam"), install.outputs["role_arns"][role].rsplit("/", 1)[-1]
        before = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(NOBODY))
        try:
            yield
        finally:
            iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(before))

    return distrust


@contextmanager
def powerless(install: Install) -> Iterator[None]:
    """EventBridge's role without its policy."""
    iam, name = install.client("iam"), f"{PREFIX}-events-{REGION}"
    before = iam.get_role_policy(RoleName=name, PolicyName="start-intake")["PolicyDocument"]
    iam.delete_role_policy(RoleName=name, PolicyName="start-intake")
    try:
        yield
    finally:
        iam.put_role_policy(
            RoleName=name, PolicyName="start-intake", PolicyDocument=json.dumps(before)
        )


BREAKS = [
    Break("trail-exists", no_trail, "no trail covers", "make deploy VAR_create_trail=true"),
    Break(
        "trail-logging",
        trail_stopped,
        f"{TRAIL} is switched off",
        f"aws cloudtrail start-logging --name {TRAIL_ARN} --region {REGION}",
    ),
    Break(
        "trail-write-events",
        reads_only,
        "records no write management events",
        f"aws cloudtrail put-event-selectors --trail-name {TRAIL_ARN} --event-selectors ",
    ),
    Break(
        "deployments-rule",
        disabled("ecs-deployments"),
        f"{RULE} is disabled",
        f"aws events enable-rule --name {RULE} --event-bus-name default --region {REGION}",
    ),
    Break("deployments-rule", other_pattern, "does not match", "make deploy"),
    Break("deployments-rule", no_target, f"{RULE} has no target", "make deploy"),
    Break("deployments-rule", target(DeadLetterConfig=None), "no dead-letter queue", "make deploy"),
    Break("deployments-rule", closed_queue, "lets no event of the rule in", "make deploy"),
    Break(
        "scan-ended-rule",
        disabled("scan-ended"),
        "scan-ended is disabled",
        f"aws events enable-rule --name {PREFIX}-scan-ended",
    ),
    Break("events-role", distrusted("events"), "does not trust rule", "make deploy"),
    Break("events-role", powerless, "may not states:StartExecution", "make deploy"),
    Break(
        "events-role",
        target(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/nobody"),
        "role nobody does not exist",
        "make deploy",
    ),
    Break("machine-roles", distrusted("scan"), "does not trust states", "make deploy"),
    Break("function-roles", distrusted("check_status"), "does not trust lambda", "make deploy"),
]


@pytest.mark.parametrize("broken", BREAKS, ids=lambda each: f"{each.check}: {each.reason}")
def test_exactly_that_line_fails(broken: Break, install: Install) -> None:
    assert_seen(broken, install)


def test_another_trail_will_do(install: Install) -> None:
    """One of all regions, beside ours which is stopped."""
    cloudtrail, s3 = install.client("cloudtrail"), install.client("s3")
    s3.create_bucket(Bucket="another-trail")
    cloudtrail.create_trail(Name="another", S3BucketName="another-trail", IsMultiRegionTrail=True)
    cloudtrail.start_logging(Name="another")
    try:
        with trail_stopped(install):
            assert failing(look(install.aws)) == {}
    finally:
        cloudtrail.delete_trail(Name="another")
        s3.delete_bucket(Bucket="another-trail")
