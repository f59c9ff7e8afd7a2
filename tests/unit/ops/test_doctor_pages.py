"""docs/troubleshooting.md names every check, and each is broken by some test on the sandbox."""

import re
from pathlib import Path

import pytest

from ops.doctor.checks import CHECKS, Check

REPOSITORY = Path(__file__).parents[3]
PAGE = (REPOSITORY / "docs/troubleshooting.md").read_text()
SPECIFIED = (
    "Workflow not triggering",
    "Registry creation failed",
    "Scan timeout",
    "API errors (401/403)",
)


def rows(heading: str) -> list[list[str]]:
    """The cells of the table below a heading, its head left out."""
    part = PAGE.split(f"\n## {heading}", 1)[1].split("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def test_every_check_has_its_row_in_order() -> None:
    table = [(row[0].strip("`"), set(row[1].split(", "))) for row in rows("Checks")]
    assert table == [(check.name, set(check.kinds)) for check in CHECKS]


def test_the_specified_symptoms_come_first() -> None:
    assert tuple(row[0] for row in rows("What you see")[:4]) == SPECIFIED


def test_symptoms_name_checks_that_exist_and_leave_none_out() -> None:
    named = {
        name for row in rows("What you see") for name in re.findall(r"`([a-z]+-[a-z-]+)`", row[1])
    }
    known = {check.name for check in CHECKS}
    assert named == known


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_every_check_is_broken_by_a_test(check: Check) -> None:
    tests = (REPOSITORY / "tests/e2e").rglob("test_doctor*.py")
    assert any(re.search(rf'Break\(\s*"{check.name}"', path.read_text()) for path in tests)
