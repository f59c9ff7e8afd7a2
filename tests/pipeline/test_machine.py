"""The interpreter does what Step Functions does, and refuses what it does not know."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support import definitions
from tests.support.machine import LARGEST, Machine, Run, TaskFailed, Unsupported

INVOKE = "arn:aws:states:::lambda:invoke"


class Stage:
    """States to run, a task that answers what it is given, and the seconds that were slept."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[Any] = []
        self.slept: list[float] = []

    def call(self, arguments: Any, _seconds: float) -> Any:
        self.asked.append(arguments)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def run(self, payload: Any = None, **states: Any) -> Run:
        definition = {
            "QueryLanguage": "JSONata",
            "StartAt": next(iter(states)),
            "States": {name: _written(state) for name, state in states.items()},
        }
        machine = Machine(definition, {"lambda:invoke": self.call}, self.slept.append)
        return machine.run(payload, "execution-1")


def _written(state: dict[str, Any]) -> dict[str, Any]:
    ends = {"Succeed", "Fail", "Choice"} & {state["Type"]} or "Next" in state
    return state if ends else {**state, "End": True}


def task(**changes: Any) -> dict[str, Any]:
    base = {"Type": "Task", "Resource": INVOKE, "Arguments": {"a": 1}, "TimeoutSeconds": 5}
    return {**base, **changes}


def output(expression: str, payload: Any = None) -> Any:
    run = Stage().run(payload, Only={"Type": "Pass", "Output": f"{{% {expression} %}}"})
    return run.output if run.status == "SUCCEEDED" else run.error


def test_states_follow_each_other_and_hand_on_their_output() -> None:
    run = Stage({"Payload": 7}).run(
        {"n": 1},
        First={"Type": "Pass", "Output": {"n": "{% $states.input.n + 1 %}"}, "Next": "Second"},
        Second=task(Output={"got": "{% $states.result.Payload %}"}, Next="Last"),
        Last={"Type": "Succeed"},
    )
    assert (run.status, run.output) == ("SUCCEEDED", {"got": 7})
    assert run.visited == ["First", "Second", "Last"]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("$count($states.input.list[result = 'failed']) > 0", True),
        ("$states.input.list[result = 'failed'][0].error", "X"),
        ("$exists($states.input.none)", True),
        ("$states.input.none", None),
        ("$states.input.nothing", "States.QueryEvaluationError"),
        ("$merge([$states.input.list[0], {'b': null}])", {"result": "ok", "b": None}),
        ("$states.input.one", [1]),
        ("$substring($string('abc'), 0, 2)", "ab"),
        ("$string($states.input.list[0])", '{"result":"ok"}'),
        ("$states.input.text + 1", "States.QueryEvaluationError"),
        ("$states.context.Execution.Name", "execution-1"),
        ("$states.context.Execution.Input.one", [1]),
    ],
)
def test_expressions_give_what_step_functions_gives(expression: str, value: Any) -> None:
    listed = [{"result": "ok"}, {"result": "failed", "error": "X"}]
    payload = {"list": listed, "none": None, "one": [1], "text": "t"}
    assert output(expression, payload) == value


def test_an_assignment_sees_the_variables_from_before() -> None:
    run = Stage().run(
        None,
        Begin={"Type": "Pass", "Assign": {"n": 1, "seen": 0}, "Next": "Count"},
        Count={
            "Type": "Pass",
            "Assign": {"n": "{% $n + 1 %}", "seen": "{% $n %}"},
            "Output": "{% $n %}",
            "Next": "Show",
        },
        Show={"Type": "Pass", "Output": "{% [$states.input, $n, $seen] %}"},
    )
    assert run.output == [1, 2, 1]


def test_a_choice_takes_the_first_rule_that_holds_and_else_the_default() -> None:
    for number, end in ((1, "One"), (2, "Other")):
        run = Stage().run(
            {"n": number},
            Decide={
                "Type": "Choice",
                "Choices": [{"Condition": "{% $states.input.n = 1 %}", "Next": "One"}],
                "Default": "Other",
            },
            One={"Type": "Succeed"},
            Other={"Type": "Succeed"},
        )
        assert run.visited == ["Decide", end]


def test_a_choice_of_no_boolean_is_an_error() -> None:
    rule = {"Condition": "{% $states.input.n %}", "Next": "End"}
    decide = {"Type": "Choice", "Choices": [rule], "Default": "End"}
    run = Stage().run({"n": 1}, Decide=decide, End={"Type": "Succeed"})
    assert (run.status, run.error) == ("FAILED", "States.QueryEvaluationError")


def test_a_wait_sleeps_for_its_seconds() -> None:
    stage = Stage()
    stage.run({"s": 9}, Rest={"Type": "Wait", "Seconds": "{% $states.input.s * 2 %}"})
    assert stage.slept == [18]


def test_a_task_is_tried_again_with_growing_delays() -> None:
    retry = {
        "ErrorEquals": ["Busy"],
        "IntervalSeconds": 5,
        "BackoffRate": 2,
        "MaxDelaySeconds": 12,
        "MaxAttempts": 3,
        "JitterStrategy": "FULL",
    }
    counted = {"tries": "{% $states.context.State.RetryCount %}"}
    stage = Stage(*[TaskFailed("Busy", "")] * 3, "done")
    run = stage.run(None, Work=task(Retry=[retry], Arguments=counted))
    assert (run.output, stage.slept) == ("done", [5, 10, 12])
    assert stage.asked == [{"tries": number} for number in range(4)]
    assert run.retried("Work") == 3


def test_each_retrier_has_its_own_attempts_and_the_last_error_is_the_end() -> None:
    retriers = [
        {"ErrorEquals": ["Busy"], "MaxAttempts": 1},
        {"ErrorEquals": ["Slow"], "MaxAttempts": 1},
    ]
    failures = [TaskFailed(name, "why") for name in ("Busy", "Slow", "Busy")]
    run = Stage(*failures).run(None, Work=task(Retry=retriers))
    assert (run.status, run.error, run.cause) == ("FAILED", "Busy", "why")
    assert run.retried("Work") == 2


def test_a_catcher_gets_the_error_and_goes_its_own_way() -> None:
    catcher = {
        "ErrorEquals": ["States.ALL"],
        "Output": {
            "e": "{% $states.errorOutput.Error & $states.errorOutput.Cause %}",
            "was": "{% $states.input %}",
        },
        "Assign": {"caught": True},
        "Next": "Caught",
    }
    run = Stage(TaskFailed("Boom", "!")).run(
        "in",
        Work=task(Catch=[{"ErrorEquals": ["Other"], "Next": "Never"}, catcher]),
        Caught={"Type": "Pass", "Output": "{% $merge([$states.input, {'c': $caught}]) %}"},
    )
    assert run.output == {"e": "Boom!", "was": "in", "c": True}


def test_a_catcher_without_an_output_hands_on_the_error() -> None:
    work = task(Catch=[{"ErrorEquals": ["Boom"], "Next": "Caught"}])
    run = Stage(TaskFailed("Boom", "!")).run(None, Work=work, Caught={"Type": "Succeed"})
    assert run.output == {"Error": "Boom", "Cause": "!"}


def test_a_failing_expression_is_caught_like_any_error() -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
    work = task(Arguments={"a": "{% $nothing %}"}, Catch=catch)
    run = Stage().run(None, Work=work, Caught={"Type": "Succeed"})
    assert run.output["Error"] == "States.QueryEvaluationError"


def test_a_map_runs_its_items_for_themselves() -> None:
    processor = {
        "ProcessorConfig": {"Mode": "INLINE"},
        "StartAt": "Work",
        "States": {
            "Work": {
                **task(Arguments="{% $states.input %}"),
                "Assign": {"outer": "mine"},
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Failed"}],
                "End": True,
            },
            "Failed": {"Type": "Pass", "Output": "failed", "End": True},
        },
    }
    stage = Stage("a", TaskFailed("Boom", ""), "c")
    run = stage.run(
        {"all": [1, 2, 3]},
        Begin={"Type": "Pass", "Assign": {"outer": "theirs"}, "Next": "Each"},
        Each={
            "Type": "Map",
            "Items": "{% $states.input.all %}",
            "ItemSelector": {"n": "{% $states.context.Map.Item.Value %}", "o": "{% $outer %}"},
            "ItemProcessor": processor,
            "Output": "{% $append($states.result, $outer) %}",
        },
    )
    assert stage.asked == [{"n": number, "o": "theirs"} for number in (1, 2, 3)]
    assert run.output == ["a", "failed", "c", "theirs"]


def test_a_fail_state_ends_with_its_error_and_cause() -> None:
    fail = {"Type": "Fail", "Error": "{% $states.input.e %}", "Cause": "because"}
    run = Stage().run({"e": "Bad"}, End=fail)
    assert (run.status, run.error, run.cause) == ("FAILED", "Bad", "because")


def test_what_is_no_json_stops_the_test_that_made_it() -> None:
    for value in ({"when": object()}, {"n": float("nan")}):
        with pytest.raises((TypeError, ValueError)):
            Stage(value).run(None, Work=task())


def test_what_is_too_large_ends_the_execution_past_any_catch_of_all() -> None:
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
    run = Stage("x" * LARGEST).run(None, Work=task(Catch=catch), Caught={"Type": "Succeed"})
    assert (run.status, run.error) == ("FAILED", "States.DataLimitExceeded")
    assert Stage("x" * (LARGEST - 2)).run(None, Work=task()).status == "SUCCEEDED"


@pytest.mark.parametrize(
    "state",
    [
        {"Type": "Parallel", "Branches": []},
        {"Type": "Pass", "ResultPath": "$.x"},
        {"Type": "Pass", "End": True, "Next": "Only"},
        task(Resource="arn:aws:states:::sns:publish"),
        task(Retry=[{"ErrorEquals": ["X"], "Surprise": 1}]),
        task(Retry=[{"ErrorEquals": ["States.TaskFailed"]}]),
        task(Arguments={"a": "n = {% 1 %}"}),
        {"Type": "Pass", "Next": "Only"},
    ],
    ids=json.dumps,
)
def test_what_is_not_known_is_refused(state: dict[str, Any]) -> None:
    with pytest.raises(Unsupported):
        Stage(TaskFailed("Y", "")).run(None, Only=state)


@pytest.mark.parametrize("machine", definitions.MACHINES)
def test_our_own_machines_are_of_its_language(machine: str) -> None:
    Machine(definitions.rendered(machine), {}, lambda _: None)
