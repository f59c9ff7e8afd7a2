"""What is patched for speed alone spares ministack work, counted in calls of functions."""

import json
from pathlib import Path

import pytest

from tests.sandbox.emulator_python import run

HERE = Path(__file__).parent
# Two calls are what it takes to look up a cached answer; opening a zip of a hundred files takes
# 1700.
MOST_CALLS = {
    "narrow_queries": 0,
    "read_once._condition_syntax_error": 2,
    "read_once.is_root_access_key": 2,
    "read_once.parse_policy_document": 4,
    "read_once.Jsonata.get_parser": 4,
    "lambda_code.zipfile": 3000,
    "sessions._evict_expired_sessions": 0,
}


@pytest.fixture(scope="module")
def counted() -> dict[str, int]:
    return dict(json.loads(run(str(HERE / "counted.py"))))


@pytest.mark.parametrize("work", MOST_CALLS)
def test_work_is_spared(counted: dict[str, int], work: str) -> None:
    assert counted[work] <= MOST_CALLS[work]


def test_a_session_may_be_opened_while_others_are_looked_at() -> None:
    assert run(str(HERE / "opening.py")) == "first mine other"
