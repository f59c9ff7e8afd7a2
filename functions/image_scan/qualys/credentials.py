"""The bearer token of the Qualys gateway, from any of the three kinds of credential.

A subscription's access token is sent as it is. User name and password, or the id and secret of an
API client, are exchanged for a JWT that lives four hours.
https://docs.qualys.com/en/cs/api/get_started/get_started.htm
https://docs.qualys.com/en/oauth/oauth-phase1/oauth_ui/oidc_client_management.htm
"""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING

import requests

from image_scan.errors import ConfigurationError, QualysUnauthorized, QualysUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

_LIFETIME = 4 * 3600
_MARGIN = 300
_TIMEOUT = (3.05, 15)


class Credentials:
    """Mints when it must, remembers until a margin before the token's own end.

    `read_secret` returns the JSON text {"token"}, {"username","password"} or
    {"client_id","client_secret"}. Methods raise ConfigurationError, QualysUnauthorized and
    QualysUnavailable; no message of theirs holds a part of the secret.
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
        self._token = ""
        self._expires_at = 0.0

    def token(self) -> str:
        if not self._token or self._clock() >= self._expires_at:
            self._token, self._expires_at = self._obtain()
        return self._token

    def renew(self) -> bool:
        """After a 401: reads the secret again and mints anew; False when nothing changed by it."""
        refused = self._token
        self._token, self._expires_at = self._obtain()
        return self._token != refused

    def _obtain(self) -> tuple[str, float]:
        secret = _parse(self._read_secret())
        if "token" in secret:
            # Its end is unknown to us, and a rotation of the secret should be seen in time.
            return secret["token"], self._clock() + _MARGIN
        token = self._mint(secret)
        return token, _expiry(token, self._clock()) - _MARGIN

    def _mint(self, secret: dict[str, str]) -> str:
        if "username" in secret:
            answer = self._post("/auth", data={**secret, "token": "true"})
        else:
            headers = {
                "clientId": secret["client_id"],
                "clientSecret": secret["client_secret"],
            }
            answer = self._post("/auth/oauth", headers=headers)
            if not answer.ok:
                answer = self._post("/auth/oidc", headers=headers)
        if answer.status_code >= 500 or answer.status_code == 429:
            raise QualysUnavailable(f"signing in: HTTP {answer.status_code}")
        token = answer.text.strip()
        if not answer.ok or token.count(".") != 2 or not _fits_a_header(token):
            raise QualysUnauthorized(f"signing in: HTTP {answer.status_code}")
        return token

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
        except requests.RequestException as error:
            # Not chained: a foreign message could quote the request.
            raise QualysUnavailable(f"signing in: {type(error).__name__}") from None


def _parse(text: str) -> dict[str, str]:
    try:
        secret = json.loads(text)
    except ValueError:
        secret = None
    for names in (("token",), ("username", "password"), ("client_id", "client_secret")):
        if isinstance(secret, dict) and all(
            isinstance(secret.get(name), str) and secret[name].strip() for name in names
        ):
            found = {name: secret[name].strip() for name in names}
            if "password" in found or all(_fits_a_header(value) for value in found.values()):
                return found
    raise ConfigurationError(
        "the credential secret must be JSON with token, with username and password, "
        "or with client_id and client_secret"
    )


def _fits_a_header(value: str) -> bool:
    return value.isascii() and value.isprintable()


def _expiry(token: str, now: float) -> float:
    """The JWT's own end in epoch seconds, else the documented lifetime from now."""
    body = token.split(".")[1]
    try:
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return float(claims["exp"])
    except (ValueError, KeyError, TypeError, OverflowError):
        return now + _LIFETIME
