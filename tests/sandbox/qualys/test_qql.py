"""The filter language."""

import pytest

from sandbox.qualys.answers import Refusal
from sandbox.qualys.qql import Row, Tokens, compile_filter

NOW = 1_700_000_000.0
TOKENS = Tokens(
    keywords=frozenset({"sha", "status"}),
    texts=frozenset({"repo", "uri"}),
    times=frozenset({"updated"}),
    numbers=frozenset({"severity"}),
)
ROW: Row = {
    "sha": ["abc"],
    "status": ["Running"],
    "repo": ["team/app", "team/web-app"],
    "uri": ["https://host.example"],
    "updated": [NOW - 3600],
    "severity": [3],
}


def matches(text: str) -> bool:
    return compile_filter(text, TOKENS, NOW)(ROW)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "sha:abc",
        "sha:ABC",
        'sha:"abc"',
        "sha:`abc`",
        "sha:*",
        "repo:app",
        'repo:"web-app"',
        "repo:`team/app`",
        'uri:"https://host.example"',
        "updated:[now-2h ... now]",
        "updated: [now-1d ... now-30m]",
        'updated:["2023-11-14T00:00:00Z".."2023-11-15T00:00:00Z"]',
        "severity:[3 ... 5]",
        "severity:3",
        "sha:nothing or sha:abc",
        "sha:abc and not sha:nothing",
        "(sha:nothing or sha:abc) and status:running",
        "sha:abc or sha:nothing and sha:nothing",
        "not (sha:nothing)",
    ],
)
def test_what_matches(text: str) -> None:
    assert matches(text)


@pytest.mark.parametrize(
    "text",
    [
        "sha:ab",
        "sha:`ABC`",
        "repo:`team/ap`",
        'repo:"ap"',
        "updated:[now-30m ... now]",
        "severity:[4 ... 5]",
        "not sha:abc",
        "(sha:abc or sha:abc) and sha:nothing",
    ],
)
def test_what_does_not_match(text: str) -> None:
    assert not matches(text)


@pytest.mark.parametrize(
    "text",
    [
        "sha",
        "sha:",
        "unknown:1",
        "sha:abc and",
        "sha:abc sha:abc",
        "sha:abc AND sha:abc",
        "(sha:abc",
        "sha:abc)",
        "not",
        "uri:https://host.example",
        'sha:"abc',
        "sha%3Aabc",
        "updated:today",
        "updated:[now-2y ... now]",
        "updated:[now]",
        "sha:[1 ... 2]",
        "severity:[a ... b]",
    ],
)
def test_what_is_refused(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        matches(text)
    assert refused.value.status == 400
