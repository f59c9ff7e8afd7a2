"""What only a registered task definition names and ends without a result: for the daily digest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from image_scan.aws.dynamodb import Change
from image_scan.state.registered_failures import RegisteredFailures

if TYPE_CHECKING:
    from image_scan.state.table import StateTable
    from tests.support.doubles import Clock

KEY = "registered#failures"


@pytest.fixture
def failures(state: StateTable, clock: Clock) -> RegisteredFailures:
    return RegisteredFailures(state, clock)


def fail(failures: RegisteredFailures, *names: str) -> None:
    for name in names:
        failures.add(f"sha256:{name}", f"shop/{name}:1", "ERROR: ScanFailed: no space", ["1#eu##a"])


def uris(failures: RegisteredFailures) -> list[str]:
    return sorted(each["uri"] for each in failures.read()["images"].values())


def test_each_image_is_there_once(failures: RegisteredFailures) -> None:
    assert failures.read() == {"images": {}, "unlisted": 0}
    fail(failures, "a", "b", "a")
    assert uris(failures) == ["shop/a:1", "shop/b:1"]


def test_what_was_reported_is_forgotten(failures: RegisteredFailures) -> None:
    failures.forget(failures.read())
    fail(failures, "a")
    failures.forget(failures.read())
    assert uris(failures) == []
    fail(failures, "b")
    assert uris(failures) == ["shop/b:1"]


def test_what_came_after_the_report_is_in_the_next_one(failures: RegisteredFailures) -> None:
    fail(failures, "a")
    reported = failures.read()
    fail(failures, "b")
    failures.forget(reported)
    assert uris(failures) == ["shop/a:1", "shop/b:1"]


def test_the_item_has_an_end_and_counts_the_others(
    failures: RegisteredFailures, state: StateTable
) -> None:
    fail(failures, *(f"{number:064}" for number in range(100)), "more", "still-more")
    fail(failures, f"{7:064}")
    found = failures.read()
    assert (len(found["images"]), found["unlisted"]) == (100, 2)
    assert len(str(state.get(KEY))) < 100_000
    fail(failures, "another")
    failures.forget(found)
    assert failures.read()["unlisted"] == 3, "counted after the report"
    failures.forget(failures.read())
    assert failures.read() == {"images": {}, "unlisted": 0}


def test_names_of_others_are_no_keys(failures: RegisteredFailures, state: StateTable) -> None:
    failures.add("1/us-east-1/a.b#c:1", "x" * 2000, "y" * 5000, [f"w{n}" for n in range(50)])
    (image,) = failures.read()["images"].values()
    assert (len(image["reason"]), len(image["workloads"])) == (300, 5)
    assert state.get(KEY)


def test_an_item_without_a_list_is_begun_again(
    failures: RegisteredFailures, state: StateTable
) -> None:
    state.change(KEY, Change({"else": 1}), None)
    fail(failures, "a")
    assert uris(failures) == ["shop/a:1"]
