"""What work of ministack costs, in calls of functions: run by the emulator's Python.

Prints JSON: the calls by the name of the patch that saves them. They are the same on any machine.
"""

import json
import sys
import tempfile
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from jsonata.jsonata import Jsonata
from ministack.core import iam_evaluator, lambda_runtime
from ministack.services import dynamodb, sts

from sandbox.emulator import patches

MANY = 100
POLICY = json.dumps({"Statement": [{"Effect": "Allow", "Action": "ecs:*", "Resource": "*"}] * 9})


def calls(work: Callable[[], Any]) -> int:
    count = 0

    def profile(_frame: FrameType, event: str, _what: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def again(work: Callable[[], Any]) -> int:
    """The calls when the same is done a second time."""
    work()
    return calls(work)


def rows_of_others() -> int:
    """What a hundred rows of a partition add to a query that demands another sort key."""
    names = ("image", "workload", "area")
    index = {"IndexName": "by-workload", "KeySchema": keys("area", "workload")}
    dynamodb._create_table(
        {
            "TableName": "rows",
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": n, "AttributeType": "S"} for n in names],
            "KeySchema": keys("image", "workload"),
            "GlobalSecondaryIndexes": [{**index, "Projection": {"ProjectionType": "ALL"}}],
        }
    )
    asked = {
        "TableName": "rows",
        "IndexName": "by-workload",
        "KeyConditionExpression": "area = :area AND workload = :workload",
        "ExpressionAttributeValues": {":area": {"S": "here"}, ":workload": {"S": "mine"}},
    }
    put("1", "mine")
    few = again(partial(dynamodb._query, asked))
    for number in range(MANY):
        put(str(number), "other")
    return calls(partial(dynamodb._query, asked)) - few


def keys(partition: str, sort: str) -> list[dict[str, str]]:
    kinds = ((partition, "HASH"), (sort, "RANGE"))
    return [{"AttributeName": name, "KeyType": kind} for name, kind in kinds]


def put(image: str, workload: str) -> None:
    item = {"image": {"S": image}, "workload": {"S": workload}, "area": {"S": "here"}}
    dynamodb._put_item({"TableName": "rows", "Item": item})


def unpacked_again() -> int:
    with tempfile.TemporaryDirectory() as home:
        tempfile.tempdir = home
        path = Path(home, "code.zip")
        with zipfile.ZipFile(path, "w") as archive:
            for number in range(MANY):
                archive.writestr(f"module{number}.py", "")

        def unpack() -> None:
            with lambda_runtime.zipfile.ZipFile(str(path)) as archive:
                archive.extractall(tempfile.mkdtemp())

        return again(unpack)


def opened_beside_others() -> int:
    """What a hundred open sessions add to the opening of one more."""
    opened = partial(sts.register_session, "mine", {"Expiration": 1e12})
    few = again(opened)
    sts._sessions.update({str(number): {"Expiration": 1e12} for number in range(MANY)})
    return calls(opened) - few


patches.apply()
parse = Jsonata.get_parser().parse
counted = {
    "narrow_queries": rows_of_others(),
    "read_once._condition_syntax_error": again(
        partial(dynamodb._condition_syntax_error, "a = :a", "ConditionExpression")
    ),
    "read_once.is_root_access_key": again(partial(iam_evaluator.is_root_access_key, "AKIA")),
    "read_once.parse_policy_document": again(partial(iam_evaluator.parse_policy_document, POLICY)),
    "read_once.Jsonata.get_parser": again(partial(parse, "$count(list[result = 'failed'])", None)),
    "lambda_code.zipfile": unpacked_again(),
    "sessions._evict_expired_sessions": opened_beside_others(),
}
sys.stdout.write(json.dumps(counted))
