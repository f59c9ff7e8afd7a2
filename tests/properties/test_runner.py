"""The runner of `make fuzz` itself: it must not call a run good that has shown nothing."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.properties.__main__ import FOLDER, Round, fuzz, play

if TYPE_CHECKING:
    from pathlib import Path

ROOT = FOLDER.parents[1]
PROPERTIES = """
from hypothesis import strategies as st
from tests.properties.profile import fuzzed

@fuzzed(1, number=st.integers())
def test_holds(number):
    pass

@fuzzed(1, number=st.integers())
def test_breaks(number):
    assert number < 7 or not {broken}, "too many"
"""
REPLAY = "FAILED; again: FUZZ_SEED=5 FUZZ_EXAMPLES=20 python tests/properties"


@pytest.mark.parametrize("broken", [True, False])
def test_a_broken_property_fails_its_round(tmp_path: Path, broken: bool) -> None:
    folder = tmp_path / "tests" / "properties"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("test_*", "__pycache__"))
    (tmp_path / "tests" / "support").symlink_to(ROOT / "tests" / "support")
    (tmp_path / "functions").symlink_to(ROOT / "functions")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (folder / "test_numbers.py").write_text(PROPERTIES.format(broken=broken))
    found = play(folder, seed=5, examples=20)
    assert found.passed is not broken
    assert found.tried["test_holds"] == 20
    assert found.tried["test_breaks"] >= 1
    assert ("too many" in found.output) is broken


@pytest.mark.parametrize(
    ("found", "status", "said"),
    [
        (
            Round(True, "", {"test_a": 12, "test_b": 8}),
            0,
            "20 examples of 2 properties in 1 rounds",
        ),
        (Round(True, "", {"test_a": 12, "test_b": 7}), 1, "FAILED: too few; at least 20"),
        (Round(True, "", {"test_a": 20, "test_b": 0}), 1, "['test_b']"),
        (Round(True, "", {}), 1, "FAILED: too few"),
        (Round(False, "what broke", {"test_a": 99}), 1, REPLAY),
        (Round(False, "what broke", {"test_a": 99}), 1, "what broke"),
    ],
)
def test_a_run_is_good_when_all_held_and_enough_was_tried(
    capsys: pytest.CaptureFixture[str], found: Round, status: int, said: str
) -> None:
    asked: list[int] = []

    def answer(seed: int) -> Round:
        asked.append(seed)
        return found

    assert fuzz(answer, minutes=0, examples=20, seed=5, fewest=20) == status
    assert said in capsys.readouterr().out
    assert asked == [5]


def test_a_run_ends_at_the_first_failure_and_has_a_new_seed_for_each_round(
    capsys: pytest.CaptureFixture[str],
) -> None:
    asked: list[int] = []

    def answer(seed: int) -> Round:
        asked.append(seed)
        return Round(len(asked) < 3, "", {"test_a": 10})

    assert fuzz(answer, minutes=1, examples=10, seed=None, fewest=20) == 1
    assert len(asked) == len(set(asked)) == 3
    assert f"FUZZ_SEED={asked[-1]} " in capsys.readouterr().out
