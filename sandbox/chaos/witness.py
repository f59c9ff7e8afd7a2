"""A witness of all events on the account's default bus, independent of the installation's
rules."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.installation import Installation

Json = dict[str, Any]
# Patterns of the events that the installation must see: calls, and tasks that start or stop.
WATCHED: tuple[Json, ...] = (
    {"eventName": ["RegisterTaskDefinition", "RunTask", "CreateService", "UpdateService"]},
    {"lastStatus": ["RUNNING"], "desiredStatus": ["RUNNING"]},
    {"lastStatus": ["STOPPED"]},
)


class Witness:
    """A separate rule and queue that see all events of the default bus."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        sqs, events = installation.client("sqs"), installation.client("events")
        self._url = sqs.create_queue(QueueName="witness")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        arn = arn["Attributes"]["QueueArn"]
        pattern = {"source": ["aws.ecs"], "$or": [{"detail": each} for each in WATCHED]}
        rule = events.put_rule(Name="witness", EventPattern=json.dumps(pattern))["RuleArn"]
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sqs.set_queue_attributes(QueueUrl=self._url, Attributes={"Policy": policy})
        events.put_targets(Rule="witness", Targets=[{"Id": "queue", "Arn": arn}])

    def events(self) -> list[Json]:
        return [json.loads(each["Body"]) for each in self._installation.messages(self._url)]
