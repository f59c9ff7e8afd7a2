"""Obtains the bearer token of the Qualys gateway, from one of three kinds of credential.

A subscription's access token is sent as it is. User name and password, or the id and secret of an
API client, are exchanged for a JWT that lives four hours.
https://docs.qualys.com/en/cs/api/get_started/get_started.htm
https://docs.qualys.com/en/oauth/oauth-phase1/oauth_ui/oidc_client_management.htm
"""

from __future__ import annotations

import base64
import contextlib
import json
import math
import re
import time
from typing import TYPE_CHECKING

import requests

from image_scan.errors import (
    ConfigurationError,
    QualysUnauthorized,
    QualysUnavailable,
)
from image_scan.qualys.connection import failure

if TYPE_CHECKING:
    from collections.abc import Callable

_LIFETIME = 4 * 3600
_MARGIN = 300
_TIMEOUT = (3.05, 15)
_JWT = re.compile(r"[A-Za-z0-9_=-]+(\.[A-Za-z0-9_=-]+){2}")
_REFUSED = frozenset({400, 401, 403})
_TRANSIENT = frozenset({408, 409, 429})


class Credentials:
    """Obtains a token when needed, and reuses it until shortly before its end.

    `read_secret` returns the JSON text {"token"}, {"username","password"} or
    {"client_id","client_secret"}, each with "proxy_user" and "proxy_password" if a proxy needs
    them. It is called once, and again only after Qualys or the proxy refused the credential: it may
    have been rotated. Methods raise ConfigurationError, QualysUnauthorized, QualysUnavailable,
    QualysUntrusted and ProxyUnauthorized. No message contains a part of the secret.
    """

    def __init__(
        self,
        session: requests.Session,
        gateway_url: str,
        read_secret: Callable[[], str],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._session = session
        self._gateway_url = gateway_url
        self._read_secret = read_secret
        self._clock = clock
        self._secret: dict[str, str] = {}
        self._proxy_login: tuple[str, str] | None = None
        self._token = ""
        self._expires_at = 0.0

    def token(self) -> str:
        if not self._token or self._clock() >= self._expires_at:
            self._token, self._expires_at = self._obtain()
        return self._token

    def renew(self) -> bool:
        """Obtains a new token after a refusal, or reads a rotated one. Returns False if it is the
        same."""
        refused, self._token = self._token, ""
        if "token" in self._secret:
            self._secret = {}
        self._token, self._expires_at = self._obtain()
        return self._token != refused

    def proxy_login(self) -> tuple[str, str] | None:
        """Returns user and password for a proxy; None if the secret has none."""
        if not self._secret:
            self._read()
        return self._proxy_login

    def renew_proxy_login(self) -> bool:
        """Reads the secret again after the proxy refused. False if its login is unchanged."""
        refused = self._proxy_login
        self._read()
        return self._proxy_login != refused

    def _read(self) -> None:
        text = self._read_secret()
        self._secret, self._proxy_login = parse(text), parse_proxy_login(text)

    def _obtain(self) -> tuple[str, float]:
        if self._secret:
            with contextlib.suppress(QualysUnauthorized):
                return self._exchange(self._secret)
        held = self._secret
        self._read()
        if self._secret == held:
            raise QualysUnauthorized("signing in: refused, and the secret is still the same")
        return self._exchange(self._secret)

    def _exchange(self, secret: dict[str, str]) -> tuple[str, float]:
        if "token" in secret:
            return secret["token"], math.inf
        token = self._mint(secret)
        ends = expiry(token)
        return token, (self._clock() + _LIFETIME if ends is None else ends) - _MARGIN

    def _mint(self, secret: dict[str, str]) -> str:
        """Signs in: users at /auth, API clients at /auth/oauth or /auth/oidc. The platform decides
        which of these two exists, so both are tried."""
        doors: dict[str, dict[str, dict[str, str]]]
        if "username" in secret:
            doors = {"/auth": {"data": {**secret, "token": "true"}}}
        else:
            headers = {"clientId": secret["client_id"], "clientSecret": secret["client_secret"]}
            doors = {"/auth/oauth": {"headers": headers}, "/auth/oidc": {"headers": headers}}
        statuses = []
        for path, request in doors.items():
            answer = self._post(path, **request)
            status = answer.status_code
            if 200 <= status < 300:
                return _jwt(answer)
            if status >= 500 or status in _TRANSIENT:
                raise QualysUnavailable(f"signing in: HTTP {status}")
            statuses.append(status)
        error = QualysUnauthorized if _REFUSED.intersection(statuses) else QualysUnavailable
        raise error(f"signing in: HTTP {statuses[-1]}")

    def _post(
        self, path: str, data: dict[str, str] | None = None, headers: dict[str, str] | None = None
    ) -> requests.Response:
        try:
            return self._session.post(
                self._gateway_url + path,
                data=data,
                headers=headers,
                timeout=_TIMEOUT,
                allow_redirects=False,
            )
        except (requests.RequestException, ValueError) as error:  # also for an invalid Location
            # Not chained: a message of another library could quote the request.
            raise failure(error, "signing in") from None


def _jwt(answer: requests.Response) -> str:
    """Returns the token of a sign-in. Raises QualysUnavailable for all else, such as a web page."""
    token = answer.content.decode("latin-1").strip()  # whatever charset it claims
    if not _JWT.fullmatch(token):
        raise QualysUnavailable(f"signing in: HTTP {answer.status_code} without a token")
    return token


def parse(text: str) -> dict[str, str]:
    """Returns the credential in a secret, without the proxy login. Raises ConfigurationError."""
    try:
        secret = json.loads(text)
    except (ValueError, RecursionError):
        secret = None
    for names in (("token",), ("username", "password"), ("client_id", "client_secret")):
        if isinstance(secret, dict) and all(
            isinstance(secret.get(name), str) and secret[name].strip() for name in names
        ):
            found = {name: secret[name].strip() for name in names}
            fit = _fits_a_form if "password" in found else _fits_a_header
            if all(fit(value) for value in found.values()):
                return found
    raise ConfigurationError(
        "the credential secret must be JSON with token, with username and password, "
        "or with client_id and client_secret"
    )


def parse_proxy_login(text: str) -> tuple[str, str] | None:
    """Returns the proxy login in a secret that `parse` accepts. Raises ConfigurationError."""
    secret = json.loads(text)
    values = [secret.get(name) for name in ("proxy_user", "proxy_password")]
    texts = ["" if value is None else value for value in values]
    texts = [value.strip() for value in texts if isinstance(value, str) and _fits_a_form(value)]
    if texts == ["", ""]:
        return None
    if len(texts) == 2 and all(texts) and ":" not in texts[0]:
        return texts[0], texts[1]
    raise ConfigurationError(
        "the credential secret must have proxy_user, without a colon, and proxy_password together"
    )


def _fits_a_form(value: str) -> bool:
    return value.encode("utf-8", "replace").decode() == value


def _fits_a_header(value: str) -> bool:
    return value.isascii() and value.isprintable()


def expiry(token: str) -> float | None:
    """Returns the end that a JWT states, in epoch seconds; None if it states none or is no JWT."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        ends = float(claims["exp"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
    return ends if math.isfinite(ends) else None
