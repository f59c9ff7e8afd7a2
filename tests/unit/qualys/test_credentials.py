"""The bearer token: three kinds of credential, minted when it must be, shown to nobody."""

from __future__ import annotations

import base64
import json
import math
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from image_scan.errors import (
    ConfigurationError,
    QualysUnauthorized,
    QualysUnavailable,
    ScanError,
)
from image_scan.qualys import credentials
from image_scan.qualys.credentials import Credentials
from tests.support.builders import GATEWAY, NOW

if TYPE_CHECKING:
    import responses

    from tests.support.doubles import Clock

USER = {"username": "ann", "password": "p&ss wörd"}
CLIENT = {"client_id": "cid-7", "client_secret": "cs-secret"}
HOURS = 3600


def jwt(claims: Any = None, name: str = "x") -> str:
    text = claims if isinstance(claims, str) else json.dumps(claims or {})
    body = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
    return f"head-{name}.{body}.signature"


class Secret:
    """The stored credential; counts how often it is read."""

    def __init__(self, value: Any) -> None:
        self.value = value
        self.reads = 0

    def __call__(self) -> str:
        self.reads += 1
        return self.value if isinstance(self.value, str) else json.dumps(self.value)


def make(secret: Any, clock: Clock) -> Credentials:
    read = secret if isinstance(secret, Secret) else Secret(secret)
    return Credentials(requests.Session(), GATEWAY, read, clock)


def test_an_access_token_is_sent_as_it_is(clock: Clock, answers: responses.RequestsMock) -> None:
    assert make({"token": " at-123\n"}, clock).token() == "at-123"
    assert len(answers.calls) == 0


def test_an_access_token_is_read_once(clock: Clock) -> None:
    secret = Secret({"token": "old"})
    found = make(secret, clock)
    found.token()
    secret.value = {"token": "new"}
    clock.now += 10 * HOURS
    assert found.token() == "old"
    assert secret.reads == 1


def test_a_user_signs_in_with_a_form(clock: Clock, answers: responses.RequestsMock) -> None:
    answers.post(f"{GATEWAY}/auth", status=201, body=f"{jwt()}\n", content_type="text/plain")
    assert make(USER, clock).token() == jwt()
    body = answers.calls[0].request.body
    assert isinstance(body, str)
    assert parse_qs(body) == {"username": ["ann"], "password": ["p&ss wörd"], "token": ["true"]}


def test_a_client_signs_in_with_headers(clock: Clock, answers: responses.RequestsMock) -> None:
    answers.post(f"{GATEWAY}/auth/oauth", body=jwt())
    assert make(CLIENT, clock).token() == jwt()
    request = answers.calls[0].request
    assert (request.headers["clientId"], request.headers["clientSecret"]) == ("cid-7", "cs-secret")
    assert not request.body


def test_a_client_of_the_other_kind_signs_in_at_the_other_door(
    clock: Clock, answers: responses.RequestsMock
) -> None:
    answers.post(f"{GATEWAY}/auth/oauth", status=401)
    answers.post(f"{GATEWAY}/auth/oidc", body=jwt())
    assert make(CLIENT, clock).token() == jwt()


@pytest.mark.parametrize(
    ("claims", "lives"),
    [
        ({"exp": NOW + 2 * HOURS}, 2 * HOURS),
        ({}, 4 * HOURS),
        ({"exp": None}, 4 * HOURS),
        ("[" * 100_000, 4 * HOURS),
        ({"exp": 10**400}, 4 * HOURS),
        ({"exp": float("nan")}, 4 * HOURS),
        ({"exp": "inf"}, 4 * HOURS),
        ([1], 4 * HOURS),
    ],
)
def test_a_minted_token_is_used_until_a_margin_before_its_end(
    clock: Clock, answers: responses.RequestsMock, claims: Any, lives: int
) -> None:
    answers.post(f"{GATEWAY}/auth", body=jwt(claims, "first"))
    answers.post(f"{GATEWAY}/auth", body=jwt(claims, "second"))
    found = make(USER, clock)
    first = found.token()
    clock.now += lives - 301
    assert found.token() == first
    clock.now += 1
    assert found.token() == jwt(claims, "second")
    assert len(answers.calls) == 2


def test_renewing_mints_again_from_what_was_read(
    clock: Clock, answers: responses.RequestsMock
) -> None:
    answers.post(f"{GATEWAY}/auth", body=jwt(name="first"))
    answers.post(f"{GATEWAY}/auth", body=jwt(name="second"))
    secret = Secret(USER)
    found = make(secret, clock)
    found.token()
    assert found.renew()
    assert found.token() == jwt(name="second")
    assert secret.reads == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [(USER, {**USER, "password": "rotated"}), (CLIENT, {**CLIENT, "client_secret": "rotated"}),
     (USER, {"token": "at-1"}), (CLIENT, USER)],
)  # fmt: skip
def test_a_rotation_is_seen_when_the_old_credential_is_refused(
    clock: Clock, answers: responses.RequestsMock, old: Any, new: Any
) -> None:
    accepted = list(old.values())[1]

    def sign_in(request: Any) -> tuple[int, dict[str, str], str]:
        sent = parse_qs(request.body or "").get("password", [request.headers.get("clientSecret")])
        return (201 if sent == [accepted] else 401, {}, jwt({"exp": clock() + HOURS}))

    for path in ("auth", "auth/oauth", "auth/oidc"):
        answers.add_callback("POST", f"{GATEWAY}/{path}", sign_in)
    secret = Secret(old)
    found = make(secret, clock)
    found.token()
    secret.value, accepted = new, list(new.values())[-1]
    clock.now += HOURS
    assert found.token() in ("at-1", jwt({"exp": clock() + HOURS}))
    assert secret.reads == 2


def test_a_refused_sign_in_looks_for_a_rotation_and_does_not_try_the_same_again(
    clock: Clock, answers: responses.RequestsMock
) -> None:
    answers.post(f"{GATEWAY}/auth", status=201, body=jwt({"exp": NOW + HOURS}))
    secret = Secret(USER)
    found = make(secret, clock)
    found.token()
    clock.now += HOURS
    answers.replace("POST", f"{GATEWAY}/auth", status=401)
    with pytest.raises(QualysUnauthorized, match="still the same"):
        found.token()
    assert (secret.reads, len(answers.calls)) == (2, 2)


def test_a_door_that_is_down_is_not_taken_for_a_refusal(
    clock: Clock, answers: responses.RequestsMock
) -> None:
    answers.post(f"{GATEWAY}/auth/oauth", status=503)
    answers.post(f"{GATEWAY}/auth/oidc", status=401)
    with pytest.raises(QualysUnavailable):
        make(CLIENT, clock).token()


def test_one_refusal_of_two_doors_is_a_refusal(
    clock: Clock, answers: responses.RequestsMock
) -> None:
    answers.post(f"{GATEWAY}/auth/oauth", status=401)
    answers.post(f"{GATEWAY}/auth/oidc", status=404)
    with pytest.raises(QualysUnauthorized):
        make(CLIENT, clock).token()


def test_renewing_an_access_token_helps_only_after_a_rotation(clock: Clock) -> None:
    secret = Secret({"token": "old"})
    found = make(secret, clock)
    found.token()
    assert not found.renew()
    secret.value = {"token": "new"}
    assert found.renew()
    assert found.token() == "new"


@pytest.mark.parametrize(("status", "error"), [(401, QualysUnauthorized), (403, QualysUnauthorized),
    (400, QualysUnauthorized), (302, QualysUnavailable), (404, QualysUnavailable),
    (408, QualysUnavailable), (409, QualysUnavailable), (429, QualysUnavailable),
    (500, QualysUnavailable), (503, QualysUnavailable)])  # fmt: skip
@pytest.mark.parametrize("secret", [USER, CLIENT])
def test_a_refused_sign_in(
    clock: Clock, answers: responses.RequestsMock, status: int, error: type, secret: dict[str, str]
) -> None:
    for path in ("auth", "auth/oauth", "auth/oidc"):
        answers.post(f"{GATEWAY}/{path}", status=status, body="wörd cs-secret ann")
    with pytest.raises(error) as raised:
        make(secret, clock).token()
    for value in secret.values():
        assert value not in str(raised.value)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<html>ok</html>",
        "<html>www.qualys.com</html>",
        "a.b",
        "a.b.c\nd",
        "\u0442.a.b",
        "a.b.c d\x00",
    ],
)
def test_an_answer_that_is_no_token(
    clock: Clock, answers: responses.RequestsMock, body: str
) -> None:
    answers.post(f"{GATEWAY}/auth", body=body.encode(), content_type="text/plain; charset=utf-8")
    with pytest.raises(QualysUnavailable, match="without a token"):
        make(USER, clock).token()


@pytest.mark.parametrize("charset", ["idna", "undefined", "a\x00b", "utf-16"])
def test_a_token_is_read_whatever_charset_it_claims(
    clock: Clock, answers: responses.RequestsMock, charset: str
) -> None:
    headers = {"Content-Type": f"text/plain;charset={charset}"}
    answers.post(f"{GATEWAY}/auth", body=jwt().encode(), headers=headers)
    assert make(USER, clock).token() == jwt()


def test_an_unreachable_gateway_quotes_nothing(
    clock: Clock, answers: responses.RequestsMock
) -> None:
    answers.post(f"{GATEWAY}/auth", body=requests.ConnectionError("p&ss wörd"))
    with pytest.raises(QualysUnavailable) as raised:
        make(USER, clock).token()
    assert str(raised.value) == "signing in: ConnectionError"
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "not json",
        "[]",
        '"text"',
        {},
        {"token": ""},
        {"token": "  "},
        {"token": 7},
        {"token": "two\nlines"},
        {"token": "nön-ascii"},
        "[" * 100_000,
        {"username": "ann"},
        {"username": "ann", "password": ""},
        {"username": "ann", "password": "half a character: \ud800"},
        {"client_id": "a\r\nX-Evil: 1", "client_secret": "b"},
        {"token": "t", "proxy_user": "ann"},
        {"token": "t", "proxy_password": "p"},
        {"token": "t", "proxy_user": "ann", "proxy_password": 7},
        {"token": "t", "proxy_user": "ann", "proxy_password": None},
        {"token": "t", "proxy_user": " \n", "proxy_password": "p"},
        {"token": "t", "proxy_user": 0, "proxy_password": 0},
        {"token": "t", "proxy_user": "an:n", "proxy_password": "p"},
        {"token": "t", "proxy_user": "ann", "proxy_password": "half a character: \ud800"},
    ],
)
def test_a_secret_of_another_form_is_a_mistake_in_the_configuration(
    clock: Clock, secret: Any
) -> None:
    with pytest.raises(ConfigurationError) as raised:
        make(secret, clock).token()
    assert str(secret) == "" or str(secret) not in str(raised.value)


@pytest.mark.parametrize(
    ("secret", "login"),
    [
        ({"token": "t", "proxy_user": None, "proxy_password": None}, None),
        ({"token": "t", "proxy_user": "", "proxy_password": None}, None),
        ({"token": "t", "proxy_user": "ann\n", "proxy_password": " p p\n"}, ("ann", "p p")),
    ],
)
def test_a_login_at_the_proxy(clock: Clock, secret: Any, login: tuple[str, str] | None) -> None:
    assert make(secret, clock).proxy_login() == login


@given(st.text(max_size=40) | st.binary(max_size=20))
def test_the_end_of_any_token_is_finite_or_unknown(body: str | bytes) -> None:
    text = body if isinstance(body, str) else base64.urlsafe_b64encode(body).decode()
    ends = credentials.expiry(f"a.{text.replace('.', '')}.c")
    assert ends is None or math.isfinite(ends)


_NAMES = st.sampled_from(["token", "username", "password", "client_id", "client_secret"])
_SCALARS = st.none() | st.integers() | st.text(max_size=8)


@given(st.recursive(_SCALARS, lambda inner: st.dictionaries(_NAMES, inner)))
def test_any_secret_is_read_or_refused(value: Any) -> None:
    try:
        found = credentials.parse(json.dumps(value))
    except ScanError:
        return
    assert all(found.values())
