"""A queue that one topic or rule may send to."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Queue:
    url: str
    arn: str


def make_queue(sqs: Any, name: str, service: str, source_arn: str) -> Queue:
    """Creates a queue that takes messages of one AWS service, and of one topic or rule there."""
    url = str(sqs.create_queue(QueueName=name)["QueueUrl"])
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    arn = str(found["Attributes"]["QueueArn"])
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": source_arn}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return Queue(url, arn)


def subscribe_to_events(
    client: Callable[[str], Any], name: str, pattern: dict[str, Any], bus: str = "default"
) -> str:
    """Creates a queue behind a rule of a bus. Returns its URL."""
    events, rule = client("events"), {"Name": name, "EventBusName": bus}
    arn = events.put_rule(**rule, EventPattern=json.dumps(pattern))["RuleArn"]
    queue = make_queue(client("sqs"), name, "events.amazonaws.com", arn)
    target = {"Id": "queue", "Arn": queue.arn}
    events.put_targets(Rule=name, EventBusName=bus, Targets=[target])
    return queue.url
