"""The tag that opens a gate for a time."""

from datetime import UTC, datetime

import pytest

from image_scan.gate import bypass

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "until"),
    [
        ("bypass-until:2026-11-29T12:00:01Z", "2026-11-29T12:00:01+00:00"),
        ("bypass-until:2026-11-30T01:00:00+02:00", "2026-11-29T23:00:00+00:00"),
        ("bypass-until:2026-11-30T01:00", "2026-11-30T01:00:00+00:00"),
        ("bypass-until:2026-11-30", "2026-11-30T00:00:00+00:00"),
        (" bypass-until: 2026-11-30 ", "2026-11-30T00:00:00+00:00"),
        ("bypass-until:2026-12-06T12:00:00Z", "2026-12-06T12:00:00+00:00"),
    ],
)
def test_a_time_ahead_opens_the_gate(value: str, until: str) -> None:
    assert bypass.read(value, NOW) == bypass.Bypass(until)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("bypass-until:2026-11-29T12:00:00Z", "has ended"),
        ("bypass-until:2026-12-06T12:00:01Z", "more than 7 days ahead"),
        ("bypass-until:9999-12-31T23:59:59-23:00", "no time"),
        ("bypass-until:tomorrow", "no time"),
        ("bypass-until:", "no time"),
        ("bypass", "has to begin with bypass-until:"),
        ("true", "has to begin with bypass-until:"),
    ],
)
def test_anything_else_leaves_it_closed_and_says_why(value: str, problem: str) -> None:
    found = bypass.read(value, NOW)
    assert found.until == ""
    assert problem in found.problem


def test_a_service_without_the_tag_is_no_problem() -> None:
    assert bypass.read("", NOW) == bypass.Bypass()
