"""What holds for a whole install, by the features of tests/compliance/install."""

from pathlib import Path

from . import checkov, compliance
from .conftest import Json


def test_the_plan_keeps_every_policy(plan_after_apply: Json, tmp_path: Path) -> None:
    compliance.check(plan_after_apply, "install", tmp_path)


def test_no_check_fails_without_a_reason(plan_after_apply: Json, tmp_path: Path) -> None:
    checkov.check(plan_after_apply, tmp_path)
