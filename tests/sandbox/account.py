"""An emulated account and the things that tests make in it."""

import io
import json
import time
import zipfile
from collections.abc import Callable
from typing import Any, TypeVar

from sandbox.aws import REGION, Aws, Principal

Json = dict[str, Any]
T = TypeVar("T")

EVERYTHING: Json = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}


def allow(*actions: str, resource: str = "*") -> Json:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": resource}
    return {"Version": "2012-10-17", "Statement": [statement]}


def zipped(code: str) -> bytes:
    """A package of one module, main.py."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("main.py", code)
    return archive.getvalue()


def eventually(find: Callable[[], T], seconds: float = 60) -> T:
    """What `find` returns, as soon as it is true."""
    deadline = time.monotonic() + seconds
    while not (found := find()):
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.02)
    return found


class Account:
    def __init__(self, aws: Aws, number: str, region: str = REGION) -> None:
        self.aws = aws
        self.id = number
        self.region = region

    def client(self, service: str, principal: Principal | None = None) -> Any:
        return self.aws.client(service, self.id, self.region, principal)

    def in_region(self, region: str) -> "Account":
        return Account(self.aws, self.id, region)

    def role(self, name: str, service: str, policy: Json | None = EVERYTHING) -> str:
        trusted = {"Service": f"{service}.amazonaws.com"}
        return self.aws.create_role(name, trusted, policy, self.id)

    def function(self, name: str, code: str, role: str | None = None, **options: Any) -> str:
        """A Lambda function out of the source of its module; its ARN."""
        created = self.client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.12",
            Handler="main.handler",
            Role=role or self.role(f"{name}-function", "lambda"),
            Code={"ZipFile": zipped(code)},
            **options,
        )
        return str(created["FunctionArn"])

    def machine(self, name: str, definition: Json, role: str | None = None, **options: Any) -> str:
        created = self.client("stepfunctions").create_state_machine(
            name=name,
            definition=json.dumps({"QueryLanguage": "JSONata"} | definition),
            roleArn=role or self.role(f"{name}-machine", "states"),
            **options,
        )
        return str(created["stateMachineArn"])

    def start(self, machine: str, payload: Any = None, **options: Any) -> str:
        started = self.client("stepfunctions").start_execution(
            stateMachineArn=machine, input=json.dumps(payload or {}), **options
        )
        return str(started["executionArn"])

    def ended(self, execution: str) -> Json:
        """The execution once it is no longer running."""
        states = self.client("stepfunctions")

        def over() -> Json | None:
            found: Json = states.describe_execution(executionArn=execution)
            return None if found["status"] == "RUNNING" else found

        return eventually(over) or {}

    def run(self, definition: Json, payload: Any = None, name: str = "machine") -> Json:
        return self.ended(self.start(self.machine(name, definition), payload))

    def queue(self, name: str, policy: Json | None = None) -> tuple[str, str]:
        """A queue's URL and ARN."""
        arn = f"arn:aws:sqs:{self.region}:{self.id}:{name}"
        attributes = {"Policy": json.dumps(policy)} if policy else {}
        created = self.client("sqs").create_queue(QueueName=name, Attributes=attributes)
        return str(created["QueueUrl"]), arn

    def messages(self, url: str) -> list[Json]:
        """All that lies in a queue; it is taken out."""
        sqs, found = self.client("sqs"), []
        while batch := sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            MessageAttributeNames=["All"],
            VisibilityTimeout=600,
        ).get("Messages"):
            found += batch
        return found

    def message(self, url: str) -> Json:
        return eventually(lambda: self.messages(url))[0]

    def rule(self, name: str, pattern: Json, target: Json, bus: str = "default") -> str:
        events = self.client("events")
        rule = events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))
        answer = events.put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "it"} | target])
        assert not answer["FailedEntryCount"]
        return str(rule["RuleArn"])

    def trail(self, name: str = "trail", *, logging: bool = True, **options: Any) -> None:
        trails = self.client("cloudtrail")
        trails.create_trail(Name=name, S3BucketName="trail", **options)
        if logging:
            trails.start_logging(Name=name)
