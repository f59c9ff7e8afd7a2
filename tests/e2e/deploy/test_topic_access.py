"""Who is let in by `topic_access`, and who is not, with the policies of topics and key enforced."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.aws import ACCOUNT, REGION, Aws

from .conftest import Project

OTHER = "444455556666"
RULE = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/mine"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:qualys-image-scan-notifications"
ACCESS = {
    "machines": {
        "subscriber_account_ids": [OTHER],
        "publishers": [{"service": "events.amazonaws.com", "source_arns": [RULE]}],
    }
}


def queue(aws: Aws, account: str, name: str, service: str) -> str:
    """URL of a new queue that a service may send to."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sqs:SendMessage",
        "Resource": "*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    made = aws.client("sqs", account).create_queue(QueueName=name, Attributes={"Policy": policy})
    return str(made["QueueUrl"])


def subscribe(aws: Aws, reader: str) -> None:
    """As another account."""
    queue(aws, OTHER, "theirs", "sns.amazonaws.com")
    endpoint = f"arn:aws:sqs:{REGION}:{OTHER}:theirs"
    sns = aws.client("sns", OTHER)
    sns.subscribe(TopicArn=f"{TOPIC}-{reader}", Protocol="sqs", Endpoint=endpoint)


def subscribe_in_vain(aws: Aws, reader: str) -> None:
    with pytest.raises(ClientError, match="not authorized to perform: sns:Subscribe"):
        subscribe(aws, reader)


def taken(aws: Aws, account: str, name: str) -> list[Any]:
    sqs = aws.client("sqs", account)
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    found = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])
    return list(found.get("Messages", ()))


def put_event(aws: Aws) -> list[str]:
    """An event for the rule, whose target is the topic; the error codes of its queue."""
    entry = {"Source": "mine", "DetailType": "mine", "Detail": "{}"}
    aws.client("events").put_events(Entries=[entry])
    messages = taken(aws, ACCOUNT, "undelivered")
    return [each["MessageAttributes"]["ERROR_CODE"]["StringValue"] for each in messages]


def test_others_use_a_topic_where_that_was_given_and_nowhere_else(project: Project) -> None:
    aws = project.aws
    queue(aws, ACCOUNT, "undelivered", "events.amazonaws.com")
    events = aws.client("events")
    events.put_rule(Name="mine", EventPattern=json.dumps({"source": ["mine"]}))
    undelivered = {"Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:undelivered"}
    target = {"Id": "it", "Arn": f"{TOPIC}-machines", "DeadLetterConfig": undelivered}
    events.put_targets(Rule="mine", Targets=[target])

    subscribe_in_vain(aws, "machines")
    assert put_event(aws) == ["NO_PERMISSIONS"]

    project.make("deploy", f"VAR_topic_access={json.dumps(ACCESS)}", "AUTO_APPROVE=1")
    subscribe_in_vain(aws, "people")
    subscribe(aws, "machines")
    assert put_event(aws) == []
    (message,) = taken(aws, OTHER, "theirs")
    assert json.loads(json.loads(message["Body"])["Message"])["source"] == "mine"
