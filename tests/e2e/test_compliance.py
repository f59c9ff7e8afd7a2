"""The policy features of tests/compliance, over a plan in which every value is known."""

import json
import re
import subprocess
import sys
from pathlib import Path

from sandbox.aws import REPOSITORY

from .conftest import Json

FEATURES = REPOSITORY / "tests/compliance"


def test_the_plan_keeps_every_policy(plan_after_apply: Json, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps(plan_after_apply))
    command = Path(sys.executable).with_name("terraform-compliance")
    answer = subprocess.run(
        [command, "--no-ansi", "-f", FEATURES, "-p", plan],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout[-4000:] + answer.stderr[-2000:]
    # A scenario without its resource is skipped, and that is no success here.
    counted = re.search(r"(\d+) scenarios \((\d+) passed\)", answer.stdout)
    assert counted, answer.stdout[-2000:]
    assert counted[1] == counted[2]
    assert len(list(FEATURES.glob("*.feature"))) == answer.stdout.count("Feature: ")
