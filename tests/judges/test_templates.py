"""cfn-lint on the templates of org-spoke, by the resource schemas of several regions."""

import json
from pathlib import Path

import pytest

from sandbox.emulator_process import REPOSITORY
from tests.judges.programs import VENV, run

TEMPLATES = REPOSITORY / "modules/org-spoke/templates"
# The oldest region, one that had to be enabled, and GovCloud.
REGIONS = ("us-east-1", "eu-south-2", "us-gov-west-1")


def lint(*options: str | Path) -> str:
    return run([VENV / "cfn-lint", "--regions", *REGIONS, "--format", "json", *options])


@pytest.mark.parametrize("name", ["roles", "rules"])
def test_a_template_is_valid(name: str) -> None:
    assert json.loads(lint(TEMPLATES / f"{name}.yaml")) == []


def test_a_broken_template_is_refused(tmp_path: Path) -> None:
    """So that the judge is seen to judge."""
    broken = tmp_path / "broken.yaml"
    text = (TEMPLATES / "rules.yaml").read_text()
    assert "EventPattern:" in text
    broken.write_text(text.replace("EventPattern:", "EventPatterns:"))
    with pytest.raises(AssertionError, match="EventPatterns"):
        lint(broken)
