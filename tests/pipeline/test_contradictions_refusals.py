"""Where sources disagree on limits and refusals: rows 10 and 18.

The status of many is in no document: whichever comes, it is an error and never a verdict.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.pipeline import Pipeline, ended, verdict

IMAGE = "/images/[0-9a-f]{64}"
VULN = f"{IMAGE}/vuln"
JOBS = "/registry/[^/]+/schedule"


def waited(pipeline: Pipeline, status: int) -> float:
    """Seconds between the first call that was turned away and the next one."""
    log = pipeline.qualys.calls()
    (first, *_) = [number for number, each in enumerate(log) if each["status"] == status]
    return float(log[first + 1]["at"] - log[first]["at"])


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {"Retry-After": "3"}, 3),
        (409, {"X-RateLimit-ToWait-Sec": "4"}, 4),
        (429, {"X-RateLimit-Remaining": "0", "X-RateLimit-Window-Sec": "5"}, 5),
        (429, {"x-ratelimit-towait-sec": "6", "retry-after": "2"}, 6),
        (
            409,
            {"Retry-After": "2", "X-RateLimit-Remaining": "0", "X-RateLimit-Window-Sec": "7"},
            7,
        ),
        (429, {"X-RateLimit-Remaining": "3", "X-RateLimit-Window-Sec": "60"}, 1),
        (429, {"Retry-After": "soon"}, 1),
        (409, {}, 1),
    ],
    ids=str,
)
def test_row_10_each_header_that_asks_for_a_wait_gets_it(
    connected: Pipeline, status: int, headers: dict[str, str], seconds: int
) -> None:
    connected.spoil(IMAGE, status=status, headers=headers)
    run = connected.scan()
    assert ended(run) == ("CLEAN", "")
    assert seconds <= waited(connected, status) < 60
    assert run.retries == {}


@pytest.mark.parametrize("path", ["/registry", "/registry/aws/connector", JOBS])
@pytest.mark.parametrize("status", [429, 409])
def test_row_10_a_creation_that_was_turned_away_is_made_once(
    pipeline: Pipeline, path: str, status: int
) -> None:
    pipeline.spoil(path, method="POST", status=status, headers={"Retry-After": "2"}, times=3)
    assert ended(pipeline.scan()) == ("CLEAN", "")
    made = pipeline.qualys.state()
    assert (len(made["registries"]), len(made["connectors"])) == (1, 1)


def test_row_10_a_long_wait_is_left_to_the_state_machine(connected: Pipeline) -> None:
    headers = {"X-RateLimit-ToWait-Sec": "300"}
    connected.spoil(VULN, status=429, headers=headers, times=3)
    run = connected.scan()
    assert ended(run) == ("CLEAN", "")
    assert run.retried("GetResults") == 3
    assert connected.functions.timed_out == []


def test_row_10_a_limit_without_an_end_is_an_error(connected: Pipeline) -> None:
    connected.find(5)
    connected.spoil(VULN, status=429, times=0)
    run = connected.scan()
    assert ended(run) == ("ERROR", "QualysThrottled")
    assert run.retried("GetResults") == 8


def test_row_18_a_token_that_ends_sooner_than_documented_is_renewed(connected: Pipeline) -> None:
    connected.sign_in_with(username="robot", password="secret")
    connected.qualys.scenario(scan_seconds=100.0)
    connected.find(5)
    asked: list[int] = []

    def expire(body: Any) -> Any:
        asked.append(1)
        if len(asked) == 1:
            connected.qualys.expire_tokens()
        return body

    connected.wire.rewrites[JOBS] = expire
    run = connected.scan()
    assert (verdict(run), run.retries) == ("FINDINGS", {})


def test_row_18_a_revoked_token_is_an_error_and_not_a_wait(connected: Pipeline) -> None:
    connected.find(5)
    connected.scan()
    connected.push(config="d" * 64)
    connected.qualys.revoke_token("an-access-token")
    run = connected.scan()
    assert ended(run) == ("ERROR", "QualysUnauthorized")
    assert run.retries == {}


@pytest.mark.parametrize("path", [JOBS, IMAGE, VULN])
def test_row_18_a_missing_permission_is_an_error_of_its_own(connected: Pipeline, path: str) -> None:
    connected.find(5)
    message = {"errorCode": "403 FORBIDDEN", "message": "Request Forbidden", "timestamp": 1}
    for method in ("GET", "POST"):
        connected.spoil(path, method=method, status=403, body=message, times=0)
    assert ended(connected.scan()) == ("ERROR", "QualysForbidden")


@pytest.mark.parametrize("status", [400, 409, 0])
def test_row_18_a_second_registry_is_refused_or_not_and_never_made(
    pipeline: Pipeline, status: int
) -> None:
    """It is there already, and the first look for it misses it."""
    pipeline.scan()
    pipeline.forget_registry()
    pipeline.push(config="d" * 64)
    pipeline.qualys.scenario(duplicate_registry_status=status)
    pipeline.spoil("/registry", status=204, times=1)
    assert verdict(pipeline.scan()) == "CLEAN"
    assert len(pipeline.qualys.state()["registries"]) == 1


@pytest.mark.parametrize(
    ("unique", "fault"),
    [(True, {"drop": True}), (True, {"status": 400}), (False, {"drop": True})],
    ids=str,
)
def test_row_18_a_name_that_is_taken_was_taken_by_the_lost_submission(
    connected: Pipeline, unique: bool, fault: dict[str, Any]
) -> None:
    connected.qualys.scenario(reject_duplicate_schedule_names=unique)
    connected.spoil(JOBS, method="POST", after=True, **fault)
    assert ended(connected.scan()) == ("CLEAN", "")
    assert len(connected.held.pulls) == 1


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, "QualysRejected"),
        (403, "QualysForbidden"),
        (409, "QualysThrottled"),
        (422, "QualysRejected"),
        (429, "QualysThrottled"),
        (302, "QualysUnavailable"),
        (500, "QualysUnavailable"),
    ],
)
def test_row_18_a_quota_of_schedules_is_an_error_whatever_its_status(
    connected: Pipeline, status: int, error: str
) -> None:
    connected.spoil(JOBS, method="POST", status=status, times=0)
    assert ended(connected.scan()) == ("ERROR", error)
    assert connected.qualys.state()["schedules"] == []


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
def test_row_18_a_refusal_is_none_the_less_one_for_having_a_clean_body(
    connected: Pipeline, status: int
) -> None:
    zero = {f"sev{level}Count": 0 for level in range(1, 6)}
    body = {"details": [], "vulnSummary": {"confirmed": zero, "potential": zero}}
    connected.spoil(VULN, status=status, body=body, times=0)
    assert verdict(connected.scan()) in ("ERROR", "QualysUnauthorized")


@pytest.mark.parametrize("path", [IMAGE, VULN])
def test_row_18_a_redirection_is_not_followed(connected: Pipeline, path: str) -> None:
    """It would lead somewhere else with the credential, and to an answer of somebody else."""
    connected.find(5)
    connected.spoil(path, status=302, headers={"Location": "/_control/state"}, times=0)
    assert ended(connected.scan()) == ("ERROR", "QualysUnavailable")


def test_row_18_a_filter_that_is_refused_makes_nothing(pipeline: Pipeline) -> None:
    pipeline.spoil("/registry", status=400, times=0)
    assert ended(pipeline.scan()) == ("ERROR", "QualysRejected")
    assert pipeline.qualys.state()["registries"] == []
