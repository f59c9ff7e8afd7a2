"""Delta, exceptions and the daily digest, with the real table, topic and reconciliation."""

import json
from typing import Any

import pytest

from sandbox.install import Install

from .conftest import CLUSTER, CRITICAL, Workload

Json = dict[str, Any]
SECOND = {"qid": 2, "severity": 4, "title": "a high finding", "cveids": ["CVE-2026-0002"]}


def deploy_version(install: Install, workload: Workload, tag: str, *findings: Json) -> None:
    workload.find(list(findings))
    pushed = workload.push(tag, tag=tag)
    install.ecs.update_service(
        cluster=CLUSTER, service=workload.name, taskDefinition=workload.register(pushed.by_tag)
    )
    install.wait_until_idle()


def sent_for_service(install: Install, workload: Workload) -> list[Json]:
    return [
        each
        for each in install.notifications()
        if any(entry["service"] == workload.name for entry in each["workloads"])
    ]


def test_the_next_version_is_notified_of_what_is_new(install: Install, workload: Workload) -> None:
    workload.find(CRITICAL)
    workload.deploy()
    (first,) = sent_for_service(install, workload)
    assert "compared" not in first["workloads"][0]

    deploy_version(install, workload, "2", *CRITICAL)
    assert sent_for_service(install, workload) == [], "nothing is new to this service"

    deploy_version(install, workload, "3", SECOND)
    (third,) = sent_for_service(install, workload)
    (entry,) = [each for each in third["workloads"] if each["service"] == workload.name]
    assert entry["compared"] == {"new": 1, "still_open": 0, "fixed": 1}
    assert [(each["qid"], each["new"]) for each in third["findings"]] == [(2, True)]


def test_a_finding_that_an_exception_accepts_is_counted_and_not_notified(
    install: Install, workload: Workload
) -> None:
    exception = {
        "qid": None,
        "cve": "CVE-2026-0001",
        "repository": f"tests/{workload.name}*",
        "until": "2099-12-31",
        "reason": "not reachable",
        "owner": "tests",
    }
    dynamodb, table = install.client("dynamodb"), install.outputs["cache_table"]["name"]
    item = {
        "imageDigest": {"S": "exceptions"},
        "exceptions": {"S": json.dumps([exception])},
    }
    dynamodb.put_item(TableName=table, Item=item)
    try:
        workload.find(CRITICAL)
        workload.deploy()
    finally:
        dynamodb.delete_item(TableName=table, Key={"imageDigest": item["imageDigest"]})
    assert install.notifications() == []
    assert workload.verdict()["counts"]["critical"] == 1


@pytest.fixture
def digests(install: Install) -> str:
    filtered = json.dumps({"verdict": ["DIGEST"]})
    return install.subscribe("digests", FilterPolicy=filtered, RawMessageDelivery="true")


def test_what_runs_unscannable_is_in_the_digest(
    install: Install, workload: Workload, digests: str
) -> None:
    workload.deploy("docker.io/library/nginx:1.27")
    assert install.notifications() == []
    notice = {"imageDigest": {"S": "notice#daily digest"}}
    install.client("dynamodb").delete_item(
        TableName=install.outputs["cache_table"]["name"], Key=notice
    )
    machine = {"intake_state_machine_arn": install.outputs["intake_state_machine_arn"]}
    for _ in range(2):
        answer = install.client("lambda").invoke(
            FunctionName=install.outputs["function_names"]["reconcile"], Payload=json.dumps(machine)
        )
        assert "FunctionError" not in answer, answer["Payload"].read()
    install.wait_until_idle()
    (message,) = install.messages(digests)
    sent = json.loads(message["Body"])
    (nginx,) = [each for each in sent["unscannable"] if "nginx:1.27" in each["uri"]]
    assert any(workload.name in entry for entry in nginx["workloads"])
