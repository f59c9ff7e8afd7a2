"""A function imports what it needs: by the number of modules, as time tells nothing here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.bench import cold_start

if TYPE_CHECKING:
    from pathlib import Path

# Without an HTTP client of our own, and with one; the SDK itself is 360 of them.
EVERY_EVENT, QUALYS = 440, 545
BUDGETS = {
    "parse_event": EVERY_EVENT,
    "check_cache": EVERY_EVENT,
    "send_notification": EVERY_EVENT,
    "get_registry": QUALYS,
    "submit_scan": QUALYS,
    "check_status": QUALYS,
    "get_results": QUALYS,
}


@pytest.fixture(scope="module")
def starts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    built: Path = cold_start.package(tmp_path_factory.mktemp("built"))
    return {each.function: each.modules for each in cold_start.measure(built)}


def test_each_function_has_a_budget(starts: dict[str, int]) -> None:
    assert starts.keys() == BUDGETS.keys()
    assert all(modules > 100 for modules in starts.values()), starts


@pytest.mark.parametrize("function", BUDGETS)
def test_no_function_imports_more_than_its_budget(starts: dict[str, int], function: str) -> None:
    assert starts[function] <= BUDGETS[function]
