"""Which versions of a workload count as running, of however many."""

from __future__ import annotations

from typing import Any

import pytest

from image_scan.inventory.current import current
from tests.support.builders import NOW

HOUR = 3600


class Row(dict[str, Any]):
    """Counts how often rows are read."""

    reads = 0

    def __getitem__(self, name: str) -> Any:
        Row.reads += 1
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        Row.reads += 1
        return super().get(name, default)


def row(digest: str, state: str = "stopped", seen: int = 0, **changes: Any) -> Row:
    base: dict[str, Any] = {
        "digest": digest,
        "workload": "web",
        "state": state,
        "containers": ["app"],
    }
    base |= {"first_seen": NOW, "last_seen": NOW + seen, "stopped_at": NOW + seen}
    return Row({**base, "has_run": True, **changes})


def digests(*rows: Row) -> list[str]:
    return [each["digest"] for each in current(rows, NOW + HOUR)]


def test_what_has_stopped_counts_until_another_version_of_its_container_runs() -> None:
    assert digests(row("a"), row("b", seen=1)) == ["b"]
    assert digests(row("a"), row("b")) == ["a", "b"], "seen at once, as two of one task"
    assert digests(row("a", seen=1), row("b", "running")) == ["b"]
    assert digests(row("a"), row("b", "deployed", seen=1)) == ["b"]
    assert digests(row("a", seen=1), row("b", "deployed")) == ["a", "b"]
    assert digests(row("a"), row("b", seen=1, has_run=False)) == ["a"], "it never ran"
    assert digests(row("a"), row("b", seen=1, containers=["logs"])) == ["a", "b"]
    assert digests(row("a", containers=["app", "logs"]), row("b", seen=1)) == ["b"]
    beside = row("b", seen=1, stopped_at=NOW + 2)
    assert digests(row("a", stopped_at=NOW + 3), beside) == ["a"], "it ran on beside that one"
    assert digests(row("a", stopped_at=NOW + 3), row("b", "deployed", seen=1)) == ["b"]
    assert digests(row("a"), row("b", seen=1, workload="other")) == ["a", "b"]


@pytest.mark.attack(15)
@pytest.mark.parametrize("containers", [1, 300], ids=["one container", "one container each"])
def test_many_versions_of_a_workload_take_no_longer_each(containers: int) -> None:
    rows = [
        row(str(number), seen=-(number % 7), containers=[f"c{number % containers}"])
        for number in range(300)
    ]
    Row.reads = 0
    current(rows, NOW + HOUR)
    assert 300 < Row.reads < 300 * 30
