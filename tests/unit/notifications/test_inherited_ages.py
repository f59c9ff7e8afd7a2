"""Since when a finding is there: no deployment begins its deadline again, but one that remedies it
and runs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from image_scan.aws.dynamodb import Change
from image_scan.events.workloads import workload_of
from image_scan.inventory.notified import recorded
from image_scan.inventory.table import InventoryTable
from tests.support.builders import NOW
from tests.unit.notifications.test_recipients import Scene, notify, scene

if TYPE_CHECKING:
    from image_scan.contracts import ScanInput

__all__ = ["scene"]
DAY = 86_400
FIRST = 719_163 + NOW // DAY


class Days:
    """Versions of a service, one a day; each is notified of what Qualys finds, if anything."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.version = 0

    def deploys(self, *qids: int, runs: bool = True, **of: Any) -> bool:
        """Returns whether a message was sent."""
        deployed = self._next(*qids, runs=runs, **of)
        return notify(self.scene, deployed, *qids)

    def fails(self, *, forgotten: bool = True) -> None:
        """A version ends without a result; or nobody is notified of it."""
        deployed = self._next(runs=True)
        if forgotten:
            self.scene.table.delete(f"findings#{deployed['image']['key']}")

    def stops(self, hour: int) -> None:
        at = int(datetime(2026, 2, 2, hour, tzinfo=UTC).timestamp())
        self.scene.rows.update(*self.at, Change({"stopped_at": at}))

    def _next(self, *qids: int, runs: bool, **of: Any) -> ScanInput:
        if self.version:
            self.scene.clock.now += DAY
        self.version += 1
        deployed = self.scene.runs(self.version, *qids, **of)
        self.at = deployed["image"]["key"], workload_of(deployed)[0]
        if runs:
            ran = Change({"state": "stopped", "has_run": True})
            self.scene.rows.update(*self.at, ran)
        return deployed

    def since(self) -> dict[int, int]:
        """The day of each finding of the newest version, from the first day on."""
        found = recorded(self.scene.rows.get(*self.at)) or []
        return {each.qid: each.since - FIRST for each in found}


@pytest.fixture
def days(scene: Scene) -> Days:
    days = Days(scene)
    assert days.deploys(1)
    assert days.since() == {1: 0}
    return days


def test_a_version_without_a_result_ends_no_age(days: Days) -> None:
    days.fails()
    days.fails()
    assert days.deploys(1, 2), "what is known is not sure: both are notified"
    assert days.since() == {1: 0, 2: 3}


def test_the_same_container_inherits_from_another_repository(days: Days) -> None:
    assert days.deploys(1, repository="shop/app-v2"), "a message of its own"
    assert days.since() == {1: 0}
    assert days.deploys(1, 2)
    assert days.since() == {1: 0, 2: 2}


def test_another_container_inherits_nothing(days: Days) -> None:
    assert days.deploys(1, containers=["jobs"])
    assert days.since() == {1: 1}


@pytest.mark.parametrize(("runs", "since"), [(False, 0), (True, 2)])
def test_only_a_version_that_runs_ends_an_age(days: Days, runs: bool, since: int) -> None:
    assert not days.deploys(runs=runs)
    assert days.deploys(1)
    assert days.since() == {1: since}


@pytest.mark.parametrize(("runs", "since"), [(False, 0), (True, 2)])
def test_so_does_one_that_was_notified_of_others(days: Days, runs: bool, since: int) -> None:
    assert days.deploys(2, runs=runs)
    assert days.deploys(1, 2)
    assert days.since() == {1: since, 2: 1}


def test_what_was_remedied_before_a_version_without_a_result_is_not_inherited(days: Days) -> None:
    days.deploys()
    days.fails()
    assert days.deploys(1)
    assert days.since() == {1: 3}


def test_a_version_that_nobody_was_notified_of_ends_what_it_did_not_contain(days: Days) -> None:
    days.fails(forgotten=False)
    assert days.deploys(1)
    assert days.since() == {1: 2}


@pytest.mark.parametrize("runs", [True, False])
def test_the_version_before_says_it_alone(
    days: Days, runs: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as nothing is new, or it has run: no other is read."""
    for _ in range(3):
        days.deploys(1, runs=runs)
    asked = []
    get = InventoryTable.get

    def counted(table: InventoryTable, digest: str, *args: Any, **more: Any) -> Any:
        asked.append(digest)
        return get(table, digest, *args, **more)

    monkeypatch.setattr(InventoryTable, "get", counted)
    assert not days.deploys(1)
    assert days.since() == {1: 0}
    own = days.at[0]
    assert len([each for each in asked if each != own]) == 1


def test_a_service_that_goes_back_to_a_version_is_notified_of_it_again(scene: Scene) -> None:
    """The version in between ran without the finding, the one after it has it."""
    days = Days(scene)
    assert days.deploys(1)
    days.stops(5)
    assert not days.deploys()
    days.stops(6)
    days.version = 0
    assert days.deploys(1, at=4)
    assert days.since() == {1: 1}
    days.version = 2
    assert not days.deploys(1, at=5)
    assert days.since() == {1: 1}
