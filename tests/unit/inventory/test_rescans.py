"""Which running images are scanned again, although their verdict is valid."""

from __future__ import annotations

from typing import Any

import pytest

from image_scan.inventory.coverage import Running
from image_scan.inventory.rescans import due, expiring
from tests.support.builders import NOW, NOW_MS, WEEK, scan_input

DAY, DAY_MS = 86_400, 86_400_000
HALF, HALF_MS = DAY // 2, DAY_MS // 2


def running(key: str = "sha256:a", **entry: Any) -> dict[str, Running]:
    event = {"id": "event", "detail": {"lastStatus": "RUNNING"}}
    known = {"acquired_at": 7, "ttl": NOW + WEEK, **entry}
    return {key: Running(scan_input(), event, known)}


def rescans(assessed: int = 0, key: str = "sha256:a", **entry: Any) -> list[dict[str, Any]]:
    return list(due(running(key, **entry), {key: assessed}, 2 * DAY, NOW))


@pytest.mark.parametrize(
    ("scanned", "assessed_before", "listed", "expected"),
    [
        (NOW_MS - 2 * DAY_MS, 0, 0, 1),
        (NOW_MS - DAY_MS - HALF_MS, 0, 0, 1),
        (NOW_MS - DAY_MS - HALF_MS + 1000, 0, 0, 0),
        (NOW_MS - 9 * DAY_MS, NOW_MS - 1000, 0, 0),
        (NOW_MS - 9 * DAY_MS, 0, NOW_MS - 1000, 0),
        (NOW_MS - 9 * DAY_MS, NOW_MS - 3 * DAY_MS, NOW_MS - 2 * DAY_MS, 1),
    ],
)
def test_the_newest_of_scan_and_assessment_counts(
    scanned: int, assessed_before: int, listed: int, expected: int
) -> None:
    """A scan ends some time after the reconciliation that has begun it: half a day is no matter."""
    found = rescans(listed, scanned_at=scanned, assessed_at=assessed_before)
    assert len(found) == expected


@pytest.mark.parametrize(
    ("left", "age", "expected"),
    [
        (60, WEEK - 60, 1),
        (DAY - 60, WEEK - DAY, 1),
        (DAY - 59, WEEK - DAY, 0),
        (DAY + 600, WEEK - DAY, 0),
        (DAY - 60, HALF, 1),
        (DAY - 60, HALF - 1, 0),
    ],
    ids=[
        "it runs out now",
        "just before the next reconciliation",
        "with the next one, which may come a minute earlier",
        "after the next one",
        "it lasts a day",
        "it lasts a day, and has just begun",
    ],
)
def test_what_runs_out_before_the_next_reconciliation_is_scanned_in_this_one(
    left: int, age: int, expected: int
) -> None:
    assessed = {"assessed_at": NOW_MS, "scanned_at": NOW_MS}
    number = (NOW - age) * 1000
    ends: tuple[Any, ...] = ({"ttl": NOW + left}, {"ttl": NOW + WEEK, "valid_until": NOW + left})
    for times in ends:
        fresh = running("sha256:a", **{"acquired_at": number, **assessed, **times})
        assert len(expiring(fresh, NOW)) == expected
        for seconds in (None, 3 * DAY):
            assert len(list(due(fresh, {"sha256:a": NOW_MS}, seconds, NOW))) == expected


def test_nothing_else_is_scanned_before_its_verdict_has_run_out_unless_days_are_set() -> None:
    assert list(due(running(scanned_at=1), {}, None, NOW)) == []


def test_its_event_names_the_scan_that_is_too_old_and_has_an_id_of_its_own() -> None:
    (event,) = rescans()
    assert event["rescan"] == {"sha256:a": 7}
    assert event["detail"] == {"lastStatus": "RUNNING"}
    assert event["id"] != "event"
    assert rescans() == [event], "the same each time: one execution"


def test_an_image_that_its_tag_names_is_not_among_them() -> None:
    assert rescans(key="1/us-east-1/shop/app:1", ttl=NOW + 60) == []
