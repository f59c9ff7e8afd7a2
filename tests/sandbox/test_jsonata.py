"""The JSONata and ASL that our state machines use works in the sandbox."""

import json
import time
from typing import Any

from jsonata.jsonata import Jsonata

from tests.sandbox.account import Account, Json

ECHO = "def handler(event, context):\n    return event\n"
FAIL = """
class Boom(Exception): pass
def handler(event, context):
    raise Boom('why not')
"""


def evaluate(account: Account, expressions: Json, payload: Any = None) -> Any:
    states = {"Only": {"Type": "Pass", "Output": expressions, "End": True}}
    ended = account.run({"StartAt": "Only", "States": states}, payload)
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    return json.loads(ended["output"])


def test_the_functions_and_operators_we_use(account: Account) -> None:
    payload = {"n": 3, "list": [{"result": "ok"}, {"result": "failed", "error": "X"}], "text": "{}"}
    found = evaluate(
        account,
        {
            "text": "{% $string($states.input.n) & ' checks' %}",
            "object": "{% $string({'a': 1}) %}",
            "parsed": "{% $parse('{\"b\": [1, 2]}').b[1] %}",
            "exists": "{% $exists($states.input.n) %}",
            "absent": "{% $exists($states.input.nothing) ? 1 : 'none' %}",
            "count": "{% $count($states.input.list[result = 'failed']) %}",
            "first": "{% $states.input.list[result = 'failed'][0].error %}",
            "none": "{% $count($states.input.list[result = 'other']) %}",
            "appended": "{% $append([1], [2, 3]) %}",
            "merged": "{% $merge([{'a': 1, 'b': 1}, {'b': 2}]) %}",
            "cut": "{% $substring($string('abcdef'), 0, 3) %}",
            "matched": "{% $contains('sha256:0af', /^sha256:[0-9a-f]+$/) %}",
            "replaced": "{% $replace('a-b-c', /-/, '_') %}",
            "name": "{% $states.context.Execution.Name %}",
            "id": "{% $states.context.Execution.Id %}",
            "started": "{% $states.context.Execution.StartTime %}",
            "input": "{% $states.context.Execution.Input.n %}",
        },
        payload,
    )
    assert (found["text"], found["object"], found["parsed"]) == ("3 checks", '{"a":1}', 2)
    assert (found["exists"], found["absent"], found["count"], found["none"]) == (True, "none", 1, 0)
    assert (found["first"], found["appended"]) == ("X", [1, 2, 3])
    assert (found["merged"], found["cut"]) == ({"a": 1, "b": 2}, "abc")
    assert (found["matched"], found["replaced"]) == (True, "a_b_c")
    assert found["id"].endswith(f"execution:machine:{found['name']}")
    assert found["started"].endswith("Z")
    assert found["input"] == 3


def test_assign_wait_and_choice_count_polls(account: Account) -> None:
    states = {
        "Begin": {"Type": "Pass", "Assign": {"polls": 0, "stored": "x"}, "Next": "Wait"},
        "Wait": {"Type": "Wait", "Seconds": "{% 60 %}", "Next": "Poll"},
        "Poll": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Arguments": {
                "FunctionName": account.function("echo", ECHO),
                "Payload": {"n": "{% $polls %}", "stored": "{% $stored %}"},
            },
            "TimeoutSeconds": 20,
            "Assign": {"polls": "{% $polls + 1 %}", "status": "{% $states.result.Payload %}"},
            "Next": "Enough",
        },
        "Enough": {
            "Type": "Choice",
            "Choices": [
                {
                    "Condition": "{% $polls >= 30 %}",
                    "Output": "{% $status %}",
                    "Next": "Done",
                }
            ],
            "Default": "Wait",
        },
        "Done": {"Type": "Succeed"},
    }
    ended = account.run({"StartAt": "Begin", "States": states})
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    assert json.loads(ended["output"]) == {"n": 29, "stored": "x"}


def test_an_assign_sees_the_variables_as_they_were(account: Account) -> None:
    states = {
        "Begin": {"Type": "Pass", "Assign": {"a": 1, "b": 2}, "Next": "Swap"},
        "Swap": {"Type": "Pass", "Assign": {"a": "{% $b %}", "b": "{% $a %}"}, "Next": "Show"},
        "Show": {"Type": "Pass", "Output": ["{% $a %}", "{% $b %}"], "End": True},
    }
    assert json.loads(account.run({"StartAt": "Begin", "States": states})["output"]) == [2, 1]


def test_map_catches_inside_and_reads_outer_variables(account: Account) -> None:
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": "{% $states.input.item.f %}", "Payload": {}},
        "Catch": [
            {
                "ErrorEquals": ["Boom"],
                "Assign": {"caught": "{% $states.errorOutput.Error %}"},
                "Output": {
                    "error": "{% $states.errorOutput.Error %}",
                    "message": "{% $parse($states.errorOutput.Cause).errorMessage %}",
                },
                "Next": "Failed",
            }
        ],
        "Output": "{% $outer %}",
        "End": True,
    }
    failed = {
        "Type": "Pass",
        "Output": {"was": "{% $caught %}", "why": "{% $states.input.message %}"},
        "End": True,
    }
    states = {
        "Begin": {"Type": "Pass", "Assign": {"outer": "seen"}, "Next": "Each"},
        "Each": {
            "Type": "Map",
            "Items": "{% $states.input.functions %}",
            "ItemSelector": {
                "item": {"f": "{% $states.context.Map.Item.Value %}"},
                "all": "{% $count($states.input.functions) %}",
            },
            "MaxConcurrency": 2,
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "INLINE"},
                "StartAt": "Call",
                "States": {"Call": task, "Failed": failed},
            },
            "End": True,
        },
    }
    functions = [account.function("echo", ECHO), account.function("fail", FAIL)]
    ended = account.run({"StartAt": "Begin", "States": states}, {"functions": functions})
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    assert json.loads(ended["output"]) == ["seen", {"was": "Boom", "why": "why not"}]


def test_fail_takes_error_and_cause_from_expressions(account: Account) -> None:
    fail = {
        "Type": "Fail",
        "Error": "{% $states.input.verdict %}",
        "Cause": "{% $string($states.input.reason) %}",
    }
    ended = account.run(
        {"StartAt": "Only", "States": {"Only": fail}}, {"verdict": "TIMEOUT", "reason": "late"}
    )
    assert (ended["status"], ended["error"], ended["cause"]) == ("FAILED", "TIMEOUT", "late")


def items_of(seconds: float) -> int:
    """How many items this machine maps in so many seconds of its processor."""
    items = 3_000
    expression = Jsonata(f"$count($map([1..{items}], function($x) {{ $x * 2 }}))")
    began = time.thread_time()
    assert expression.evaluate(None) == items
    return int(items * seconds / (time.thread_time() - began))


def test_an_expression_may_take_a_second_of_its_own_time(account: Account) -> None:
    """However many others are evaluated meanwhile: AWS has processors for all of them."""
    items = items_of(0.35)
    slow = f"{{% $count($map([1..{items}], function($x) {{ $x * 2 }})) %}}"
    branch = {"StartAt": "B", "States": {"B": {"Type": "Pass", "Output": slow, "End": True}}}
    at_once = {"Type": "Parallel", "Branches": [branch] * 6, "End": True}
    ended = account.run({"StartAt": "P", "States": {"P": at_once}})
    assert (ended["status"], ended.get("output")) == ("SUCCEEDED", json.dumps([items] * 6))
    endless = {"Type": "Pass", "Output": "{% ($f := function() { $f() }; $f()) %}", "End": True}
    ended = account.run({"StartAt": "E", "States": {"E": endless}}, name="endless")
    assert ended["error"] == "States.QueryEvaluationError"
