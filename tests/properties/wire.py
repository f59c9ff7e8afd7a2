"""A gateway that answers what a test says, below the real HTTP session.

Everything above the socket is real: decoding of bodies, cookies, redirects and their exceptions.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from http.client import HTTPMessage
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from urllib.parse import parse_qs, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse
from urllib3._collections import HTTPHeaderDict
from urllib3.exceptions import InvalidHeader

from image_scan.qualys.client import QualysClient
from image_scan.qualys.credentials import Credentials
from image_scan.qualys.transport import Transport
from tests.support.builders import GATEWAY

if TYPE_CHECKING:
    import http.client
    from collections.abc import Callable

BEARER = "bearer-QX7#zW9!kV3"
JSON = (("Content-Type", "application/json;charset=UTF-8"),)


@dataclass(frozen=True)
class Answer:
    """A response as it comes over the wire, or the exception that there is instead of one."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = JSON
    failure: type[requests.RequestException] | None = None


class Request(NamedTuple):
    method: str
    path: str
    query: dict[str, list[str]]
    body: str
    headers: Any


class _Original:
    """The part of http.client's response that cookies are read from."""

    def __init__(self, headers: tuple[tuple[str, str], ...]) -> None:
        self.msg = HTTPMessage()
        for name, value in headers:
            self.msg[name] = value

    def isclosed(self) -> bool:
        return True

    def close(self) -> None:
        pass


@dataclass
class Wire(HTTPAdapter):
    """Asks `reply` for each answer and keeps what was said and what arrived of it, in order."""

    reply: Callable[[Request], Answer]
    said: list[tuple[Request, Answer]] = field(default_factory=list)
    received: list[tuple[Request, requests.Response]] = field(default_factory=list)

    def send(
        self, request: requests.PreparedRequest, *_: object, **__: object
    ) -> requests.Response:
        url = urlsplit(str(request.url))
        body = request.body.decode() if isinstance(request.body, bytes) else request.body or ""
        asked = Request(
            str(request.method), url.path, parse_qs(url.query), str(body), request.headers
        )
        answer = self.reply(asked)
        self.said.append((asked, answer))
        if answer.failure:
            # As the real ones do, it quotes what it was about.
            raise answer.failure(f"{dict(request.headers)} {request.body!r}", request=request)
        cookies = any(name.lower() == "set-cookie" for name, _ in answer.headers)
        original = cast("http.client.HTTPResponse", _Original(answer.headers)) if cookies else None
        try:
            raw = HTTPResponse(
                io.BytesIO(answer.body),
                HTTPHeaderDict(answer.headers),
                answer.status,
                preload_content=False,
                decode_content=False,
                original_response=original,
                request_method=request.method,
            )
        except InvalidHeader as error:
            raise requests.exceptions.InvalidHeader(error, request=request) from error
        response = self.build_response(request, raw)
        response.content  # noqa: B018 - read now, as the session would: it may turn out broken
        self.received.append((asked, response))
        return response

    def close(self) -> None:
        pass

    def session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False  # no .netrc of the developer, and none is looked for
        session.adapters.clear()
        session.mount("https://", self)
        return session


class Bearer(Credentials):
    """Needs no sign-in; the token can be renewed once."""

    def __init__(self) -> None:
        self._renewals = 1

    def token(self) -> str:
        return BEARER

    def renew(self) -> bool:
        self._renewals -= 1
        return self._renewals >= 0


class Gateway:
    """A client of a gateway that answers by `reply`, with all that the two said to each other."""

    def __init__(self, reply: Callable[[Request], Answer]) -> None:
        self.wire = Wire(reply)
        self.naps: list[float] = []
        self._now = 0.0
        self.transport = Transport(
            self.wire.session(),
            GATEWAY,
            Bearer(),
            self._sleep,
            lambda: self._now,
        )
        self.client = QualysClient(self.transport)

    def _sleep(self, seconds: float) -> None:
        assert 0 <= seconds < float("inf")
        self.naps.append(seconds)
        self._now += seconds

    @property
    def said(self) -> list[tuple[Request, Answer]]:
        return self.wire.said


def scripted(answers: list[Answer]) -> Callable[[Request], Answer]:
    """One answer after the other, then the last one for ever."""
    left = list(answers)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]
