"""An item that lies in the state table at a key of something else: it is treated as none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from image_scan.notifications.exceptions import KEY as EXCEPTIONS
from image_scan.notifications.exceptions import ExceptionStore
from image_scan.security_hub.state import Known, SecurityHubState
from image_scan.state import keys
from tests.support.builders import ACCOUNT, DIGEST, NOW, REGION, WEEK

if TYPE_CHECKING:
    from collections.abc import Callable

    from image_scan.cache.leases import ScanCache
    from image_scan.cache.table import CacheTable
    from image_scan.notifications.throttle import Throttle
    from image_scan.state.permits import ScanPermits
    from image_scan.state.registries import RegistryCache
    from image_scan.state.table import StateTable

    Poison = Callable[[str], None]


@pytest.fixture
def poison(state: StateTable) -> Poison:
    def put(key: str) -> None:
        workload = {f"{ACCOUNT}#{REGION}#prod#web": {"event_id": "event-1"}}
        status = {"status": "UNSCANNABLE", "reason": "no image of ECR", "claimed_by": ""}
        facts = {"uri": key, "account_id": "", "region": "", "repository": key, "tag": ""}
        until = {"ttl": NOW + WEEK, "scanned_at": NOW}
        state.put({"key": key, **facts, **status, **until, "digest": "", "workloads": workload})

    return put


def test_an_image_at_a_registrys_entry_is_no_registry(
    poison: Poison, registry_cache: RegistryCache
) -> None:
    poison(f"registry#{ACCOUNT}#{REGION}")
    assert registry_cache.recall(ACCOUNT, REGION).uuid == ""
    assert registry_cache.lock(ACCOUNT, REGION)
    registry_cache.remember(ACCOUNT, REGION, "reg-1")
    assert registry_cache.recall(ACCOUNT, REGION).uuid == "reg-1"


def test_an_image_at_a_registrys_entry_does_not_keep_it_from_being_known(
    poison: Poison, registry_cache: RegistryCache
) -> None:
    poison(f"registry#{ACCOUNT}#{REGION}")
    registry_cache.remember(ACCOUNT, REGION, "reg-1")
    assert registry_cache.recall(ACCOUNT, REGION).uuid == "reg-1"


def test_an_image_at_the_permits_takes_none(poison: Poison, permits: ScanPermits) -> None:
    poison("permit#scans")
    permits.take("scan-1", "111122223333", 1, 60)
    permits.give_back("scan-1")
    permits.take("scan-2", "111122223333", 1, 60)


def test_an_image_at_a_notice_silences_nobody(poison: Poison, notices: Throttle) -> None:
    poison("notice#QualysUnauthorized")
    stated: list[int] = []
    assert notices.once("QualysUnauthorized", lambda: stated.append(1))
    assert not notices.once("QualysUnauthorized", lambda: stated.append(2))
    assert stated == [1]


def test_an_image_at_an_entry_of_security_hub_holds_no_import_up(
    poison: Poison, state: StateTable
) -> None:
    poison(f"{keys.SECURITY_HUB}{ACCOUNT}#{keys.hashed(DIGEST)}")
    registry_cache = SecurityHubState(state)
    assert registry_cache.recall(ACCOUNT, DIGEST) == Known()
    now = Known(NOW, NOW, {"high": "2026-02-02T02:40:00Z"})
    assert registry_cache.replace(ACCOUNT, DIGEST, Known(), now)
    assert registry_cache.recall(ACCOUNT, DIGEST) == now


def test_an_item_at_the_exceptions_is_none_of_them(poison: Poison, state: StateTable) -> None:
    poison(EXCEPTIONS)
    assert ExceptionStore(state).read() == []


def test_an_item_at_the_findings_of_an_image_is_none_of_them(
    table: CacheTable, cache: ScanCache
) -> None:
    table.put({"imageDigest": f"findings#{DIGEST}", "status": "UNSCANNABLE"})
    assert cache.findings_of(DIGEST) == ""
