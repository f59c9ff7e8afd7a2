"""A function is killed at the point that a test names, and nowhere else."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from tests.sandbox.account import Account, Json, eventually

FUNCTION = """
import json
import urllib.request
import boto3

def handler(event, context):
    items = boto3.client("dynamodb")
    for key in event["keys"]:
        items.put_item(TableName="items", Item={"k": {"S": key}})
    if event.get("url"):
        urllib.request.urlopen(urllib.request.Request(event["url"], b"{}")).read()
    boto3.client("sns").publish(TopicArn=event["topic"], Message=event["keys"][-1])
    return "done"
"""
KILLED = "Runtime exited with error: signal: killed"


class Caller:
    """A function that writes items, asks a vendor, and publishes; and all that it has done."""

    def __init__(self, account: Account) -> None:
        self.account = account
        account.client("dynamodb").create_table(
            TableName="items",
            KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.name = f"caller-{account.id}"
        account.function(self.name, FUNCTION)
        everybody = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
        self._url, queue = account.queue("published", {"Statement": [everybody]})
        sns = account.client("sns")
        self.topic = str(sns.create_topic(Name="t")["TopicArn"])
        sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=queue)

    def event(self, *keys: str, **more: str) -> Json:
        return {"keys": keys, "topic": self.topic, **more}

    def __call__(self, *keys: str, **more: str) -> Any:
        """Its answer, or the error."""
        answer = self.account.client("lambda").invoke(
            FunctionName=self.name, Payload=json.dumps(self.event(*keys, **more))
        )
        stated = json.load(answer["Payload"])
        return (
            stated["errorMessage"].partition("Error: ")[2] if "FunctionError" in answer else stated
        )

    def kill(self, when: str, call: str = "", **which: str | int) -> None:
        self.account.aws.kill(self.name, when, call, **which)

    def written(self) -> set[str]:
        items = self.account.client("dynamodb").scan(TableName="items")["Items"]
        return {item["k"]["S"] for item in items}

    def published(self) -> list[str]:
        bodies = [json.loads(each["Body"]) for each in self.account.messages(self._url)]
        return [body["Message"] for body in bodies]

    def struck(self) -> list[bool]:
        mine = [each for each in self.account.aws.kills() if each["function"] == self.name]
        return [each["struck"] for each in mine]


@pytest.fixture
def caller(account: Account) -> Caller:
    return Caller(account)


@pytest.mark.parametrize(
    ("when", "call", "number", "written", "published"),
    [
        ("before", "dynamodb:PutItem", 1, set(), []),
        ("after", "dynamodb:PutItem", 1, {"a"}, []),
        ("before", "dynamodb:PutItem", 2, {"a"}, []),
        ("after", "", 2, {"a", "b"}, []),
        ("before", "sns:Publish", 1, {"a", "b"}, []),
        ("after", "sns:Publish", 1, {"a", "b"}, ["b"]),
        ("after", "", 0, {"a", "b"}, ["b"]),
    ],
)
def test_a_function_has_done_what_came_before_the_kill_and_no_more(
    caller: Caller, when: str, call: str, number: int, written: set[str], published: list[str]
) -> None:
    caller.kill(when, call, number=number)
    assert caller("a", "b") == KILLED
    assert caller.written() == written
    assert caller.published() == published
    assert caller.struck() == [True]
    assert caller("c") == "done"
    assert caller.published() == ["c"]


@pytest.fixture
def vendor() -> Iterator[tuple[str, list[str]]]:
    """The address of a server that is not AWS, and what was asked of it."""
    asked: list[str] = []

    class Server(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Server) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.02])
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/csapi/v1.3/schedule?x=1", asked
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("when", "calls"), [("before", 0), ("after", 1)])
def test_calls_of_others_than_aws_have_method_and_path_for_a_name(
    caller: Caller, vendor: tuple[str, list[str]], when: str, calls: int
) -> None:
    url, asked = vendor
    caller.kill(when, "POST .*/schedule$")
    assert caller("a", url=url) == KILLED
    assert len(asked) == calls
    assert (caller.written(), caller.published()) == ({"a"}, [])


def test_a_kill_is_for_one_invocation_of_those_that_it_means(caller: Caller) -> None:
    caller.kill("after", "sns:Publish", event='"image-7"', invocation=2)
    keys = ["image-1", "image-7", "image-2", "image-7", "image-7"]
    assert [caller(key) for key in keys] == ["done", "done", "done", KILLED, "done"]


def test_a_call_that_is_not_made_kills_nobody(caller: Caller) -> None:
    caller.kill("before", "dynamodb:DeleteItem")
    assert (caller("a"), caller.struck()) == ("done", [False])


def test_a_kill_is_for_one_function(caller: Caller) -> None:
    caller.account.aws.kill(f"{caller.name}-2", "before", "dynamodb:PutItem")
    assert caller("a") == "done"


def test_what_runs_a_killed_function_again_is_who_invoked_it(caller: Caller) -> None:
    """Lambda itself does so for asynchronous invocations, twice."""
    invoke: Callable[..., Any] = caller.account.client("lambda").invoke
    for number in (1, 2):
        caller.kill("after", "sns:Publish", invocation=number)
    payload = json.dumps(caller.event("a"))
    invoke(FunctionName=caller.name, InvocationType="Event", Payload=payload)
    published: list[str] = []
    while len(published) < 3:  # two of them may come at once
        published += eventually(caller.published)
    assert published == ["a"] * 3
    assert caller.struck() == [True, True]


def test_a_machine_sees_the_name_of_the_error(caller: Caller) -> None:
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": caller.name, "Payload": "{% $states.input %}"},
        "End": True,
    }
    caller.kill("after", "dynamodb:PutItem")
    ended = caller.account.run({"StartAt": "S", "States": {"S": state}}, caller.event("a"))
    assert (ended["status"], ended["error"]) == ("FAILED", "Runtime.ExitError")
