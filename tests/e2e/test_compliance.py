"""What holds for a whole install, by the features of tests/compliance/install."""

from pathlib import Path

from .compliance import check
from .conftest import Json


def test_the_plan_keeps_every_policy(plan_after_apply: Json, tmp_path: Path) -> None:
    check(plan_after_apply, "install", tmp_path)
