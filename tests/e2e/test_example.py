"""examples/single-account as applied: nothing left to do, every policy kept; and destroyed."""

from pathlib import Path

import pytest

from sandbox.install import Install
from sandbox.terraform import changes

from . import checkov, compliance
from .conftest import Json

PREFIX = "qualys-image-scan"


@pytest.fixture(scope="module")
def plan_after_apply(install: Install) -> Json:
    return install.terraform.plan()


def test_a_plan_after_apply_changes_nothing(plan_after_apply: Json) -> None:
    assert plan_after_apply["resource_changes"]
    assert changes(plan_after_apply) == {}


def test_the_example_is_valid_on_its_own(install: Install) -> None:
    install.terraform.validate()


def test_the_plan_keeps_every_policy(plan_after_apply: Json, tmp_path: Path) -> None:
    compliance.check(plan_after_apply, "install", tmp_path)


def test_no_check_fails_without_a_reason(plan_after_apply: Json, tmp_path: Path) -> None:
    checkov.check(plan_after_apply, tmp_path)


def test_destroy_leaves_nothing(install: Install) -> None:
    before = resources(install)
    kinds = {"functions", "machines", "tables", "queues", "topics", "roles", "rules", "alarms"}
    assert kinds <= {kind for kind, names in before.items() if names}
    install.terraform.destroy()
    assert {kind: names for kind, names in resources(install).items() if names} == {}


def resources(install: Install) -> dict[str, list[str]]:
    """The names of everything in the account that carries the install's prefix, by kind."""
    client = install.client
    found = {
        "functions": [f["FunctionName"] for f in client("lambda").list_functions()["Functions"]],
        "machines": [
            m["name"] for m in client("stepfunctions").list_state_machines()["stateMachines"]
        ],
        "tables": client("dynamodb").list_tables()["TableNames"],
        "queues": client("sqs").list_queues().get("QueueUrls", []),
        "topics": [t["TopicArn"] for t in client("sns").list_topics()["Topics"]],
        "roles": [r["RoleName"] for r in client("iam").list_roles()["Roles"]],
        "rules": [r["Name"] for r in client("events").list_rules()["Rules"]],
        "alarms": [a["AlarmName"] for a in client("cloudwatch").describe_alarms()["MetricAlarms"]],
        "logs": [g["logGroupName"] for g in client("logs").describe_log_groups()["logGroups"]],
        "buckets": [b["Name"] for b in client("s3").list_buckets()["Buckets"]],
        "trails": [t["Name"] for t in client("cloudtrail").describe_trails()["trailList"]],
        "secrets": [s["Name"] for s in client("secretsmanager").list_secrets()["SecretList"]],
        "aliases": [a["AliasName"] for a in client("kms").list_aliases()["Aliases"]],
    }
    return {kind: [name for name in names if PREFIX in name] for kind, names in found.items()}
