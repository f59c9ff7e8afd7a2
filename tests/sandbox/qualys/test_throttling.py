"""Answers over a limit, in every form that was documented or seen."""

from typing import Any

import pytest

from tests.sandbox.qualys.caller import Caller

BASE = "/csapi/v1.3/registry/aws-base"
CSAPI = {
    "X-RateLimit-Limit": "1000",
    "X-RateLimit-Window-Sec": "1",
    "X-RateLimit-Remaining": "0",
}


def limit_headers(caller: Caller) -> dict[str, str]:
    """The headers of the next answer about limits, spelled as they came."""
    caller.control.scenario(rate_limiting=False)
    headers = caller.get("/registry/aws-base").headers
    return {
        name: value
        for name, value in headers.items()
        if "limit" in name.lower() or name.lower() == "retry-after"
    }


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ({}, CSAPI),
        (
            {"window": 7, "limit": 120},
            CSAPI | {"X-RateLimit-Window-Sec": "7", "X-RateLimit-Limit": "120"},
        ),
        ({"remaining": 3}, CSAPI | {"X-RateLimit-Remaining": "3"}),
        ({"retry_after": 5, "window": None}, {"Retry-After": "5"}),
        (
            {"retry_after": "Wed, 21 Oct 2026 07:28:00 GMT"},
            CSAPI | {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"},
        ),
        ({"to_wait": 9, "window": None}, {"X-RateLimit-ToWait-Sec": "9"}),
        (
            {"concurrency": (2, 2), "window": None},
            {"X-Concurrency-Limit-Limit": "2", "X-Concurrency-Limit-Running": "2"},
        ),
        ({"window": None}, {}),
        ({"letters": "lower"}, {name.lower(): value for name, value in CSAPI.items()}),
        (
            {"letters": "upper", "retry_after": 1},
            {name.upper(): value for name, value in CSAPI.items()} | {"RETRY-AFTER": "1"},
        ),
    ],
)
@pytest.mark.parametrize("status", [429, 409])
def test_what_an_answer_over_the_limit_says(
    caller: Caller, status: int, stated: dict[str, Any], expected: dict[str, str]
) -> None:
    caller.control.throttle(BASE, status=status, times=2, **stated)
    answer = caller.get("/registry/aws-base")
    assert answer.status_code == status
    assert set(answer.json()) == {"errorCode", "message", "timestamp"}
    assert limit_headers(caller) == expected
    assert caller.get("/registry/aws-base").status_code == 200


def test_a_limit_can_be_of_one_method_and_call(caller: Caller) -> None:
    caller.control.throttle(method="GET", nth=2, times=1)
    found = [caller.get("/registry/aws-base").status_code for _ in range(3)]
    assert found == [200, 429, 200]


def test_the_real_limits_may_answer_as_the_classic_api(caller: Caller) -> None:
    caller.control.scenario(rate_limits={"/registry": [1, 60]}, rate_limit_status=409)
    assert [caller.get("/registry/aws-base").status_code for _ in range(2)] == [200, 409]
