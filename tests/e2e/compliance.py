"""terraform-compliance, over a plan in which every value is known."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from sandbox.aws import REPOSITORY

FEATURES = REPOSITORY / "tests/compliance"


def check(plan: dict[str, Any], features: str, scratch: Path) -> None:
    """Every scenario of a folder of features has its resource in the plan, and holds."""
    path = scratch / "plan.json"
    path.write_text(json.dumps(plan))
    command = Path(sys.executable).with_name("terraform-compliance")
    folder = FEATURES / features
    answer = subprocess.run(
        [command, "--no-ansi", "-f", folder, "-p", path],
        cwd=scratch,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout[-4000:] + answer.stderr[-2000:]
    # A scenario without its resource is skipped, and that is no success here.
    counted = re.search(r"(\d+) scenarios \((\d+) passed\)", answer.stdout)
    assert counted, answer.stdout[-2000:]
    assert counted[1] == counted[2]
    assert len(list(folder.glob("*.feature"))) == answer.stdout.count("Feature: ")
