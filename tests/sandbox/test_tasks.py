"""Tasks fail, are repeated and are refused as on AWS."""

import itertools
import json

import pytest

from tests.sandbox.account import Account, allow
from tests.sandbox.machines import FLAKY, SLEEPING, calling


def test_retries_wait_as_written(account: Account) -> None:
    """By the scale, no longer than MaxDelaySeconds, and beyond the minute that ministack allows."""
    account.aws.set_wait_scale(0.01)
    try:
        function = account.function("flaky", FLAKY)
        retry = {"ErrorEquals": ["Busy"], "IntervalSeconds": 20, "BackoffRate": 10}
        retry |= {"MaxDelaySeconds": 90, "MaxAttempts": 3}
        call = calling(function, {"file": account.id, "failures": 3}, Retry=[retry])
        ended = account.run(call)
        assert json.loads(ended["output"])["Payload"] == 4, ended
    finally:
        account.aws.set_wait_scale(0)
    times = (account.aws.home / "tmp" / account.id).read_text().split()
    gaps = [float(b) - float(a) for a, b in itertools.pairwise(times)]
    assert gaps == pytest.approx([0.2, 0.9, 0.9], abs=0.15)


def test_jitter_spreads_retries(account: Account) -> None:
    account.aws.set_wait_scale(0.01)
    try:
        function = account.function("flaky", FLAKY)
        retry = {"ErrorEquals": ["Busy"], "IntervalSeconds": 30, "BackoffRate": 1}
        retry |= {"JitterStrategy": "FULL", "MaxAttempts": 6}
        account.run(calling(function, {"file": account.id, "failures": 6}, Retry=[retry]))
    finally:
        account.aws.set_wait_scale(0)
    times = (account.aws.home / "tmp" / account.id).read_text().split()
    gaps = [float(b) - float(a) for a, b in itertools.pairwise(times)]
    assert len(gaps) == 6
    assert max(gaps) - min(gaps) > 0.03


def test_all_does_not_catch_an_oversized_result(account: Account) -> None:
    code = "def handler(event, context):\n    return 'x' * 300000\n"
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
    definition = calling(account.function("big", code), {}, Catch=catch)
    definition["States"]["Caught"] = {"Type": "Pass", "End": True}
    ended = account.run(definition)
    assert (ended["status"], ended["error"]) == ("FAILED", "States.DataLimitExceeded")


def test_a_throttled_function_is_named_so(account: Account) -> None:
    function = account.function("f", SLEEPING)
    account.client("lambda").put_function_concurrency(
        FunctionName="f", ReservedConcurrentExecutions=0
    )
    assert account.run(calling(function, {}))["error"] == "Lambda.TooManyRequestsException"


def test_concurrency_is_capped(account: Account) -> None:
    function = account.function("f", SLEEPING, Timeout=9)
    machine = account.machine("m", calling(function, {"seconds": 1}))
    ended = [account.ended(e) for e in [account.start(machine) for _ in range(12)]]
    failed = [e["error"] for e in ended if e["status"] == "FAILED"]
    assert failed == ["Lambda.TooManyRequestsException"] * 2


def test_a_machine_may_do_what_its_role_may(account: Account) -> None:
    function = account.function("f", SLEEPING)
    other = account.role("other", "states", allow("lambda:InvokeFunction", resource=function + "x"))
    right = account.role("right", "states", allow("lambda:InvokeFunction", resource=function))
    trust = account.role("trust", "lambda")
    results = {}
    for name, role in {"other": other, "right": right, "trust": trust}.items():
        ended = account.ended(account.start(account.machine(name, calling(function, {}), role)))
        results[name] = (ended["status"], ended.get("error"))
    denied = ("FAILED", "Lambda.AWSLambdaException")
    assert results == {"other": denied, "right": ("SUCCEEDED", None), "trust": denied}
