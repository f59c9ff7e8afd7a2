"""Which malware and secrets a workload need not be notified of again."""

from __future__ import annotations

from typing import Any

import pytest

from image_scan.findings import encoding
from image_scan.findings.detected import covers, packed

NONE = {"critical": 0, "high": 0, "medium": 0, "low": 0}
WORM = {"kind": "malware", "name": "worm", "severity": "high", "family": ""}
KEY = {"kind": "secret", "name": "a key", "severity": "medium", "family": ""}
HIGH = ("critical", "high")


def text(levels: tuple[str, ...] = HIGH, **found: Any) -> str:
    outcome: Any = {"verdict": "FINDINGS", **found}
    return packed(outcome, levels)


@pytest.mark.parametrize(
    ("before", "now", "is_known"),
    [
        ({"low": 1}, {"critical": 1}, False),
        ({"critical": 1}, {"low": 1}, True),
        ({"low": 2}, {"high": 1}, False),
        ({"high": 1}, {"high": 1}, True),
        ({"high": 2}, {"high": 1}, True),
        ({}, {"low": 1}, False),
    ],
)
@pytest.mark.parametrize("kind", ["malware", "secrets"])
def test_more_or_worse_is_not_known(kind: str, before: Any, now: Any, is_known: bool) -> None:
    levels = (*HIGH, "medium", "low")
    one, other = (text(levels, **{kind: {**NONE, **each}}) for each in (before, now))
    assert covers(one, other) is is_known


def test_another_name_is_not_known() -> None:
    one, other = (
        text(malware={**NONE, "high": 1}, detections=[{**WORM, "name": name}])
        for name in ("worm", "virus")
    )
    assert covers(one, one)
    assert not covers(one, other)


def test_a_secret_below_the_threshold_is_not_among_it() -> None:
    mild: Any = {"secrets": {**NONE, "medium": 1}, "detections": [KEY]}
    assert text(**mild) == ""
    infected = text(malware={**NONE, "high": 1}, detections=[WORM, KEY])
    assert covers(text(malware={**NONE, "high": 1}, detections=[WORM]), infected)
    assert not covers(infected, text((*HIGH, "medium"), **mild))


def test_what_was_not_looked_for_is_not_among_it() -> None:
    assert text() == text(malware=NONE, secrets=NONE) == ""


@pytest.mark.parametrize("stored", [None, 1, [], {}, [1], [NONE, {}, []], [NONE, NONE, 1], "", "x"])
def test_what_cannot_be_read_covers_nothing(stored: Any) -> None:
    now = text(malware={**NONE, "high": 1})
    known = stored if isinstance(stored, str) else encoding.compressed(stored)
    assert not covers(known, now)


def test_it_stays_short_whatever_others_name() -> None:
    many = [{**WORM, "name": chr(200 + each) * 100} for each in range(10)]
    assert len(text(malware={**NONE, "high": 10}, detections=many)) < 500
