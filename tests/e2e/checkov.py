"""checkov, over a plan in which every value is known: counts and references are resolved there,
which a look at the modules alone does not do."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

from sandbox.aws import REPOSITORY

CHECKOV = REPOSITORY / ".checkov/venv/bin/checkov"
_SKIP = re.compile(r"# checkov:skip=(\w+):\s*\S")


def check(plan: dict[str, Any], scratch: Path) -> None:
    """No check fails but those with a reason beside their resource."""
    path = scratch / "plan.json"
    path.write_text(json.dumps(plan))
    plan_file = ["--file", str(path), "--framework", "terraform_plan", "--deep-analysis"]
    answer = subprocess.run(
        [str(CHECKOV), *plan_file, "--output", "json", "--quiet", "--skip-download"],
        cwd=scratch,
        capture_output=True,
        text=True,
        check=False,
    )
    report = json.loads(answer.stdout)
    assert report["summary"]["resource_count"] > 5, answer.stdout[:2000]
    assert report["summary"]["passed"] > 20
    assert report["summary"]["parsing_errors"] == 0
    root = plan["configuration"]["root_module"]
    failed = {(each["check_id"], each["resource"]) for each in report["results"]["failed_checks"]}
    unexcused = sorted((name, at) for name, at in failed if name not in excused(root, at))
    assert unexcused == []


def excused(configuration: dict[str, Any], address: str) -> set[str]:
    """The checks that a resource skips in the source of its module, by its address in a plan."""
    *calls, kind, name = re.sub(r"\[[^]]*\]", "", address).split(".")
    source = ""
    for call in calls[1::2]:
        made = configuration["module_calls"][call]
        # A private module is called from the folder of a public one.
        configuration, source = made["module"], made["source"].removeprefix("../")
    for file in (REPOSITORY / "modules" / source.rpartition("modules/")[2]).glob("*.tf"):
        head = f'resource "{kind}" "{name}" {{\n'
        _, _, rest = file.read_text().partition(head)
        if rest:
            return set(_SKIP.findall(rest.partition("\n}\n")[0]))
    raise AssertionError(f"{address} is in no module")
