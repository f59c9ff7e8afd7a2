"""Delta, exceptions and the daily digest, with the real table, topic and reconciliation."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.installation import Installation

from .conftest import CLUSTER, CRITICAL, Workload

Json = dict[str, Any]
SECOND = {"qid": 2, "severity": 4, "title": "a high finding", "cveids": ["CVE-2026-0002"]}


def deploy_version(
    installation: Installation, workload: Workload, tag: str, *findings: Json
) -> None:
    workload.find(list(findings))
    pushed = workload.push(tag, tag=tag)
    installation.ecs.update_service(
        cluster=CLUSTER, service=workload.name, taskDefinition=workload.register(pushed.by_tag)
    )
    installation.wait_until_idle()


def sent_for_service(installation: Installation, workload: Workload) -> list[Json]:
    return [
        each
        for each in installation.notifications()
        if any(entry["service"] == workload.name for entry in each["workloads"])
    ]


def test_the_next_version_is_notified_of_what_is_new(
    installation: Installation, workload: Workload
) -> None:
    workload.find(CRITICAL)
    workload.deploy()
    (first,) = sent_for_service(installation, workload)
    assert "compared" not in first["workloads"][0]

    deploy_version(installation, workload, "2", *CRITICAL)
    assert sent_for_service(installation, workload) == [], "nothing is new to this service"

    deploy_version(installation, workload, "3", SECOND)
    (third,) = sent_for_service(installation, workload)
    (entry,) = [each for each in third["workloads"] if each["service"] == workload.name]
    assert entry["compared"] == {"new": 1, "still_open": 0, "fixed": 1}
    assert [(each["qid"], each["new"]) for each in third["findings"]] == [(2, True)]


def test_a_finding_that_an_exception_accepts_is_counted_and_not_notified(
    installation: Installation, workload: Workload
) -> None:
    exception = {
        "qid": None,
        "cve": "CVE-2026-0001",
        "repository": f"tests/{workload.name}*",
        "until": "2099-12-31",
        "reason": "not reachable",
        "owner": "tests",
    }
    dynamodb, table = installation.client("dynamodb"), installation.outputs["state_table"]["name"]
    item = {
        "key": {"S": "exceptions#all"},
        "exceptions": {"S": json.dumps([exception])},
    }
    dynamodb.put_item(TableName=table, Item=item)
    try:
        workload.find(CRITICAL)
        workload.deploy()
    finally:
        dynamodb.delete_item(TableName=table, Key={"key": item["key"]})
    assert installation.notifications() == []
    assert workload.verdict()["counts"]["critical"] == 1


@pytest.fixture
def digests(installation: Installation) -> str:
    filtered = json.dumps({"verdict": ["DIGEST"]})
    return installation.subscribe("digests", FilterPolicy=filtered, RawMessageDelivery="true")


def test_what_runs_unscannable_is_in_the_digest(
    installation: Installation, workload: Workload, digests: str
) -> None:
    workload.deploy("docker.io/library/nginx:1.27")
    assert installation.notifications() == []
    notice = {"key": {"S": f"notice#daily digest {datetime.now(UTC).date()}"}}
    installation.client("dynamodb").delete_item(
        TableName=installation.outputs["state_table"]["name"], Key=notice
    )
    machine = {"intake_state_machine_arn": installation.outputs["intake_state_machine_arn"]}
    for _ in range(2):
        answer = installation.client("lambda").invoke(
            FunctionName=installation.outputs["function_names"]["reconcile"],
            Payload=json.dumps(machine),
        )
        assert "FunctionError" not in answer, answer["Payload"].read()
    installation.wait_until_idle()
    (message,) = installation.messages(digests)
    sent = json.loads(message["Body"])
    (nginx,) = [each for each in sent["unscannable"] if "nginx:1.27" in each["uri"]]
    assert any(workload.name in entry for entry in nginx["workloads"])
