"""What counts as running without a task is looked up once, of however many workloads."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from image_scan.inventory.recent import recent
from tests.support.builders import DIGEST, HOST, NOW


def test_an_image_is_looked_up_once() -> None:
    asked: list[str] = []
    row: dict[str, Any] = {"digest": DIGEST, "uri": f"{HOST}/shop/app:1", "state": "running"}
    row |= {"first_seen": NOW, "last_seen": NOW, "containers": ["app"]}
    rows: Any = SimpleNamespace(
        index=lambda _: [{**row, "workload": str(number)} for number in range(9)]
    )
    cache: Any = SimpleNamespace(get=asked.append)
    assert recent(rows, cache, {}, NOW) == {}
    assert asked == [DIGEST]
