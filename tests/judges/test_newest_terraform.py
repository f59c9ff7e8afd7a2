"""The newest Terraform that is packaged takes the examples, and warns of nothing."""

import json
from pathlib import Path
from typing import Any

import pytest

from sandbox.terraform import cli_environment
from sandbox.terraform_project import copy_project
from tests.judges.programs import HERE, VENV, run

EXAMPLES = ("single-account", "multi-region", "organization/hub", "organization/management")


def judged(root: Path, scratch: Path) -> tuple[str, dict[str, Any]]:
    command = [VENV / "python", HERE / "validate_by_terraform.py", root]
    version, verdict = json.loads(run(command, **cli_environment(scratch)))
    return version, verdict


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_is_valid(example: str, tmp_path: Path) -> None:
    root = copy_project(tmp_path / "project") / "examples" / example
    version, verdict = judged(root, tmp_path)
    assert version.startswith("1.15.")
    assert (verdict["valid"], verdict["diagnostics"]) == (True, [])


def test_an_invalid_module_is_refused(tmp_path: Path) -> None:
    """So that the judge is seen to judge."""
    (tmp_path / "main.tf").write_text('output "nothing" {\n  value = local.nothing\n}\n')
    _version, verdict = judged(tmp_path, tmp_path)
    assert verdict["diagnostics"][0]["summary"] == "Reference to undeclared local value"
