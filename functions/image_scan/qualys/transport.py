"""Sends HTTP requests to the Qualys gateway: signs in, tries again if safe, and raises our errors.

A rate limit answers 429, in older modules 409. One of three headers says how long to wait:
https://docs.qualys.com/en/cs/api/get_started/api_rate_limiting.htm
"""

from __future__ import annotations

import random
import re
import time
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import requests

from image_scan.errors import (
    ProxyUnauthorized,
    QualysForbidden,
    QualysRejected,
    QualysThrottled,
    QualysUnauthorized,
    QualysUnavailable,
)
from image_scan.qualys.connection import failure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from image_scan.qualys.credentials import Credentials

_TIMEOUT = (3.05, 15)
_TRIES = 3
_LONGEST_WAIT = 10.0
_DEFAULT_WAIT = 2.0
# A function runs for a minute. It may wait for this many seconds of it.
_PATIENCE = 25.0
_PATIENCE_WINDOW = 60.0
_LIMITED = (409, 429)
Method = Literal["GET", "POST", "DELETE"]
Params: TypeAlias = "Mapping[str, str | int | Sequence[str]]"


class Transport:
    """Sends requests below /csapi/v1.3.

    `send` returns answers of 2xx and 404; all others become errors. GET and DELETE are tried three
    times when the gateway fails; POST is not, since it may have been carried out.
    """

    def __init__(
        self,
        session: requests.Session,
        gateway_url: str,
        credentials: Credentials,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._session = session
        self._base = f"{gateway_url}/csapi/v1.3"
        self._credentials = credentials
        self._sleep = sleep
        self._clock = clock
        self._waiting_since = self._waited = 0.0

    def send(
        self,
        method: Method,
        path: str,
        params: Params | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> requests.Response:
        tries = 1 if method == "POST" else _TRIES
        renewed = renewed_login = waited = False
        for attempt in range(1, tries + 4):
            try:
                answer = self._request(method, path, params, body)
                # A permission that was granted since is only in a new JWT, so 403 renews it too.
                if answer.status_code in (401, 403) and not renewed:
                    renewed = True
                    if self._credentials.renew():
                        continue
            except QualysUnavailable:
                if attempt >= tries:
                    raise
                self._sleep(random.uniform(0.2, 0.5) * attempt)  # noqa: S311 - jitter
                continue
            except ProxyUnauthorized:
                if renewed_login or not self._credentials.renew_proxy_login():
                    raise
                renewed_login = True
                continue
            if answer.status_code in _LIMITED and not waited:
                waited = True
                self._wait(answer, f"{method} {path}")
                continue
            return _accepted(answer, f"{method} {path}")
        raise QualysUnavailable(f"{method} {path}: no answer in {tries} tries")

    def _request(
        self,
        method: Method,
        path: str,
        params: Params | None,
        body: Mapping[str, Any] | None,
    ) -> requests.Response:
        try:
            answer = self._session.request(
                method,
                self._base + path,
                params=params,
                json=body,
                headers={
                    "Authorization": f"Bearer {self._credentials.token()}",
                    "Accept": "application/json",
                },
                timeout=_TIMEOUT,
                allow_redirects=False,
            )
        except (requests.RequestException, ValueError) as error:
            # ValueError: requests parses a Location header even if it does not follow it.
            raise failure(error, f"{method} {path}") from None
        if answer.status_code >= 500:
            raise QualysUnavailable(f"{method} {path}: HTTP {answer.status_code}")
        return answer

    def _wait(self, answer: requests.Response, call: str) -> None:
        seconds = wait_seconds(answer.headers)
        if seconds > _LONGEST_WAIT:
            raise QualysThrottled(f"{call}: asked to wait {seconds:.0f} s")
        # With jitter, functions that were limited together do not return together.
        if not self._nap(seconds + random.uniform(0, 1 + seconds / 2)):  # noqa: S311 - jitter
            raise QualysThrottled(f"{call}: limited too often")

    def _nap(self, seconds: float) -> bool:
        """Sleeps. Returns False, without sleep, if the last minute had too much of it."""
        now = self._clock()
        if now - self._waiting_since > _PATIENCE_WINDOW:
            self._waiting_since, self._waited = now, 0.0
        if self._waited + seconds > _PATIENCE:
            return False
        self._waited += seconds
        self._sleep(seconds)
        return True


def wait_seconds(headers: Mapping[str, str]) -> float:
    """Returns how long a limited answer asks to wait: the longest time in its headers."""
    asked = [_number(headers, "Retry-After"), _number(headers, "X-RateLimit-ToWait-Sec")]
    if _number(headers, "X-RateLimit-Remaining") == 0:
        asked.append(_number(headers, "X-RateLimit-Window-Sec"))
    said = [seconds for seconds in asked if seconds is not None]
    return max(said, default=_DEFAULT_WAIT)


def _number(headers: Mapping[str, str], name: str) -> float | None:
    text = headers.get(name, "").strip()
    return float(text) if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text) else None


def _accepted(answer: requests.Response, call: str) -> requests.Response:
    status = answer.status_code
    if status == 404 or 200 <= status < 300:
        return answer
    message = f"{call}: HTTP {status}"
    if status == 401:
        raise QualysUnauthorized(message)
    if status == 403:
        raise QualysForbidden(message)
    if status in _LIMITED:
        raise QualysThrottled(message)
    if status < 400:
        raise QualysUnavailable(message)  # a redirect must not get the token
    raise QualysRejected(message)
