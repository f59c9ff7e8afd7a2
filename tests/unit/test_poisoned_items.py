"""An item of an image that lies where something else is remembered: it is treated as none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from image_scan.notifications.exceptions import AcceptedFindings
from image_scan.security_hub.state import Known, SecurityHubMemo
from tests.support.builders import ACCOUNT, DIGEST, NOW, REGION, WEEK

if TYPE_CHECKING:
    from collections.abc import Callable

    from image_scan.cache.concurrency import ScanSlots
    from image_scan.cache.leases import ScanCache
    from image_scan.cache.registries import RegistryMemo
    from image_scan.cache.table import CacheTable
    from image_scan.notifications.throttle import InstallNotices

    Poison = Callable[[str], None]


@pytest.fixture
def poison(table: CacheTable) -> Poison:
    def put(key: str) -> None:
        workload = {f"{ACCOUNT}#{REGION}#prod#web": {"event_id": "event-1"}}
        status = {"status": "UNSCANNABLE", "reason": "no image of ECR", "claimed_by": ""}
        facts = {"uri": key, "account_id": "", "region": "", "repository": key, "tag": ""}
        until = {"ttl": NOW + WEEK, "scanned_at": NOW}
        table.put(
            {"imageDigest": key, **facts, **status, **until, "digest": "", "workloads": workload}
        )

    return put


def test_an_image_at_a_registrys_memo_is_no_registry(poison: Poison, memo: RegistryMemo) -> None:
    poison(f"registry#{ACCOUNT}#{REGION}")
    assert memo.recall(ACCOUNT, REGION) == ""
    assert memo.lock(ACCOUNT, REGION)
    assert memo.remember(ACCOUNT, REGION, "reg-1")
    assert memo.recall(ACCOUNT, REGION) == "reg-1"


def test_an_image_at_a_registrys_memo_does_not_keep_it_from_being_known(
    poison: Poison, memo: RegistryMemo
) -> None:
    poison(f"registry#{ACCOUNT}#{REGION}")
    assert memo.remember(ACCOUNT, REGION, "reg-1")
    assert memo.recall(ACCOUNT, REGION) == "reg-1"


def test_an_image_at_the_slots_takes_none(poison: Poison, slots: ScanSlots) -> None:
    poison("slots#scan")
    slots.take("scan-1", 1, 60)
    slots.give_back("scan-1")
    slots.take("scan-2", 1, 60)


def test_an_image_at_a_notice_silences_nobody(poison: Poison, notices: InstallNotices) -> None:
    poison("notice#QualysUnauthorized")
    told: list[int] = []
    assert notices.once("QualysUnauthorized", lambda: told.append(1))
    assert not notices.once("QualysUnauthorized", lambda: told.append(2))
    assert told == [1]


def test_an_image_at_a_memo_of_security_hub_holds_no_import_up(
    poison: Poison, table: CacheTable
) -> None:
    poison(f"securityhub#{ACCOUNT}#{DIGEST}")
    memo = SecurityHubMemo(table)
    assert memo.recall(ACCOUNT, DIGEST) == Known()
    now = Known(NOW, NOW, {"high": "2026-02-02T02:40:00Z"})
    assert memo.replace(ACCOUNT, DIGEST, Known(), now)
    assert memo.recall(ACCOUNT, DIGEST) == now


def test_an_image_at_the_findings_or_exceptions_is_none_of_them(
    poison: Poison, table: CacheTable, cache: ScanCache
) -> None:
    poison(f"findings#{DIGEST}")
    poison("exceptions")
    assert cache.findings_of(DIGEST) == ""
    assert AcceptedFindings(table).read() == []
