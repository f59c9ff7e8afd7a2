"""A verdict that is judged again: it replaces the one of a scan, and nothing newer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.builders import CLEAN, CRITICAL, NOW, WEEK, lease, scan_input, taken

if TYPE_CHECKING:
    from image_scan.contracts import Lease
    from tests.support.core import Core
    from tests.support.doubles import Clock


def known(core: Core) -> Lease:
    """A clean image of which everybody was notified."""
    held = taken(core.event(scan_input()))
    core.end(held, CLEAN)
    return held


def again(held: Lease) -> Lease:
    return {**held, "acquired_at": held["acquired_at"] + 1}


def test_it_has_a_number_of_its_own_and_runs_out_as_before(core: Core, clock: Clock) -> None:
    held = known(core)
    before = core.entry()
    clock.now += 3600
    found = core.cache.rejudge(again(held), held["acquired_at"], CRITICAL)
    assert (found["status"], found["counts"]) == ("FINDINGS", CRITICAL["counts"])
    assert found["acquired_at"] == found["since"] == held["acquired_at"] + 1
    assert (found["ttl"], found["owner"]) == (before["ttl"], before["owner"])
    assert found["announced"] is False
    assert core.entry() == found


def test_what_the_verdict_before_said_and_this_one_does_not_is_gone(core: Core) -> None:
    held = taken(core.event(scan_input()))
    core.end(held, {**CRITICAL, "malware": {"critical": 1, "high": 0, "medium": 0, "low": 0}})
    assert "malware" in core.entry()
    assert core.cache.rejudge(again(held), held["acquired_at"], CRITICAL)
    assert "malware" not in core.entry()


def unannounced(core: Core, held: Lease) -> None:
    entry: dict[str, Any] = {**core.entry(), "announced": False}
    core.table.put(entry)


def scanned(core: Core, held: Lease) -> None:
    core.table.put({**core.entry(), "acquired_at": held["acquired_at"] + 5})


def runs_again(core: Core, held: Lease) -> None:
    core.table.put({**core.entry(), "status": "IN_PROGRESS"})


def of_another(core: Core, held: Lease) -> None:
    core.table.put({**core.entry(), "owner": "another"})


def out_of_date(core: Core, held: Lease) -> None:
    core.table.put({**core.entry(), "ttl": NOW})


def failed(core: Core, held: Lease) -> None:
    core.table.put({**core.entry(), "status": "ERROR"})


@pytest.mark.parametrize(
    "meanwhile", [unannounced, scanned, runs_again, of_another, out_of_date, failed]
)
def test_it_replaces_nothing_else(core: Core, meanwhile: Any) -> None:
    held = known(core)
    meanwhile(core, held)
    before = core.entry()
    assert core.cache.rejudge(again(held), held["acquired_at"], CRITICAL) == {}
    assert core.entry() == before


def test_a_scan_whose_lease_ends_while_its_event_comes_again_starts_none(
    core: Core, clock: Clock
) -> None:
    asked = scan_input()
    held = taken(core.event(asked))
    table = core.table
    read = table.get

    def get(key: str, **more: Any) -> Any:
        found = read(key, **more)
        if found and found["status"] == "IN_PROGRESS":  # the scan ends between read and write
            core.cache.record(held, CLEAN, WEEK)
        return found

    table.get = get  # type: ignore[method-assign]
    assert core.event(asked)["decision"] != "scan"
    assert core.entry()["status"] == "CLEAN"


def test_an_entry_that_is_gone_is_not_written_again(core: Core) -> None:
    assert core.cache.rejudge(lease(), NOW * 1000, CRITICAL) == {}
    assert core.entry() == {}
