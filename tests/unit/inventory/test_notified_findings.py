"""What workloads were notified of is over, however many they are and however often it is tried."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from image_scan.findings import encoding
from image_scan.findings.encoding import Finding
from image_scan.inventory.notified import NotifiedFindings
from tests.support.builders import image
from tests.support.memory_tables import MemoryInventory

if TYPE_CHECKING:
    from image_scan.aws.dynamodb import Change

SERVICES = [f"s{number:02}" for number in range(50)]
AT_ONCE = 20  # so many writes, then the function's time is over
FOUND = [Finding(1, severity=5, potential=False, fixable=True, cves=())]


class Slow(MemoryInventory):
    def __init__(self) -> None:
        super().__init__(lambda: None)
        self.left = AT_ONCE

    def update(self, digest: str, workload: str, change: Change, condition: Any = None) -> Any:
        if not self.left:
            raise TimeoutError
        self.left -= 1
        return super().update(digest, workload, change, condition)


def test_the_end_of_findings_goes_on_where_the_last_try_ended() -> None:
    table, of = Slow(), image()
    for name in SERVICES:
        table.put(of["key"], name, {"notified": encoding.pack(FOUND)})

    def end() -> None:
        table.left = AT_ONCE
        notified: Any = NotifiedFindings(table, None)  # type: ignore[arg-type]
        notified.know(table.below(of["key"]))
        for name in SERVICES:
            notified.end(name, of)

    for _ in range(2):
        with pytest.raises(TimeoutError):
            end()
    end()
    assert {row["notified"] for row in table.rows.values()} == {encoding.pack([])}
    assert table.left == AT_ONCE - (len(SERVICES) - 2 * AT_ONCE)


def test_a_list_that_was_too_long_ends_too() -> None:
    table, of = Slow(), image()
    table.put(of["key"], "web", {"notified": ""})
    NotifiedFindings(table, None).end("web", of)  # type: ignore[arg-type]
    assert table.get(of["key"], "web")["notified"] == encoding.pack([])
