"""examples/single-account as applied: nothing left to do, every policy obeyed; and destroyed."""

import json
from pathlib import Path

import pytest

from sandbox.aws import ACCOUNT, REGION
from sandbox.installation import Installation
from sandbox.terraform_project import changes
from tests.bench import cost
from tests.support.documents import block
from tests.support.shell import Shell

from . import checkov, compliance
from .conftest import Json
from .resources import resources


@pytest.fixture(scope="module")
def plan_after_apply(installation: Installation) -> Json:
    return installation.terraform.plan()


def test_a_plan_after_apply_changes_nothing(plan_after_apply: Json) -> None:
    assert plan_after_apply["resource_changes"]
    assert changes(plan_after_apply) == {}


def test_the_alarms_are_those_that_the_cost_has(plan_after_apply: Json) -> None:
    """Of the gate, which is off by default, it has none."""
    addresses = [
        each["address"]
        for each in plan_after_apply["resource_changes"]
        if each["type"] == "aws_cloudwatch_metric_alarm"
    ]
    assert sum(".deployment_gate[" not in each for each in addresses) == cost.ALARMS


def test_the_example_is_valid_on_its_own(installation: Installation) -> None:
    installation.terraform.validate()


def test_the_plan_keeps_every_policy(plan_after_apply: Json, tmp_path: Path) -> None:
    compliance.check(plan_after_apply, "installation", tmp_path)


def test_no_check_fails_without_a_reason(plan_after_apply: Json, tmp_path: Path) -> None:
    checkov.check(plan_after_apply, tmp_path)


def test_the_command_of_the_page_leaves_nothing(installation: Installation, tmp_path: Path) -> None:
    kinds = {"functions", "machines", "tables", "queues", "topics", "roles", "rules", "alarms"}
    assert kinds <= resources(installation).keys()
    folder, lifetime = installation.terraform.folder, installation.providers
    shell = Shell.of(installation.aws, folder, tmp_path, ACCOUNT, REGION, lifetime)
    credential = json.dumps({"token": installation.token})
    page = block("examples/single-account/README.md#remove")
    shell.type(page, answer="yes\n", TF_VAR_qualys_credentials=credential)
    assert resources(installation) == {}
