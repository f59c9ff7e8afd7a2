"""The documented rate limits, with smaller numbers."""

import pytest

from sandbox.qualys.answers import Refusal
from sandbox.qualys.limits import RateLimits
from sandbox.qualys.scenario import Scenario
from tests.sandbox.qualys.caller import Caller

SMALL = {"/images/list": [2, 60], "/images": [3, 60], "/registry": [1, 60]}


def test_calls_over_the_limit_are_429_until_the_window_has_passed(caller: Caller) -> None:
    caller.control.scenario(rate_limits=SMALL)
    assert [caller.get("/images").status_code for _ in range(3)] == [204] * 3
    answer = caller.get("/images")
    assert answer.status_code == 429
    assert answer.json()["errorCode"] == "429 TOO_MANY_REQUESTS"
    limit = {name: value for name, value in answer.headers.items() if "RateLimit" in name}
    assert limit == {
        "X-RateLimit-Limit": "3",
        "X-RateLimit-Window-Sec": "60",
        "X-RateLimit-Remaining": "0",
    }
    assert "Retry-After" not in answer.headers
    caller.control.advance(60.1)
    answer = caller.get("/images")
    assert (answer.status_code, answer.headers["X-RateLimit-Remaining"]) == (204, "2")


def test_the_window_counts_from_each_call(caller: Caller) -> None:
    caller.control.scenario(rate_limits={"/images": [2, 60]})
    caller.get("/images")
    caller.control.advance(40)
    caller.get("/images")
    assert caller.get("/images").status_code == 429
    caller.control.advance(20.1)
    assert caller.get("/images").status_code == 204
    assert caller.get("/images").status_code == 429


def test_families_are_apart_and_the_longest_prefix_counts(caller: Caller) -> None:
    caller.control.scenario(rate_limits=SMALL)
    assert [caller.get("/images/list").status_code for _ in range(3)] == [204, 204, 429]
    assert [caller.get("/images").status_code for _ in range(4)] == [204, 204, 204, 429]
    assert [caller.get("/registry/aws-base").status_code for _ in range(2)] == [200, 429]


def test_refused_bearers_are_not_counted(caller: Caller) -> None:
    caller.control.scenario(rate_limits={"/images": [1, 60]})
    foreign = Caller(caller.simulator, "unknown")
    assert [foreign.get("/images").status_code for _ in range(3)] == [401] * 3
    assert caller.get("/images").status_code == 204


def test_limits_can_be_off(caller: Caller) -> None:
    caller.control.scenario(rate_limits=SMALL, rate_limiting=False)
    answers = [caller.get("/images") for _ in range(5)]
    assert {answer.status_code for answer in answers} == {204}
    assert "X-RateLimit-Limit" not in answers[0].headers


def test_the_documented_numbers_are_the_default(caller: Caller) -> None:
    for path, calls in {
        "/containers/list": "120",
        "/containers": "5000",
        "/images/list": "120",
        "/images": "5000",
        f"/images/{'a' * 64}/vuln": "5000",
        "/registry": "1000",
        "/registry/aws/connectors": "1000",
        "/sensors": "1000",
    }.items():
        headers = caller.get(path).headers
        assert (headers["X-RateLimit-Limit"], headers["X-RateLimit-Window-Sec"]) == (calls, "60")


@pytest.mark.parametrize(
    ("path", "calls"),
    [
        ("/containers/list", 120),
        ("/containers/abc", 5000),
        ("/images/list", 120),
        ("/images/abc/vuln", 5000),
        ("/registry/abc/schedule", 1000),
        ("/sensors", 1000),
    ],
)
def test_each_documented_family_has_its_own_limit(path: str, calls: int) -> None:
    documented, limits = Scenario().rate_limits, RateLimits()
    for number in range(calls):
        headers = limits.take(path, documented, 1.0 + number / calls, 429)
    assert headers["X-RateLimit-Remaining"] == "0"
    with pytest.raises(Refusal) as refused:
        limits.take(path, documented, 60.9, 429)
    assert refused.value.status == 429
    for other in {"/containers", "/images", "/registry", "/sensors"} - {f"/{path.split('/')[1]}"}:
        limits.take(other, documented, 60.9, 429)
    limits.take(path, documented, 61.1, 429)


def test_the_documented_limit_of_a_list_is_enforced_by_default(caller: Caller) -> None:
    assert {caller.get("/images/list").status_code for _ in range(120)} == {204}
    assert caller.get("/images/list").status_code == 429
    assert caller.get("/images").status_code == 204
