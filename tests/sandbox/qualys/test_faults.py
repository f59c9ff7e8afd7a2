"""Faults on purpose, one by one."""

import time
from typing import Any

import pytest
import requests

from sandbox.qualys import ControlRefused
from tests.sandbox.qualys.caller import REGISTRY, Caller

BASE = "/csapi/v1.3/registry/aws-base"


def statuses(caller: Caller, count: int) -> list[int]:
    return [caller.get("/registry/aws-base").status_code for _ in range(count)]


def test_a_fault_spoils_one_call(caller: Caller) -> None:
    caller.control.fail(BASE, status=503)
    answer = caller.get("/registry/aws-base")
    assert answer.json()["errorCode"] == "503 SERVICE_UNAVAILABLE"
    assert statuses(caller, 1) == [200]


def test_the_nth_calls_are_spoiled(caller: Caller) -> None:
    caller.control.fail(BASE, status=500, nth=2, times=2)
    assert statuses(caller, 5) == [200, 500, 500, 200, 200]


def test_a_lasting_fault_until_it_is_fixed(caller: Caller) -> None:
    number = caller.control.fail(BASE, status=500, times=0)
    caller.control.fail("/other", status=500)
    assert statuses(caller, 3) == [500] * 3
    assert caller.control.faults()[str(number)]["fired"] == 3
    caller.control.fix(number)
    assert statuses(caller, 1) == [200]
    caller.control.fix()
    assert caller.control.faults() == {}


def test_method_and_path_choose(caller: Caller) -> None:
    caller.control.fail("/csapi/v1.3/registry", method="POST", status=500, times=0)
    assert caller.get("/registry").status_code == 204
    assert caller.post("/registry", REGISTRY).status_code == 500
    assert caller.get("/registry").status_code == 204


@pytest.mark.parametrize(
    ("body", "text"), [("<html>", "<html>"), ({"a": 1}, '{"a": 1}'), (None, "")]
)
def test_any_answer_can_be_given(caller: Caller, body: Any, text: str) -> None:
    caller.control.fail(BASE, status=204 if body is None else 200, body=body, headers={"X-A": "b"})
    answer = caller.get("/registry/aws-base")
    assert (answer.text, answer.headers["X-A"]) == (text, "b")


def test_the_answer_of_a_call_that_was_carried_out_is_lost(caller: Caller) -> None:
    caller.control.fail("/csapi/v1.3/registry", method="POST", drop=True, after=True)
    with pytest.raises(requests.ConnectionError):
        caller.post("/registry", REGISTRY)
    assert caller.get("/registry").json()["count"] == 1


def test_a_dropped_connection(caller: Caller) -> None:
    caller.control.fail("/csapi/v1.3/registry", method="POST", drop=True)
    with pytest.raises(requests.ConnectionError):
        caller.post("/registry", REGISTRY)
    assert caller.get("/registry").status_code == 204
    assert caller.control.calls()[0]["status"] is None


def test_a_truncated_body(caller: Caller) -> None:
    caller.control.fail(BASE, truncate=10)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        caller.get("/registry/aws-base")


def test_garbled_json(caller: Caller) -> None:
    caller.control.fail(BASE, garble=True)
    answer = caller.get("/registry/aws-base")
    assert answer.status_code == 200
    with pytest.raises(requests.exceptions.JSONDecodeError):
        answer.json()


def test_a_garbled_answer_to_a_call_that_was_not_carried_out(caller: Caller) -> None:
    caller.control.fail("/csapi/v1.3/registry", method="POST", garble=True, undone=True)
    answer = caller.post("/registry", REGISTRY)
    assert answer.status_code == 200
    assert answer.content
    with pytest.raises(requests.exceptions.JSONDecodeError):
        answer.json()
    assert caller.get("/registry").status_code == 204


def test_a_late_answer(caller: Caller) -> None:
    caller.control.fail(BASE, delay=0.05)
    started = time.monotonic()
    assert statuses(caller, 1) == [200]
    assert time.monotonic() - started >= 0.05


def test_a_late_answer_does_not_hold_up_others(caller: Caller) -> None:
    caller.control.fail(BASE, delay=1.0)
    url = f"{caller.url}{BASE}"
    with pytest.raises(requests.ReadTimeout):
        requests.get(url, headers=caller.headers, timeout=0.05)
    started = time.monotonic()
    assert statuses(caller, 1) == [200]
    assert time.monotonic() - started < 0.9


def test_an_answer_as_over_the_rate_limit(caller: Caller) -> None:
    caller.control.throttle(times=2, window=7)
    for _ in range(2):
        answer = caller.get("/images")
        assert answer.status_code == 429
        assert answer.headers["X-RateLimit-Window-Sec"] == "7"
        assert answer.headers["X-RateLimit-Remaining"] == "0"
        assert "Retry-After" not in answer.headers
    assert caller.get("/images").status_code == 204


def test_the_token_service_can_fail_too(caller: Caller) -> None:
    caller.control.fail("/auth.*", status=500)
    assert requests.post(f"{caller.url}/auth", timeout=5).status_code == 500


@pytest.mark.parametrize("wrong", [{"path": "("}, {"nothing": 1}, {"status": "500"}])
def test_a_fault_that_makes_no_sense_is_refused(caller: Caller, wrong: dict[str, Any]) -> None:
    with pytest.raises(ControlRefused):
        caller.control.fail(**wrong)
