"""State machines in this process: the part of Amazon States Language that our two files use.

An interpreter of the JSONata dialect (https://docs.aws.amazon.com/step-functions/latest/dg/concepts-amazon-states-language.html).
What it does not know it refuses, so that a definition never passes by being half read. Waits and
retries take no time of their own: they call `sleep`.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jsonata

Json = Any
# (arguments, seconds that the task may take) -> its result; raises TaskFailed.
Connector = Callable[[Json, float], Json]

LARGEST = 262_144  # bytes of UTF-8 JSON between two states
_MOST_STATES = 2_000  # of one execution: more is a loop without an end
_UNCAUGHT = ("States.DataLimitExceeded", "States.Runtime")  # by States.ALL
_EXPRESSION = re.compile(r"\{%\s*(.*?)\s*%\}", re.DOTALL)
_RESOURCE = re.compile(r"arn:aws[a-z-]*:states:::(\w+:\w+)")
_local = threading.local()
_EVERYWHERE = {"Type", "Comment", "Output", "Assign"}
_ONWARD = {"Next", "End"}
_FIELDS = {
    "Task": {"Resource", "Arguments", "TimeoutSeconds", "Retry", "Catch"} | _ONWARD,
    "Map": {"Items", "ItemSelector", "MaxConcurrency", "ItemProcessor", "Retry", "Catch"} | _ONWARD,
    "Pass": _ONWARD,
    "Wait": {"Seconds"} | _ONWARD,
    "Choice": {"Choices", "Default"},
    "Succeed": set(),
    "Fail": {"Error", "Cause"},
}
_RETRIER = {"ErrorEquals", "IntervalSeconds", "BackoffRate", "MaxDelaySeconds", "MaxAttempts"}
_CATCHER = {"ErrorEquals", "Output", "Assign", "Next"}
_RULE = {"Condition", "Output", "Assign", "Next", "Comment"}


class TaskFailed(Exception):
    """A task, or a state, ended with an error; `cause` is text."""

    def __init__(self, error: str, cause: str) -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause


class Unsupported(Exception):
    """The definition uses what this interpreter does not know."""


@dataclass
class Run:
    """One execution and how it ended. `visited` has the states in order, those of maps included;
    `retries` the seconds that each state waited before it was tried again."""

    name: str
    status: str = "RUNNING"
    output: Json = None
    error: str = ""
    cause: str = ""
    visited: list[str] = field(default_factory=list)
    retries: dict[str, list[float]] = field(default_factory=dict)

    def retried(self, state: str) -> int:
        return len(self.retries.get(state, []))


class Machine:
    """`connectors` by service and action (`lambda:invoke`). Retries wait their longest: the jitter
    of AWS takes a part of each delay away."""

    def __init__(
        self,
        definition: Mapping[str, Any],
        connectors: Mapping[str, Connector],
        sleep: Callable[[float], None],
        name: str = "machine",
    ) -> None:
        if definition.get("QueryLanguage") != "JSONata":
            raise Unsupported("a query language other than JSONata")
        _known(definition, {"Comment", "QueryLanguage", "StartAt", "States"}, "the machine")
        self.definition = definition
        self.connectors = connectors
        self.sleep = sleep
        self.name = name

    def run(self, payload: Json, name: str) -> Run:
        run = Run(name)
        arn = f"arn:aws:states:us-east-1:123456789012:execution:{self.name}:{name}"
        payload = _edge(payload)
        context = {"Execution": {"Id": arn, "Name": name, "Input": payload}}
        try:
            run.output = _Scope(self, run, context, {}).follow(self.definition, payload)
            run.status = "SUCCEEDED"
        except TaskFailed as failed:
            run.status, run.error, run.cause = "FAILED", failed.error, failed.cause
        return run


class _Scope:
    """A run through one `States`, with the variables that are seen in it."""

    def __init__(
        self, machine: Machine, run: Run, context: dict[str, Json], variables: dict[str, Json]
    ) -> None:
        self._machine = machine
        self._run = run
        self._context = context
        self._variables = variables

    def follow(self, scope: Mapping[str, Any], payload: Json) -> Json:
        name = scope["StartAt"]
        kinds = {
            "Task": self._task,
            "Map": self._map,
            "Pass": self._pass,
            "Wait": self._wait,
            "Choice": self._choice,
            "Succeed": self._succeed,
            "Fail": self._fail,
        }
        while name:
            self._run.visited.append(name)
            if len(self._run.visited) > _MOST_STATES:
                raise Unsupported(f"more than {_MOST_STATES} states in one execution")
            state = scope["States"][name]
            kind = state["Type"]
            if kind not in kinds:
                raise Unsupported(f"{name}: a state of type {kind}")
            _known(state, _EVERYWHERE | _FIELDS[kind], name)
            self._context["State"] = {"Name": name, "RetryCount": 0}
            payload, name = kinds[kind](name, state, payload)
        return payload

    def _task(self, name: str, state: Json, payload: Json) -> tuple[Json, str]:
        found = _RESOURCE.fullmatch(state["Resource"])
        if not found or found[1] not in self._machine.connectors:
            raise Unsupported(f"{name}: {state['Resource']}")
        call = self._machine.connectors[found[1]]

        def attempt() -> Json:
            arguments = _edge(self._fill(state["Arguments"], {"input": payload}))
            return call(arguments, float(state["TimeoutSeconds"]))

        return self._tried(name, state, payload, attempt)

    def _map(self, name: str, state: Json, payload: Json) -> tuple[Json, str]:
        processor = state["ItemProcessor"]
        _known(processor, {"ProcessorConfig", "StartAt", "States"}, name)
        if processor["ProcessorConfig"] != {"Mode": "INLINE"}:
            raise Unsupported(f"{name}: a map that is not inline")

        def attempt() -> Json:
            items = self._fill(state["Items"], {"input": payload})
            if not isinstance(items, list):
                raise TaskFailed("States.QueryEvaluationError", "Items is no array")
            return [self._item(state, payload, *each) for each in enumerate(items)]

        return self._tried(name, state, payload, attempt)

    def _item(self, state: Json, payload: Json, index: int, value: Json) -> Json:
        context = {**self._context, "Map": {"Item": {"Index": index, "Value": value}}}
        inner = _Scope(self._machine, self._run, context, dict(self._variables))
        selected = inner._fill(state.get("ItemSelector", value), {"input": payload})
        return inner.follow(state["ItemProcessor"], _edge(selected))

    def _pass(self, name: str, state: Json, payload: Json) -> tuple[Json, str]:
        return self._leave(state, {"input": payload}, payload), _next(name, state)

    def _wait(self, name: str, state: Json, payload: Json) -> tuple[Json, str]:
        seconds = self._fill(state["Seconds"], {"input": payload})
        if not isinstance(seconds, int) or seconds < 0:
            raise TaskFailed("States.QueryEvaluationError", f"Seconds is {seconds!r}")
        self._machine.sleep(seconds)
        return self._leave(state, {"input": payload}, payload), _next(name, state)

    def _choice(self, name: str, state: Json, payload: Json) -> tuple[Json, str]:
        for rule in state["Choices"]:
            _known(rule, _RULE, name)
            holds = self._fill(rule["Condition"], {"input": payload})
            if not isinstance(holds, bool):
                message = f"{rule['Condition']} is no boolean"
                raise TaskFailed("States.QueryEvaluationError", message)
            if holds:
                return self._leave(rule, {"input": payload}, payload), rule["Next"]
        if "Default" not in state:
            raise TaskFailed("States.NoChoiceMatched", name)
        return self._leave(state, {"input": payload}, payload), state["Default"]

    def _succeed(self, _name: str, state: Json, payload: Json) -> tuple[Json, str]:
        return self._leave(state, {"input": payload}, payload), ""

    def _fail(self, name: str, state: Json, payload: Json) -> tuple[Json, str]:
        stated = [self._fill(state[part], {"input": payload}) for part in ("Error", "Cause")]
        if not all(isinstance(each, str) for each in stated):
            raise Unsupported(f"{name}: Error and Cause must be text, not {stated}")
        raise TaskFailed(*stated)

    def _tried(
        self, name: str, state: Json, payload: Json, attempt: Callable[[], Json]
    ) -> tuple[Json, str]:
        """A state's work, with its retries; then its outputs, or those of the catcher."""
        failures = [0] * len(state.get("Retry", []))
        while True:
            try:
                result = _edge(attempt())
                output = self._leave(state, {"input": payload, "result": result}, result)
                return output, _next(name, state)
            except TaskFailed as failed:
                delay = _delay(state, failed, failures)
                if delay is None:
                    return self._caught(name, state, payload, failed)
            self._run.retries.setdefault(name, []).append(delay)
            self._context["State"] = {"Name": name, "RetryCount": sum(failures)}
            self._machine.sleep(delay)

    def _caught(
        self, name: str, state: Json, payload: Json, failed: TaskFailed
    ) -> tuple[Json, str]:
        stated = {"Error": failed.error, "Cause": failed.cause}
        for catcher in state.get("Catch", []):
            _known(catcher, _CATCHER, name)
            if _matches(catcher["ErrorEquals"], failed.error):
                output = self._leave(catcher, {"input": payload, "errorOutput": stated}, stated)
                return output, catcher["Next"]
        raise failed

    def _leave(self, part: Json, states: dict[str, Json], otherwise: Json) -> Json:
        """The output of a state, rule or catcher. Assign and Output both see the variables from
        before."""
        assigned = self._fill(part.get("Assign", {}), states)
        output = self._fill(part["Output"], states) if "Output" in part else otherwise
        self._variables.update(_edge(assigned))
        return _edge(output)

    def _fill(self, template: Json, states: dict[str, Json]) -> Json:
        if isinstance(template, dict):
            return {name: self._fill(value, states) for name, value in template.items()}
        if isinstance(template, list):
            return [self._fill(value, states) for value in template]
        if not isinstance(template, str) or "{%" not in template:
            return template
        expression = _EXPRESSION.fullmatch(template)
        if expression is None:
            raise Unsupported(f"text around an expression: {template}")
        return self._evaluate(expression[1], {**states, "context": self._context})

    def _evaluate(self, expression: str, states: dict[str, Json]) -> Json:
        bindings = {**self._variables, "states": states}
        try:
            value = _compiled(expression).evaluate(None, bindings)
            # Null and nothing look alike to Python, and Step Functions refuses the latter.
            if value is None and not _compiled(f"$exists(({expression}))").evaluate(None, bindings):
                raise TaskFailed("States.QueryEvaluationError", f"{expression} returned nothing")
        except jsonata.jexception.JException as error:
            raise TaskFailed("States.QueryEvaluationError", f"{expression}: {error}") from None
        return value


def _compiled(expression: str) -> jsonata.Jsonata:
    """Compiled once per thread: an expression keeps the state of its evaluation in itself."""
    compiled: dict[str, jsonata.Jsonata] = vars(_local).setdefault("compiled", {})
    if expression not in compiled:
        compiled[expression] = jsonata.Jsonata(expression)
    return compiled[expression]


def _edge(value: Json) -> Json:
    """A value as the next state sees it: through JSON. Raises TypeError for what is none."""
    text = json.dumps(value, allow_nan=False)
    size = len(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    if size > LARGEST:
        raise TaskFailed("States.DataLimitExceeded", f"{size} bytes")
    return json.loads(text)


def _next(name: str, state: Json) -> str:
    if ("Next" in state) == (state.get("End") is True):
        raise Unsupported(f"{name}: either Next, or End")
    return str(state.get("Next", ""))


def _delay(state: Json, failed: TaskFailed, failures: list[int]) -> float | None:
    """The seconds before the next try, None when there is none. Counts per retrier."""
    for number, retrier in enumerate(state.get("Retry", [])):
        _known(retrier, _RETRIER | {"JitterStrategy"}, "a retrier")
        if not _matches(retrier["ErrorEquals"], failed.error):
            continue
        if failures[number] >= retrier.get("MaxAttempts", 3):
            return None
        growth = retrier.get("BackoffRate", 2) ** failures[number]
        grown = retrier.get("IntervalSeconds", 1) * growth
        failures[number] += 1
        return float(min(grown, retrier.get("MaxDelaySeconds", grown)))
    return None


def _matches(names: list[str], error: str) -> bool:
    """States.ALL is every error but those that end an execution at once."""
    unknown = [each for each in names if each.startswith("States.")]
    if set(unknown) - {"States.ALL", "States.Timeout", *_UNCAUGHT}:
        raise Unsupported(f"ErrorEquals {names}")
    return error in names or ("States.ALL" in names and error not in _UNCAUGHT)


def _known(part: Mapping[str, Any], names: set[str], where: str) -> None:
    if unknown := sorted(part.keys() - names):
        raise Unsupported(f"{where}: {', '.join(unknown)}")
