"""A queue that one topic or rule may send to."""

import json
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
