"""What counts as running without a task is looked up once, of however many workloads, and each
account has a share of the time for it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from image_scan.inventory.recent import recent
from image_scan.inventory.shares import TimeShares
from tests.support.builders import ACCOUNT, DIGEST, HOST, NOW, deployment
from tests.support.doubles import Clock

Json = dict[str, Any]
EVIL = "111122223333"


class Tables:
    """Rows of the inventory, and a cache whose answers take a time; `asked` are its keys."""

    def __init__(self, *rows: Json, seconds: float = 0.005, **entry: Any) -> None:
        self.clock, self.rows, self.seconds = Clock(), rows, seconds
        self.entry, self.asked = entry, list[str]()

    def recent(self, seconds: float = 540) -> Json:
        rows: Any = SimpleNamespace(index=lambda _: self.rows)
        cache: Any = SimpleNamespace(get=self._get)
        return {**recent(rows, cache, {}, NOW, TimeShares(seconds, self.clock))}

    def _get(self, key: str) -> Json:
        self.asked.append(key)
        self.clock.now += self.seconds
        return {**self.entry}


def row(digest: str | int = DIGEST, **changes: Any) -> Json:
    key = digest if isinstance(digest, str) else f"sha256:{digest:064x}"
    known = {**deployment(), "digest": key, "uri": f"{HOST}/shop/app:1", "state": "running"}
    known |= {"first_seen": NOW, "last_seen": NOW, "containers": ["app"], "workload": key}
    return {**known, **changes}


def deployed(digest: str | int, **changes: Any) -> Json:
    return row(digest, state="deployed", has_run=False, **changes)


def test_an_image_is_looked_up_once() -> None:
    tables = Tables(*(row(workload=str(number)) for number in range(9)))
    assert tables.recent() == {}
    assert tables.asked == [DIGEST]


def test_a_row_that_is_not_whole_is_left_out() -> None:
    broken = {name: row()[name] for name in ("digest", "workload", "state", "last_seen")}
    tables = Tables({**broken, "digest": "sha256:gone"}, row())
    tables.recent()
    assert tables.asked == [DIGEST]


@pytest.mark.attack(15)
def test_what_never_ran_costs_no_look_up_each() -> None:
    crowd = [deployed(number, account=EVIL) for number in range(5000)]
    tables = Tables(*crowd, deployed(6000), deployed(6001, account=EVIL, notified_of=1))
    tables.recent()
    assert len(tables.asked) < 200
    assert {f"sha256:{6000:064x}", f"sha256:{6001:064x}"} <= {*tables.asked}


@pytest.mark.attack(15)
def test_what_an_account_has_run_takes_its_share_of_the_time() -> None:
    crowd = [row(number, account=EVIL) for number in range(500)]
    tables = Tables(*crowd, *(row(1000 + number) for number in range(9)), seconds=1)
    tables.recent()
    assert {f"sha256:{1000 + number:064x}" for number in range(9)} <= {*tables.asked}
    assert tables.clock.now - NOW <= 46


def test_an_account_without_time_leaves_the_image_to_another_that_runs_it() -> None:
    tables = Tables(*(row(number, account=EVIL) for number in range(99)), row(7), seconds=1)
    tables.recent(seconds=120)
    assert tables.asked.count(f"sha256:{7:064x}") == 1


def test_of_an_entry_there_is_what_is_read() -> None:
    entry: Json = {"status": "CLEAN", "ttl": NOW + 9, "top": [{}], "requests": {"a": {}}}
    (found,) = Tables(row(account=ACCOUNT), **entry, scanned_at=1).recent().values()
    assert found.entry == {"status": "CLEAN", "ttl": NOW + 9, "scanned_at": 1}
