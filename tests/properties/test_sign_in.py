"""Signing in, whatever the doors answer: a token for a header, and not a word of the secret."""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from image_scan.errors import ScanError
from image_scan.qualys.credentials import Credentials
from tests.properties import strategies
from tests.properties.profile import fuzzed
from tests.properties.promise import promised
from tests.properties.wire import Answer, Request, Wire, scripted
from tests.support.builders import GATEWAY, NOW

if TYPE_CHECKING:
    from collections.abc import Callable

# No four characters of these are in a word that an error may hold.
PASSWORD, CLIENT_SECRET, TOKEN = "Zq7!wXk9$Vb2", "Jw4@pLx8%Nf6", "Qz9~Kv3^Ym5&"
JWT = "eyJhbGciOiJub25lIn0.eyJleHAiOjE3NzAwMDM2MDB9.Xk2Vq8Zw4Jp6"
SECRETS = [
    {"token": TOKEN},
    {"username": "wq8#Zk5@Xv3!", "password": PASSWORD},
    {"client_id": "Gx6^Wm2&Qj7*", "client_secret": CLIENT_SECRET},
]
JWT_SHAPE = re.compile(r"[\w=-]+\.[\w=-]+\.[\w=-]+", re.ASCII)
DEEP = object()  # claims that nest deeper than a parser goes
DOORS = {"/auth", "/auth/oauth", "/auth/oidc"}


def jwt(claims: Any, parts: int) -> str:

    text = b"[" * 3000 if claims is DEEP else strategies.escaped(claims)
    middle = base64.urlsafe_b64encode(text).decode().rstrip("=")
    return ".".join(["eyJhbGciOiJub25lIn0", middle, "Xk2Vq8Zw4Jp6", "Zw4J"][:parts])


claims = st.one_of(
    st.just(DEEP),
    st.builds(lambda at: {"exp": at}, strategies.values),
    strategies.values,
    st.builds(lambda at: {"exp": at, "modulesAllowed": ["CS"]}, st.integers(NOW - 9, NOW + 99999)),
)
tokens = st.one_of(
    st.just(JWT),
    st.builds(jwt, claims, st.sampled_from([3, 3, 3, 2, 4])),
    st.text(max_size=12).map(lambda text: f"{text}.{text}.{text}"),
    st.sampled_from(
        [
            "..",
            "a.b.c",
            "<p>www.qualys.com</p>",
            "a.%.c",
            "a.b.c\r\nX-Evil: 1",
            "é.b.c",
            "\ud800.b.c",
            "a.b.c" * 900,
        ]
    ),
)
doors = st.one_of(
    st.builds(
        Answer,
        st.sampled_from([201, 200, 202]),
        tokens.map(lambda text: text.encode("utf-8", "surrogatepass")),
        st.just((("Content-Type", "text/plain"),)) | strategies.headers,
    ),
    strategies.answers(),
    st.sampled_from([400, 401, 403, 404, 405]).map(Answer),
    # A careless door repeats what it was given.
    st.sampled_from([400, 401, 500, 201]).map(lambda status: Answer(status, b"echo")),
)


def echoing(answers: list[Answer]) -> Callable[[Request], Answer]:
    reply = scripted(answers)

    def echo(request: Request) -> Answer:
        answer = reply(request)
        if answer.body != b"echo":
            return answer
        said = f"{request.body} {dict(request.headers)}".encode()
        return Answer(answer.status, said, (("Content-Type", "text/plain"), ("X-Echo", PASSWORD)))

    return echo


def fits_a_header(token: Any) -> bool:
    return isinstance(token, str) and token != "" and all(" " <= each <= "~" for each in token)


@fuzzed(
    150,
    held=st.lists(st.sampled_from(SECRETS), min_size=1, max_size=3),
    answers=st.lists(doors, min_size=1, max_size=4),
    steps=st.lists(st.sampled_from(["token", "renew", "late"]), min_size=1, max_size=4),
)
def test_any_answers_give_a_token_or_a_declared_error(
    held: list[dict[str, str]], answers: list[Answer], steps: list[str]
) -> None:
    now, read = float(NOW), 0

    def secret() -> str:
        nonlocal read
        read += 1
        return json.dumps(held[min(read, len(held)) - 1])

    wire = Wire(echoing(answers))
    credentials = Credentials(wire.session(), GATEWAY, secret, lambda: now)
    hidden = [value for each in held for value in each.values()]
    bearers = {TOKEN}
    for step in ["token", *steps]:
        reads, asked = read, len(wire.said)
        if step == "late":
            now += 5 * 3600
        value = promised(credentials.renew if step == "renew" else credentials.token, hidden)
        assert read - reads <= 2
        assert len(wire.said) - asked <= 4
        if step == "renew":
            assert isinstance(value, ScanError | bool)
            continue
        if isinstance(value, ScanError):
            continue
        assert fits_a_header(value)
        bodies = [response.content for _, response in wire.received if response.ok]
        bearers |= {body.decode("ascii", "replace").strip() for body in bodies}
        assert value in bearers, "a token that nobody gave"
        assert value == TOKEN or JWT_SHAPE.fullmatch(value), "a page is no token"
    for request, _ in wire.said:
        assert request.method == "POST"
        assert request.path in DOORS
        assert not request.query, "a secret in an address is in every log on the way"


@fuzzed(
    60,
    text=st.one_of(
        strategies.values.map(json.dumps),
        strategies.damaged(SECRETS[1]).map(json.dumps),
        strategies.damaged(SECRETS[2]).map(json.dumps),
        strategies.damaged(SECRETS[0]).map(json.dumps),
        st.text(max_size=20),
        st.just("[" * 3000),
        st.just(f'{{"token": "{TOKEN}"'),
    ),
)
def test_any_secret_gives_a_token_or_a_declared_error(text: str) -> None:
    wire = Wire(lambda _: Answer(201, JWT.encode(), (("Content-Type", "text/plain"),)))
    credentials = Credentials(wire.session(), GATEWAY, lambda: text, lambda: float(NOW))
    hidden = [value for each in SECRETS for value in each.values()]
    value = promised(credentials.token, hidden)
    assert isinstance(value, ScanError) or fits_a_header(value)
