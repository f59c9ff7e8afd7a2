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


def fail(failures: RegisteredFailures, *names: str, of: str = "1") -> None:
    for name in names:
        workloads = [f"{of}#eu##a"]
        failures.add(f"sha256:{name}", f"shop/{name}:1", "ERROR: ScanFailed: no space", workloads)


def uris(failures: RegisteredFailures) -> list[str]:
    return sorted(each["uri"] for each in failures.read()["images"].values())


def test_each_image_is_there_once(failures: RegisteredFailures) -> None:
    assert failures.read() == {"images": {}, "unlisted": 0}
    fail(failures, "a", "b", "a")
    assert uris(failures) == ["shop/a:1", "shop/b:1"]


@pytest.mark.attack(6)
def test_a_later_failure_of_the_image_leaves_everybody_in_it(failures: RegisteredFailures) -> None:
    """An account registers a copy of an image for five families, and its scan fails as well."""
    fail(failures, "a", of="7")
    crowd = [f"6#eu##{name}" for name in "abcde"]
    failures.add("sha256:a", "evil/a:1", "ERROR: other", crowd)
    (found,) = failures.read()["images"].values()
    assert (found["uri"], found["reason"]) == ("shop/a:1", "ERROR: ScanFailed: no space")
    assert found["workloads"] == ["6#eu##a", "7#eu##a", "6#eu##b", "6#eu##c", "6#eu##d"]


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
    for account in range(4):
        names = [f"{number:064}" for number in range(account * 25, account * 25 + 25)]
        fail(failures, *names, of=str(account))
    fail(failures, "more", "still-more", of="4")
    fail(failures, f"{7:064}")
    found = failures.read()
    assert (len(found["images"]), found["unlisted"]) == (100, 2)
    assert len(str(state.get(KEY))) < 100_000
    fail(failures, "another")
    failures.forget(found)
    assert failures.read()["unlisted"] == 3, "counted after the report"
    failures.forget(failures.read())
    assert failures.read() == {"images": {}, "unlisted": 0}


@pytest.mark.attack(6)
def test_an_account_leaves_room_for_the_others(failures: RegisteredFailures) -> None:
    fail(failures, *(f"many-{number}" for number in range(30)))
    fail(failures, "many-1")
    fail(failures, "one", of="2")
    assert "shop/one:1" in uris(failures)
    assert (len(uris(failures)), failures.read()["unlisted"]) == (26, 5)
    failures.forget(failures.read())
    fail(failures, "later")
    assert uris(failures) == ["shop/later:1"], "its share begins again, too"


def test_an_image_of_two_accounts_is_of_the_one_that_has_room(
    failures: RegisteredFailures,
) -> None:
    fail(failures, *(f"many-{number}" for number in range(25)))
    failures.add("sha256:both", "shop/both:1", "ERROR", ["1#eu##evil", "2#eu##a"])
    assert "shop/both:1" in uris(failures)
    assert failures.read()["unlisted"] == 0


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
