"""What the tests of events share: things that make events, and queues that catch them."""

from typing import Any

from sandbox.aws import Principal
from tests.sandbox.account import Account, Json

IMAGE = "111111111111.dkr.ecr.us-east-1.amazonaws.com/app:1"
CLOUDTRAIL = {"source": ["aws.ecs"], "detail-type": ["AWS API Call via CloudTrail"]}
TASKS = {"source": ["aws.ecs"], "detail-type": ["ECS Task State Change"]}


def lets_in(arn: str, rule: str) -> Json:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def caught(account: Account, pattern: Json, bus: str = "default") -> str:
    """The URL of a queue that gets every event that matches."""
    arn = f"arn:aws:sqs:{account.region}:{account.id}:caught"
    rule = account.rule("caught", pattern, {"Arn": arn}, bus)
    return account.queue("caught", lets_in(arn, rule))[0]


def register(account: Account, principal: Principal | None = None) -> Any:
    container = {"name": "app", "image": IMAGE, "environment": [{"name": "TOKEN", "value": "t"}]}
    ecs = account.client("ecs", principal)
    return ecs.register_task_definition(family="app", containerDefinitions=[container])


def put(account: Account, bus: str = "default") -> None:
    entry = {"Source": "mine", "DetailType": "t", "Detail": '{"n": 1}', "EventBusName": bus}
    answer = account.client("events").put_events(Entries=[entry])
    assert not answer["FailedEntryCount"]
