"""Checks EventBridge: each rule is enabled, matches its events, and has a target with a queue."""

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from ops.doctor import policies
from ops.doctor.aws_errors import is_missing
from ops.doctor.findings import Finding, failed, passed
from ops.doctor.here import Here

_ECS_CALL = {
    "source": "aws.ecs",
    "detail-type": "AWS API Call via CloudTrail",
    "detail": {
        "eventSource": "ecs.amazonaws.com",
        "eventName": "RegisterTaskDefinition",
        "userIdentity": {"type": "AssumedRole"},
    },
}


def deployments_rule(here: Here) -> Finding:
    return _rule(here, "ecs-deployments", here.machine_arn("intake"), "undelivered-events")


def forwarded_rule(here: Here) -> Finding:
    """Checks the rule on the hub bus, for events from other accounts and regions."""
    target = here.machine_arn("intake")
    return _rule(here, "forwarded-deployments", target, "undelivered-events", here.name("hub"))


def scan_ended_rule(here: Here) -> Finding:
    target = here.arn("lambda", f"function:{here.name('send-notification')}")
    return _rule(here, "scan-ended", target, "failed-events")


def forwarding_rule(here: Here) -> Finding:
    return _rule(here, "forward-deployments", here.hub_bus_arn, "unforwarded-events")


def _rule(here: Here, suffix: str, target: str, queue: str, bus: str = "default") -> Finding:
    name = here.name(suffix)
    try:
        rule = here.client("events").describe_rule(Name=name, EventBusName=bus)
    except ClientError as error:
        if not is_missing(error):
            raise
        return failed(f"rule {name} does not exist", here.deploy)
    if not str(rule["State"]).startswith("ENABLED"):
        remedy = here.aws("events enable-rule", name=name, event_bus_name=bus)
        return failed(f"rule {name} is disabled", remedy)
    if not _matches(here, rule["EventPattern"], suffix):
        return failed(f"rule {name} does not match the events that it is for", here.deploy)
    targets = here.targets(suffix, bus)
    found = next((each for each in targets if target and each["Arn"] == target), None)
    if found is None:
        return failed(f"rule {name} has no target {target or 'that is an event bus'}", here.deploy)
    if problem := _queue_problem(here, found, queue, here.rule_arn(suffix, bus)):
        return failed(f"rule {name}: {problem}", here.deploy)
    return passed(f"rule {name} is enabled, with target and dead-letter queue")


def _queue_problem(here: Here, target: Mapping[str, Any], suffix: str, rule_arn: str) -> str:
    """Says why undelivered events cannot reach the dead-letter queue; empty if they can."""
    name = here.name(suffix)
    arn = target.get("DeadLetterConfig", {}).get("Arn", "")
    if not arn:
        return "the target has no dead-letter queue"
    if arn != here.arn("sqs", name):
        return ""  # a queue of the user's own, which we cannot check
    if (queue := here.queue(suffix)) is None:
        return f"the dead-letter queue {name} does not exist"
    facts = {"aws:sourcearn": rule_arn, "aws:sourceaccount": here.account_id}
    policy = queue.get("Policy")
    if not policies.allows_service(policy, "events.amazonaws.com", "sqs:SendMessage", facts):
        return f"the policy of {name} lets no event of the rule in"
    return ""


def _matches(here: Here, pattern: str, suffix: str) -> bool:
    """Asks AWS whether the pattern matches an event of the rule's kind."""
    event: Mapping[str, Any] = _ECS_CALL
    if suffix == "scan-ended":
        event = {
            "source": "aws.states",
            "detail-type": "Step Functions Execution Status Change",
            "detail": {"stateMachineArn": here.machine_arn("scan"), "status": "ABORTED"},
        }
    # Events for a hub come from another account.
    account = "000000000000" if suffix == "forwarded-deployments" else here.account_id
    envelope = {
        "id": "00000000-0000-0000-0000-000000000000",
        "account": account,
        "region": here.region,
        "time": "2026-01-01T00:00:00Z",
        "resources": [],
        **event,
    }
    answer = here.client("events").test_event_pattern(
        EventPattern=pattern, Event=json.dumps(envelope)
    )
    return bool(answer["Result"])
