"""A warm function whose secret is rotated: the credential, the login at the proxy, or both."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest
import requests

from image_scan.errors import ProxyUnauthorized, QualysUnauthorized
from image_scan.qualys.credentials import Credentials
from image_scan.qualys.transport import Transport
from tests.support.builders import API, GATEWAY

if TYPE_CHECKING:
    import responses

    from image_scan.qualys.transport import Method
    from tests.support.doubles import Clock

URL = f"{API}/thing"
TOKENS = ({"token": "old"}, {"token": "new"})
USERS = ({"username": "u", "password": "old"}, {"username": "u", "password": "new"})


def proxy(password: str) -> dict[str, str]:
    return {"proxy_user": "scan", "proxy_password": password}


class Function:
    """A function whose gateway and proxy take what `wanted` holds, and which reads `secret`."""

    def __init__(self, answers: responses.RequestsMock, clock: Clock, secret: dict[str, str]):
        self.secret, self.wanted = secret, secret
        session = requests.Session()
        self.credentials = Credentials(session, GATEWAY, lambda: json.dumps(self.secret), clock)
        self.transport = Transport(session, GATEWAY, self.credentials, sleep=lambda _: None)
        for method in ("GET", "POST"):
            answers.add_callback(method, URL, self._api)
        answers.add_callback("POST", f"{GATEWAY}/auth", self._sign_in)
        answers.assert_all_requests_are_fired = False

    def send(self, method: Method = "GET") -> int:
        return self.transport.send(method, "/thing").status_code

    def _api(self, request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        self._pass_the_proxy()
        credential = self.wanted.get("token") or f"a.{self.wanted['password']}.c"
        return 200 if request.headers["Authorization"] == f"Bearer {credential}" else 401, {}, "{}"

    def _sign_in(self, request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        self._pass_the_proxy()
        password = parse_qs(str(request.body))["password"][0]
        return 201 if password == self.wanted["password"] else 401, {}, f"a.{password}.c"

    def _pass_the_proxy(self) -> None:
        wanted = self.wanted["proxy_user"], self.wanted["proxy_password"]
        if self.credentials.proxy_login() != wanted:
            raise requests.exceptions.ProxyError("Tunnel connection failed: 407 Authenticate")


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(("old", "new"), [TOKENS, USERS])
def test_credential_and_proxy_login_rotated_together(
    answers: responses.RequestsMock,
    clock: Clock,
    method: Method,
    old: dict[str, str],
    new: dict[str, str],
) -> None:
    function = Function(answers, clock, old | proxy("old"))
    assert function.send() == 200
    function.secret = function.wanted = new | proxy("new")
    assert function.send(method) == 200


def test_a_login_refused_when_signing_in_again(
    answers: responses.RequestsMock, clock: Clock
) -> None:
    """The proxy lets the call through, and refuses only when the JWT is made again."""
    old, new = USERS
    function = Function(answers, clock, old | proxy("old"))
    assert function.send() == 200
    rotated = new | proxy("new")
    refused = iter([True])

    def api(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        if next(refused, False):
            function.secret = function.wanted = rotated
            return 401, {}, "{}"
        return function._api(request)

    answers.remove("GET", URL)
    answers.add_callback("GET", URL, api)
    assert function.send() == 200


def test_each_is_renewed_once(answers: responses.RequestsMock, clock: Clock) -> None:
    function = Function(answers, clock, TOKENS[0] | proxy("old"))
    assert function.send() == 200
    function.wanted = TOKENS[1] | proxy("new")
    function.secret = TOKENS[0] | proxy("another")
    with pytest.raises(ProxyUnauthorized):
        function.send()
    function.secret = {"token": "another"} | proxy("new")
    with pytest.raises(QualysUnauthorized):
        function.send()
