"""A function imports what it needs: by modules and instructions, as time says nothing here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.bench import cold_start

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.xdist_group("zip")

# (modules, millions of Python instructions), a little above what is needed: without an HTTP client
# of our own, and with one. The SDK alone is 364 and 3.0.
EVERY_EVENT, QUALYS = (500, 4.6), (565, 5.4)
ONCE_A_DAY = (630, 5.4)  # notifies, puts events, and calls Qualys
BUDGETS = {
    "parse_event": EVERY_EVENT,
    "check_cache": EVERY_EVENT,
    "send_notification": EVERY_EVENT,
    "get_registry": QUALYS,
    "submit_scan": QUALYS,
    "check_status": QUALYS,
    "get_results": QUALYS,
    "reconcile": ONCE_A_DAY,
    "reassess": ONCE_A_DAY,
    "import_findings": EVERY_EVENT,
    "deployment_gate": EVERY_EVENT,
}
MEMORY = 96  # MB, of the 256 that a function has


@pytest.fixture(scope="module")
def starts(zip_file: Path) -> dict[str, cold_start.ColdStart]:
    return {each.function: each for each in cold_start.measure(zip_file)}


def test_each_function_has_a_budget(starts: dict[str, cold_start.ColdStart]) -> None:
    assert starts.keys() == BUDGETS.keys()
    assert all(each.modules > 100 and each.instructions > 1 for each in starts.values()), starts


@pytest.mark.parametrize("function", BUDGETS)
def test_no_function_takes_more_than_its_budget(
    starts: dict[str, cold_start.ColdStart], function: str
) -> None:
    modules, instructions = BUDGETS[function]
    assert starts[function].modules <= modules
    assert starts[function].instructions <= instructions
    assert starts[function].memory <= MEMORY
