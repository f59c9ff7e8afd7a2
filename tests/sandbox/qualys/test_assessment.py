"""Continuous assessment, as the notes of CS 1.39 have it: what it moves, and which images."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.qualys.caller import HOST, Caller

SHA = "a" * 64
REPO_TAG = {"registry": HOST, "repository": "team/app", "tag": "1.0"}
OLD = {"qid": 1, "title": "known at the scan", "severity": 3}
NEW = {"qid": 2, "title": "published since", "severity": 5}
DAY = 86_400


@pytest.fixture
def scanned(caller: Caller) -> Caller:
    """An image that was scanned a day ago, when there was nothing but OLD."""
    caller.control.know_image(SHA, repo=[REPO_TAG], findings=[OLD], scanned_seconds_ago=DAY)
    caller.control.set_findings("team/app", [OLD, NEW])
    return caller


def rows(caller: Caller) -> list[dict[str, Any]]:
    """The image in the list, in the bulk list and in its details."""
    lists = [caller.get(path).json()["data"][0] for path in ("/images", "/images/list")]
    return [*lists, caller.get(f"/images/{SHA}").json()]


def test_an_image_that_is_not_marked_is_as_its_last_scan_found_it(scanned: Caller) -> None:
    assert scanned.control.assess() == 0
    for row in rows(scanned):
        assert (row["lastAssessed"], row["isContinuouslyAssessed"]) == (None, False)
        assert row["source"] == ["REGISTRY"]
    assert [one["qid"] for one in rows(scanned)[2]["vulnerabilities"]] == [1]


def test_a_marked_image_has_what_is_known_now_in_each_answer(scanned: Caller) -> None:
    before = rows(scanned)[0]
    scanned.control.behave("team/app", continuously_assessed=True)
    assert scanned.control.assess() == 1
    listed, bulk, details = rows(scanned)
    for row in (listed, bulk, details):
        assert row["isContinuouslyAssessed"] is True
        assert row["lastAssessed"] > int(before["lastVmScanDate"])
        assert row["source"] == ["REGISTRY", "CONTINUOUS_ASSESSMENT"]
        assert row["lastVmScanDate"] == before["lastVmScanDate"]
        assert row["updated"] == before["updated"]
    assert listed["vulnerabilities"]["severity5Count"] == 1
    assert [one["qid"] for one in bulk["vulnerabilities"]] == [1, 2]
    answer = scanned.get(f"/images/{SHA}/vuln").json()
    assert [one["qid"] for one in answer["details"]] == [1, 2]
    first, second = (one["firstFound"] for one in answer["details"])
    assert int(first) < int(second), "a known finding keeps its day"


def test_what_the_notes_leave_open_can_be_either(scanned: Caller) -> None:
    before = rows(scanned)[0]
    moves = ["scan time", "updated"]
    scanned.control.behave(
        continuously_assessed=True, assessed_form="string", assessment_moves=moves
    )
    scanned.control.assess()
    for row in rows(scanned):
        assert row["lastAssessed"] == row["lastVmScanDate"] == row["updated"]
        assert int(row["lastAssessed"]) > int(before["lastVmScanDate"])


def test_an_image_that_was_not_scanned_for_a_month_is_not_assessed(scanned: Caller) -> None:
    scanned.control.behave(continuously_assessed=True)
    scanned.control.advance(30 * DAY)
    assert scanned.control.assess() == 0
