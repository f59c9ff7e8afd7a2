"""A scan by hand: it answers who asked, is no workload, and hides nothing from those that run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ops import scan
from tests.support import definitions
from tests.support.builders import ACCOUNT, HOST, REGION
from tests.support.environments import aws_client
from tests.support.pipeline import REPOSITORY, URI, verdict

if TYPE_CHECKING:
    from tests.support.machine import Run
    from tests.support.pipeline import Pipeline

OPERATOR = f"arn:aws:iam::{ACCOUNT}:user/operator"
GONE = f"{HOST}/{REPOSITORY}:gone"


def by_hand(pipeline: Pipeline, uri: str = URI, *, force: bool = False) -> Run:
    run = pipeline.intake(scan.request(uri, ACCOUNT, REGION, OPERATOR, force=force))
    assert run.status == "SUCCEEDED", (run.error, run.cause)
    return run


def forget_verdict(pipeline: Pipeline) -> None:
    """As when its time is over, and DynamoDB has removed it."""
    key = {"imageDigest": {"S": pipeline.push()}}
    aws_client("dynamodb").delete_item(TableName=definitions.TABLE, Key=key)


def services(message: dict[str, Any]) -> list[str]:
    return [each["task_definition"].rsplit("/")[-1] for each in message["workloads"]]


def test_a_scan_by_hand_is_notified_to_who_runs_the_image_after_its_verdict_has_expired(
    pipeline: Pipeline,
) -> None:
    pipeline.scan(service="web")
    forget_verdict(pipeline)
    pipeline.find(5)
    by_hand(pipeline)
    assert [verdict(run) for run in pipeline.scans()] == ["FINDINGS"]
    (message,) = pipeline.notifications()
    assert services(message) == ["web:1"]
    assert message["requested_by"] == [OPERATOR]


def test_a_scan_by_hand_is_no_workload_of_a_message(pipeline: Pipeline) -> None:
    pipeline.find(5)
    by_hand(pipeline)
    pipeline.scans()
    (message,) = pipeline.notifications()
    assert (message["workloads"], message["workloads_total"]) == ([], 0)
    assert message["requested_by"] == [OPERATOR]
    pipeline.announce(service="web")
    assert services(pipeline.notifications()[1]) == ["web:1"]
    assert "requested_by" not in pipeline.notifications()[1]


def test_who_asks_by_hand_for_a_known_verdict_alarms_nobody(pipeline: Pipeline) -> None:
    pipeline.find(5)
    pipeline.scan(service="web")
    run = by_hand(pipeline)
    assert pipeline.scans() == []
    assert len(pipeline.notifications()) == 1
    assert [each["result"] for each in run.output] == ["skipped"]


def test_an_image_that_cannot_be_scanned_by_hand_is_neither_recorded_nor_withheld_from_others(
    pipeline: Pipeline,
) -> None:
    (answer,) = by_hand(pipeline, GONE).output
    assert answer["result"] == "skipped"
    assert "not found in its ECR repository" in answer["reason"]
    assert (pipeline.items(), pipeline.notifications(), pipeline.scans()) == ([], [], [])
    pipeline.announce(GONE, service="web")
    (message,) = pipeline.notifications()
    assert (message["verdict"], services(message)) == ("UNSCANNABLE", ["web:1"])


@pytest.mark.parametrize("force", [True, False])
def test_a_scan_by_hand_beside_a_running_scan_is_answered_by_it(
    pipeline: Pipeline, force: bool
) -> None:
    pipeline.find(5)
    pipeline.announce(service="web")
    by_hand(pipeline, force=force)
    by_hand(pipeline, force=force)
    assert [verdict(run) for run in pipeline.scans()] == ["FINDINGS"]
    (message,) = pipeline.notifications()
    assert services(message) == ["web:1"]
    assert message["requested_by"] == [OPERATOR]


def test_each_who_asks_is_named(pipeline: Pipeline) -> None:
    pipeline.find(5)
    askers = [f"arn:aws:iam::{ACCOUNT}:user/operator.{number}" for number in range(3)]
    for asker in askers:
        asked = scan.request(URI, ACCOUNT, REGION, asker, force=True)
        assert pipeline.intake(asked).status == "SUCCEEDED"
    (run,) = pipeline.scans()
    assert verdict(run) == "FINDINGS"
    (message,) = pipeline.notifications()
    assert message["requested_by"] == askers
