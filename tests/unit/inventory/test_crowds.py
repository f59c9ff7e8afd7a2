"""Thousands of workloads of one account run an image: the others do not wait for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from image_scan.inventory import claims
from tests.support.builders import CRITICAL, DIGEST, scan_input, taken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.core import Core

CROWD, OTHER = "111122223333", "999999999999"

pytestmark = pytest.mark.attack(5)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "MOST_ROWS", 3)
    monkeypatch.setattr(claims, "_AT_A_TIME", 2)


def test_of_a_crowd_only_some_rows_are_read_before_the_verdict_is_recorded(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = taken(core.event(scan_input(service="pay", account=OTHER)))
    for number in range(3):
        core.event(scan_input(f"event-{number}", service=f"s{number}", account=CROWD))
    below = core.rows.below

    def endless(key: str, consistent: bool = True) -> Iterator[Any]:
        for row in below(key, consistent):
            if row["account"] != CROWD:
                raise MemoryError
            yield row

    monkeypatch.setattr(core.rows, "below", endless)
    monkeypatch.setattr(core.claims, "rest", lambda *_: ())
    core.end(held, CRITICAL, scan_input(service="pay", account=OTHER))
    assert core.entry()["status"] == "FINDINGS"
    assert core.sent.services() == [["pay", "s0", "s1", "s2"]]


def test_the_others_of_a_crowd_are_notified_after_all_accounts(core: Core) -> None:
    held = taken(core.event(scan_input(service="pay", account=OTHER)))
    for number in range(8):
        core.event(scan_input(f"event-{number}", service=f"s{number}", account=CROWD))
    core.sent.meanwhile = lambda: announced.append(core.entry().get("announced", False))
    announced: list[bool] = []
    core.end(held, CRITICAL, scan_input(service="pay", account=OTHER))
    assert core.sent.services() == [["pay", "s0", "s1", "s2"], ["s3", "s4"], ["s5", "s6"], ["s7"]]
    assert announced == [False]
    assert core.entry()["announced"]
    numbers = {row.get("notified_of") for row in core.rows.below(DIGEST)}
    assert numbers == {held["acquired_at"]}


def test_a_crowd_that_was_cut_off_goes_on(core: Core) -> None:
    """The function died while it notified the rest: whoever comes later finds the verdict."""
    held = taken(core.event(scan_input(service="pay", account=OTHER)))
    for number in range(8):
        core.event(scan_input(f"event-{number}", service=f"s{number}", account=CROWD))
    asked = scan_input(service="pay", account=OTHER)

    def die() -> None:
        core.sent.error = RuntimeError("out of time")

    core.sent.meanwhile = die
    with pytest.raises(RuntimeError):
        core.end(held, CRITICAL, asked)
    assert core.entry()["announced"]
    core.sent.error = None
    core.end(held, CRITICAL, asked)
    assert core.sent.services()[1:] == [["s3", "s4"], ["s5", "s6"], ["s7"]]
