"""The event of a scan that ended, as a rule of somebody else's gets it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.installation import Installation

from .conftest import CRITICAL, Workload

Json = dict[str, Any]


@pytest.fixture
def results(installation: Installation) -> Iterator[str]:
    """URL of a queue behind a rule on the default bus."""
    sqs, events = installation.client("sqs"), installation.client("events")
    url = sqs.create_queue(QueueName="results")["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    pattern = {"source": ["image-scan"], "detail": {"verdict": ["FINDINGS", "CLEAN"]}}
    rule = events.put_rule(Name="results", EventPattern=json.dumps(pattern))["RuleArn"]
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue["QueueArn"],
                "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
            }
        ],
    }
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    target = {"Id": "queue", "Arn": queue["QueueArn"]}
    assert events.put_targets(Rule="results", Targets=[target])["FailedEntryCount"] == 0
    yield url
    events.remove_targets(Rule="results", Ids=["queue"])
    events.delete_rule(Name="results")
    sqs.delete_queue(QueueUrl=url)


def test_a_rule_gets_each_scan_that_ended(
    installation: Installation, workload: Workload, results: str
) -> None:
    workload.find(CRITICAL)
    workload.deploy()
    workload.find([])
    workload.deploy_once(workload.push("without findings", tag="2").by_tag)
    got = [json.loads(message["Body"]) for message in installation.messages(results)]
    mine = {
        each["detail"]["image"]["tag"]: each
        for each in got
        if each["detail"]["image"]["repository"] == f"tests/{workload.name}"
    }
    assert len(got) == len(mine) == 2
    bad, good = mine["1"], mine["2"]
    assert (bad["source"], bad["detail-type"]) == ("image-scan", "Container Image Scan Completed")
    assert bad["detail"]["installation"] == "qualys-image-scan"
    assert (bad["detail"]["verdict"], bad["detail"]["counts"]["critical"]) == ("FINDINGS", 1)
    assert workload.name in {entry["service"] for entry in bad["detail"]["workloads"]}
    assert good["detail"]["verdict"] == "CLEAN"
    assert installation.notifications(), "people are notified as well"
