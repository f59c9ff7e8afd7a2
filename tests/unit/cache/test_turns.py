"""The same bytes in repositories of several accounts, one of which lets no sensor in. Whoever asks
again and again for the scan that fails keeps nobody from a result."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from image_scan.cache import turns
from image_scan.results import Outcome
from tests.support.builders import CRITICAL, image, scan_input, taken

if TYPE_CHECKING:
    from image_scan.contracts import CacheDecision, ScanInput
    from tests.support.core import Core
    from tests.support.doubles import Clock

EVIL, VICTIM, THIRD = "111122223333", "444455556666", "777788889999"
REFUSED = Outcome(verdict="ERROR", error="ScanFailed", reason="the sensor may not pull")

pytestmark = pytest.mark.attack(14)


class Accounts:
    """Each deploys the image from its own repository."""

    def __init__(self, core: Core, clock: Clock) -> None:
        self.core, self.clock, self.events = core, clock, 0

    def asked(self, account: str, registry: str = "", tag: str = "1", **more: Any) -> ScanInput:
        self.events += 1
        self.clock.now += 60
        its = image(account_id=registry or account, repository=f"{registry or account}/app")
        its["tag"] = tag
        event: Any = {"service": account, **more}
        return scan_input(f"event-{self.events}", of=its, account=account, **event)

    def deploys(self, account: str) -> CacheDecision:
        return self.core.event(self.asked(account))

    def fails(self, account: str) -> None:
        asked = self.asked(account)
        self.core.end(taken(self.core.event(asked)), REFUSED, asked)


@pytest.fixture
def accounts(core: Core, clock: Clock) -> Accounts:
    return Accounts(core, clock)


def test_the_first_scan_is_everybodys(accounts: Accounts) -> None:
    assert accounts.deploys(EVIL)["decision"] == "scan"
    assert accounts.deploys(VICTIM)["decision"] == "skip"


def test_registries_outside_of_the_organization_bring_no_more_turns(
    accounts: Accounts, core: Core
) -> None:
    """AWS accounts are free."""
    for number in range(30):
        asked = accounts.asked(EVIL, registry=f"9{number:011}")
        held = taken(core.event(asked))
        its = accounts.asked(VICTIM)
        if core.event(its)["decision"] == "scan":
            break
        core.end(held, REFUSED, asked)
    assert number == 1, "the first scan is everybody's"


def test_a_registration_under_another_tag_gives_way_in_the_same_repository(
    accounts: Accounts, core: Core
) -> None:
    registered: Any = {"event_name": "RegisterTaskDefinition"}
    core.event(accounts.asked(EVIL, VICTIM, "latest", **registered))
    assert core.event(accounts.asked(THIRD, VICTIM, "latest"))["decision"] == "skip"
    assert core.event(accounts.asked(VICTIM, tag="v1"))["decision"] == "scan"


def test_a_scan_that_failed_before_gives_way_to_another_account(
    accounts: Accounts, core: Core
) -> None:
    accounts.fails(EVIL)
    again = accounts.asked(EVIL)
    held = taken(core.event(again))
    its = accounts.asked(VICTIM)
    lease = taken(core.event(its))
    assert accounts.deploys(EVIL)["decision"] == "skip", "it waits for this one"
    late = core.end(held, REFUSED, again)
    assert (late["notified"], core.entry()["status"]) == (False, "IN_PROGRESS")
    core.end(lease, CRITICAL, its)
    assert core.entry()["status"] == "FINDINGS"
    assert core.sent.services()[-1] == [EVIL, VICTIM]


def test_the_account_that_failed_longest_ago_is_next(accounts: Accounts) -> None:
    for account in (EVIL, VICTIM, EVIL):
        accounts.fails(account)
    assert accounts.deploys(EVIL)["decision"] == "scan"
    assert accounts.deploys(VICTIM)["decision"] == "scan"
    assert accounts.deploys(EVIL)["decision"] == "skip"
    assert accounts.deploys(THIRD)["decision"] == "scan", "it was not tried"
    assert accounts.deploys(VICTIM)["decision"] == "skip"


def test_a_result_ends_it(accounts: Accounts, core: Core, clock: Clock) -> None:
    accounts.fails(EVIL)
    asked = accounts.asked(EVIL)
    core.end(taken(core.event(asked)), CRITICAL, asked)
    clock.now += 8 * 86_400
    assert accounts.deploys(EVIL)["decision"] == "scan"
    assert accounts.deploys(VICTIM)["decision"] == "skip"


def test_what_is_only_registered_gives_way_to_a_deployment(accounts: Accounts, core: Core) -> None:
    """Who registers runs nothing; its scan may wait for a permit until it fails."""
    registered: Any = {"event_name": "RegisterTaskDefinition"}
    asked = accounts.asked(EVIL, **registered)
    held = taken(core.event(asked))
    assert core.event(accounts.asked(EVIL))["decision"] == "skip", "it has the same registry"
    assert core.event(accounts.asked(THIRD, **registered))["decision"] == "skip"
    its = accounts.asked(VICTIM)
    lease = taken(core.event(its))
    assert accounts.deploys(THIRD)["decision"] == "skip"
    assert core.event(accounts.asked(EVIL, **registered))["decision"] == "skip"
    core.end(held, REFUSED, asked)
    core.end(lease, CRITICAL, its)
    assert core.entry()["status"] == "FINDINGS"


def test_a_copy_that_no_scan_can_be_asked_for_stops_none(accounts: Accounts, core: Core) -> None:
    accounts.fails(EVIL)
    accounts.deploys(EVIL)
    asked = accounts.asked(VICTIM)
    asked["image"]["unscannable"] = "it has no tag"
    assert core.event(asked)["decision"] == "skip"


def test_one_more_task_of_who_waits_stops_none(accounts: Accounts, core: Core) -> None:
    """Who waits has many tasks, and a reconciliation comes once a day."""
    asked = accounts.asked(EVIL)
    lease = taken(core.event(asked))
    accounts.deploys(VICTIM)
    core.end(lease, REFUSED, asked)
    accounts.deploys(EVIL)
    started: Any = {"arn": "arn:task/1", "stopped": False}
    assert core.event({**accounts.asked(VICTIM), "task": started})["decision"] == "skip"
    listed: Any = {**started, "reconciled": True}
    assert core.event({**accounts.asked(VICTIM), "task": listed})["decision"] == "scan"


def test_unscannable_is_no_result(accounts: Accounts, core: Core) -> None:
    """Whoever moves its tag during the scan gets this verdict at will."""
    moved = Outcome(verdict="UNSCANNABLE", error="ImageNotScannable", cause="its tag was moved")
    asked = accounts.asked(EVIL)
    core.end(taken(core.event(asked)), moved, asked)
    accounts.deploys(EVIL)
    assert accounts.deploys(VICTIM)["decision"] == "scan"


def test_who_gives_way_while_it_runs_has_not_had_its_turn(accounts: Accounts, core: Core) -> None:
    """Two accounts whose scans fail must not keep the third from ending one."""
    for account in (EVIL, THIRD, VICTIM):
        accounts.fails(account)
    asked = accounts.asked(VICTIM)
    core.event(asked)
    overtaken = accounts.asked(EVIL)
    core.end(taken(core.event(overtaken)), REFUSED, overtaken)
    asked = accounts.asked(VICTIM)
    lease = taken(core.event(asked))
    late = accounts.asked(THIRD)
    core.end(taken(core.event(late)), REFUSED, late)
    core.end(lease, CRITICAL, asked)
    its = accounts.asked(VICTIM)
    lease = taken(core.event(its))
    assert [accounts.deploys(each)["decision"] for each in (EVIL, THIRD)] == ["skip", "skip"]
    core.end(lease, CRITICAL, its)
    assert core.entry()["status"] == "FINDINGS"


def test_a_reconciliation_scans_what_was_unscannable_elsewhere(
    accounts: Accounts, core: Core, clock: Clock
) -> None:
    asked = accounts.asked(EVIL)
    lease = taken(core.event(asked))
    accounts.deploys(VICTIM)
    moved = Outcome(verdict="UNSCANNABLE", error="ImageNotScannable", cause="its tag was moved")
    core.end(lease, moved, asked)
    clock.now += 86_400
    at = datetime.fromtimestamp(clock.now, UTC).isoformat()
    listed: Any = {"arn": "arn:task/1", "stopped": False, "reconciled": True}
    found = accounts.asked(VICTIM, event_time=at)
    assert core.event({**found, "task": listed})["decision"] == "scan"
    again = accounts.asked(VICTIM, event_time=at)
    assert core.event({**again, "task": listed})["decision"] == "skip", "once a run"


def test_others_are_notified_once_of_failures_that_one_account_asks_for(
    accounts: Accounts, core: Core
) -> None:
    accounts.fails(EVIL)
    held = accounts.asked(EVIL)
    lease = taken(core.event(held))
    core.inventory.note(accounts.asked(VICTIM))
    core.end(lease, REFUSED, held)
    assert core.sent.services() == [[EVIL], [EVIL, VICTIM]]
    for words in ("the sensor may not pull", "another reason", "the sensor may not pull"):
        asked = accounts.asked(EVIL)
        outcome = Outcome(verdict="ERROR", error="ScanFailed", reason=words)
        core.end(taken(core.event(asked)), outcome, asked)
    assert core.sent.services()[2:] == [[EVIL]] * 3
    accounts.fails(VICTIM)
    assert VICTIM in core.sent.services()[-1]


def test_only_so_many_accounts_are_remembered() -> None:
    entry: dict[str, Any] = {"status": "ERROR", "account_id": "0"}
    for number in range(1, 50):
        entry = {"status": "ERROR", "account_id": str(number), "tried": turns.tried(entry, 0)}
    assert turns.tried(entry, 0) == [str(number) for number in range(30, 50)]
