"""No part of the tests imports another: what they share lies in tests/support."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
SHARED = {"support", "bench"}
TIERS = sorted(
    path.name for path in TESTS.iterdir() if path.is_dir() and any(path.rglob("test_*.py"))
)


def imported(tier: str) -> set[str]:
    """The folders of tests/ that the modules of a tier import."""
    found = set()
    for path in (TESTS / tier).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
                if names == ["tests"]:
                    names = [f"tests.{each.name}" for each in node.names]
            elif isinstance(node, ast.Import):
                names = [each.name for each in node.names]
            found |= {name.split(".")[1] for name in names if name.startswith("tests.")}
    return found


def test_the_tiers_are_known() -> None:
    known = {"unit", "pipeline", "properties", "terraform", "sandbox", "e2e", "budgets", "judges"}
    assert known <= {*TIERS}


@pytest.mark.parametrize("tier", [*TIERS, "support"])
def test_a_tier_imports_only_itself_and_what_is_shared(tier: str) -> None:
    assert imported(tier) <= {tier, *SHARED}
