"""An installation is found by its names, and they are those that Terraform gave."""

import boto3
import pytest

from ops.errors import OpsError
from ops.installation import Installation
from sandbox.aws import ACCOUNT, REGION
from sandbox.installation import Installation as Applied


@pytest.fixture
def session(installation: Applied, monkeypatch: pytest.MonkeyPatch) -> boto3.session.Session:
    for name, value in installation.aws.environment().items():
        monkeypatch.setenv(name, value)
    return boto3.session.Session()


def test_it_has_the_names_that_terraform_gave(
    installation: Applied, session: boto3.session.Session
) -> None:
    found = Installation.find(session, "qualys-image-scan", REGION)
    outputs = installation.outputs
    assert (found.account_id, found.region, found.partition) == (ACCOUNT, REGION, "aws")
    assert found.intake_state_machine_arn == outputs["intake_state_machine_arn"]
    assert found.scan_state_machine_arn == outputs["scan_state_machine_arn"]
    gate = {"deployment_gate": found.function_name("deployment_gate")}
    assert found.function_names | gate == outputs["function_names"]
    for name in ("cache_table", "inventory_table", "state_table"):
        assert getattr(found, name) == outputs[name]["name"]
    assert found.topic_arns == outputs["topic_arns"]
    assert found.failed_events_queue == outputs["failed_events_queue"]["name"]
    assert found.undelivered_events_queue == outputs["undelivered_events_queue"]["name"]
    assert found.qualys_secret_arn == outputs["qualys_secret_arn"]
    assert found.trail_arn == outputs["trail"]["arn"]
    rules = {name: arn for name, arn in outputs["rule_arns"].items() if arn}
    assert rules.items() <= found.rule_arns.items()
    logs = session.client("logs", region_name=REGION).describe_log_groups()["logGroups"]
    there = {**found.log_groups}
    there.pop("import_findings")  # Security Hub is off
    assert set(there.values()) <= {group["logGroupName"] for group in logs}
    assert not found.has_spoke()


@pytest.mark.parametrize(
    ("prefix", "region"), [("another", REGION), ("qualys-image-scan", "eu-west-1")]
)
def test_there_is_none_of_another_name_or_elsewhere(
    session: boto3.session.Session, prefix: str, region: str
) -> None:
    with pytest.raises(OpsError) as caught:
        Installation.find(session, prefix, region)
    for part in (prefix, region, ACCOUNT):
        assert part in str(caught.value)
