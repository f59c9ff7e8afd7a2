"""Each patch has a test that holds it, and `make sandbox-patches` reports those that need none."""

import ast
import json
from collections import Counter

import pytest

from sandbox.emulator_process import REPOSITORY
from tests.sandbox import needed
from tests.sandbox.emulator_python import run
from tests.sandbox.held_by import HELD_BY, TESTS

# Without it, nothing here is different.
UNUSED = "sessions._evict_expired_sessions"
HELD = "jsonata._apply_state_assign"


def test_each_patch_is_held_by_one_test() -> None:
    known = [
        json.loads(line)["name"] for line in run("-m", "sandbox.emulator.patches").splitlines()
    ]
    held = Counter(
        patch for tests in TESTS.values() for patches in tests.values() for patch in patches
    )
    assert held == Counter(known)


@pytest.mark.parametrize("file", TESTS)
def test_the_tests_that_hold_patches_exist(file: str) -> None:
    source = (REPOSITORY / f"tests/sandbox/{file}.py").read_text()
    functions = {node.name for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}
    assert TESTS[file].keys() <= functions


def test_a_patch_that_no_test_needs_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    test = HELD_BY[HELD]
    assert needed.check({HELD: test, UNUSED: test}) == 1
    *found, sum_of_all = capsys.readouterr().out.splitlines()
    assert sorted(found) == [
        f"NOT NEEDED  {UNUSED}: {test} passes without it",
        f"needed      {HELD}",
    ]
    assert sum_of_all == "1 of 2 patches are needed"


def test_patches_that_are_all_needed_are_a_success() -> None:
    def play(*_tests: str, without: str = "") -> needed.Ran:
        return needed.Ran(passed=not without, failed=bool(without), output="")

    assert needed.check({"a.b": "test", "c.d": "test"}, play) == 0


@pytest.mark.parametrize(
    ("whole", "without", "word"),
    [
        (needed.Ran(False, True, "E  broken"), needed.Ran(False, True, ""), "E  broken"),
        (needed.Ran(True, False, ""), needed.Ran(False, False, "E  no fixture"), "E  no fixture"),
    ],
    ids=["with all patches", "before the test"],
)
def test_a_failure_of_another_kind_says_nothing_about_the_patch(
    capsys: pytest.CaptureFixture[str], whole: needed.Ran, without: needed.Ran, word: str
) -> None:
    assert needed.check({"a.b": "test"}, lambda *_, **named: without if named else whole) == 1
    stated = capsys.readouterr().out
    assert word in stated
    assert "needed      a.b" not in stated
