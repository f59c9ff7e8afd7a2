"""HTTP to Qualys: what is sent, what is tried again, what becomes which error."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import requests

from image_scan.errors import (
    QualysForbidden,
    QualysRejected,
    QualysThrottled,
    QualysUnauthorized,
    QualysUnavailable,
)
from image_scan.qualys.transport import Transport, wait_seconds
from tests.support.builders import API, GATEWAY
from tests.support.doubles import FixedToken

if TYPE_CHECKING:
    import responses

    from image_scan.qualys.transport import Method

URL = f"{API}/thing"


def transport(naps: list[float] | None = None, *renewals: str) -> Transport:
    sleep = (naps if naps is not None else []).append
    return Transport(requests.Session(), GATEWAY, FixedToken(*renewals), sleep)


def test_a_request_is_authorised_and_encoded_once(answers: responses.RequestsMock) -> None:
    answers.get(URL, json={"ok": 1})
    transport().send("GET", "/thing", params={"filter": 'uri:"https://h/x"', "pageNumber": 1})
    request = answers.calls[0].request
    assert request.headers["Authorization"] == "Bearer token-0"
    assert request.headers["Accept"] == "application/json"
    assert request.url == f"{URL}?filter=uri%3A%22https%3A%2F%2Fh%2Fx%22&pageNumber=1"


def test_a_body_is_json(answers: responses.RequestsMock) -> None:
    answers.post(URL, status=201)
    transport().send("POST", "/thing", body={"onDemand": True})
    assert json.loads(answers.calls[0].request.body or b"") == {"onDemand": True}


@pytest.mark.parametrize("status", [200, 201, 202, 204, 404])
def test_what_the_caller_reads_itself(answers: responses.RequestsMock, status: int) -> None:
    answers.get(URL, status=status)
    assert transport().send("GET", "/thing").status_code == status
    assert len(answers.calls) == 1


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (302, QualysUnavailable),
        (400, QualysRejected),
        (401, QualysUnauthorized),
        (403, QualysForbidden),
        (405, QualysRejected),
        (422, QualysRejected),
        (500, QualysUnavailable),
        (503, QualysUnavailable),
    ],
)
def test_every_other_status_is_an_error(
    answers: responses.RequestsMock, status: int, error: type
) -> None:
    answers.get(URL, status=status, body='{"message": "token-0 in clear"}')
    with pytest.raises(error) as raised:
        transport().send("GET", "/thing")
    assert f"HTTP {status}" in str(raised.value)
    assert "clear" not in str(raised.value)


def test_a_not_modified_is_no_answer(answers: responses.RequestsMock) -> None:
    answers.get(URL, status=304)
    with pytest.raises(QualysUnavailable):
        transport().send("GET", "/thing")


@pytest.mark.held("the credential")
def test_a_redirect_is_not_followed_with_the_token(answers: responses.RequestsMock) -> None:
    answers.get(URL, status=302, headers={"Location": "https://elsewhere.example"})
    with pytest.raises(QualysUnavailable):
        transport().send("GET", "/thing")
    assert len(answers.calls) == 1


def test_a_redirect_to_nowhere_is_a_failure_of_the_gateway(
    answers: responses.RequestsMock,
) -> None:
    answers.get(URL, status=301, headers={"Location": "http://[bad"})
    with pytest.raises(QualysUnavailable, match="GET /thing: ValueError"):
        transport().send("GET", "/thing")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("failure", [503, requests.ReadTimeout("t"), requests.ConnectionError("c")])
def test_what_is_safe_to_repeat_is_tried_three_times(
    answers: responses.RequestsMock, naps: list[float], method: Method, failure: int | Exception
) -> None:
    if isinstance(failure, int):
        answers.add(method, URL, status=failure)
    else:
        answers.add(method, URL, body=failure)
    with pytest.raises(QualysUnavailable):
        transport(naps).send(method, "/thing")
    assert len(answers.calls) == 3
    assert len(naps) == 2
    assert 0 < naps[0] < naps[1] + 0.5 < 2


def test_a_passing_failure_is_not_noticed(answers: responses.RequestsMock) -> None:
    answers.get(URL, status=503)
    answers.get(URL, body=requests.ReadTimeout())
    answers.get(URL, json={})
    assert transport().send("GET", "/thing").status_code == 200


@pytest.mark.parametrize("failure", [502, requests.ReadTimeout("t")])
def test_a_post_is_never_repeated_by_itself(
    answers: responses.RequestsMock, failure: int | Exception
) -> None:
    """It may have been carried out: a second one would be a second scan."""
    if isinstance(failure, int):
        answers.post(URL, status=failure)
    else:
        answers.post(URL, body=failure)
    with pytest.raises(QualysUnavailable):
        transport().send("POST", "/thing")
    assert len(answers.calls) == 1


@pytest.mark.held("the credential")
def test_a_network_error_is_notified_by_its_kind_alone(answers: responses.RequestsMock) -> None:
    answers.post(URL, body=requests.ConnectionError("Bearer token-0"))
    with pytest.raises(QualysUnavailable) as raised:
        transport().send("POST", "/thing")
    assert str(raised.value) == "POST /thing: ConnectionError"
    assert raised.value.__suppress_context__


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_refused_token_is_renewed_once(answers: responses.RequestsMock, method: Method) -> None:
    answers.add(method, URL, status=401)
    answers.add(method, URL, json={})
    assert transport([], "token-1").send(method, "/thing").status_code == 200
    assert answers.calls[1].request.headers["Authorization"] == "Bearer token-1"


def test_a_renewed_token_that_is_refused_too(answers: responses.RequestsMock) -> None:
    answers.get(URL, status=401)
    with pytest.raises(QualysUnauthorized):
        transport([], "token-1", "token-2").send("GET", "/thing")
    assert len(answers.calls) == 2


def test_a_permission_that_was_granted_since_is_in_a_new_token(
    answers: responses.RequestsMock,
) -> None:
    answers.get(URL, status=403)
    answers.get(URL, json={})
    assert transport([], "token-1").send("GET", "/thing").status_code == 200


def test_a_post_that_is_limited_twice_is_left_to_the_state_machine(
    answers: responses.RequestsMock,
) -> None:
    answers.post(URL, status=409)
    with pytest.raises(QualysThrottled):
        transport().send("POST", "/thing")
    assert len(answers.calls) == 2


@pytest.mark.parametrize("status", [409, 429])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_short_limit_is_sat_out(
    answers: responses.RequestsMock, naps: list[float], status: int, method: Method
) -> None:
    answers.add(method, URL, status=status, headers={"retry-after": "4"})
    answers.add(method, URL, json={})
    assert transport(naps).send(method, "/thing").status_code == 200
    assert len(naps) == 1
    assert 4 <= naps[0] <= 7


def test_a_limit_that_stays_is_left_to_the_state_machine(
    answers: responses.RequestsMock, naps: list[float]
) -> None:
    answers.get(URL, status=429)
    with pytest.raises(QualysThrottled, match="HTTP 429"):
        transport(naps).send("GET", "/thing")
    assert (len(answers.calls), len(naps)) == (2, 1)


def test_a_long_limit_is_not_sat_out(answers: responses.RequestsMock, naps: list[float]) -> None:
    answers.get(URL, status=429, headers={"X-RateLimit-ToWait-Sec": "61"})
    with pytest.raises(QualysThrottled, match="61 s"):
        transport(naps).send("GET", "/thing")
    assert naps == []


def test_all_kinds_of_trouble_in_one_call_end(
    answers: responses.RequestsMock, naps: list[float]
) -> None:
    for status in (503, 401, 429, 200):
        answers.get(URL, status=status, json={})
    assert transport(naps, "token-1").send("GET", "/thing").status_code == 200


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 2),
        ({"Retry-After": "7"}, 7),
        ({"Retry-After": "7", "X-RateLimit-ToWait-Sec": "9"}, 9),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Window-Sec": "60", "Retry-After": "7"}, 60),
        ({"X-RateLimit-Remaining": "3", "X-RateLimit-Window-Sec": "60"}, 2),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, 2),
        ({"Retry-After": "-5"}, 2),
        ({"Retry-After": "٣"}, 2),
        ({"Retry-After": "0"}, 0),
        ({"Retry-After": "2.5"}, 2.5),
        ({"Retry-After": "9" * 400}, 2),
    ],
)
def test_how_long_an_answer_asks_to_wait(headers: dict[str, str], seconds: float) -> None:
    assert wait_seconds(headers) == seconds


def test_a_limit_on_page_after_page_is_left_to_the_state_machine(
    answers: responses.RequestsMock, naps: list[float]
) -> None:
    """Each of them is short; together they would outlast the function."""
    clock = [1000.0]

    def nap(seconds: float) -> None:
        naps.append(seconds)
        clock[0] += seconds

    sender = Transport(requests.Session(), GATEWAY, FixedToken(), nap, lambda: clock[0])

    def send(times: int = 1) -> None:
        for _ in range(times):
            answers.get(URL, status=429, headers={"Retry-After": "4"})
            answers.get(URL, json={})
            sender.send("GET", "/thing")

    with pytest.raises(QualysThrottled, match="too often"):
        send(times=9)
    assert 3 <= len(naps) <= 6
    assert sum(naps) <= 25
    clock[0] += 61  # the next function in this environment has its own minute
    answers.reset()
    send()
