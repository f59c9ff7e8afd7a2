"""Events that no deployment of ours would send are skipped, or queued whole, and never lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.builders import ACCOUNT, REGION

if TYPE_CHECKING:
    from tests.support.pipeline import Pipeline

Json = dict[str, Any]


def call(**detail: Any) -> Json:
    return {
        "id": "11111111-2222-3333-4444-555555555555",
        "source": "aws.ecs",
        "detail-type": "AWS API Call via CloudTrail",
        "account": ACCOUNT,
        "region": REGION,
        "detail": {"eventSource": "ecs.amazonaws.com", **detail},
    }


@pytest.mark.parametrize(
    "event",
    [
        call(eventName="ListClusters"),
        call(eventName="RunTask", errorCode="AccessDenied", responseElements=None),
        call(eventName="RunTask", responseElements={"tasks": [], "failures": [{"reason": "x"}]}),
        {"detail-type": "ECS Task State Change", "detail": {"lastStatus": "RUNNING"}},
        {**call(), "detail": {"eventSource": "ec2.amazonaws.com", "eventName": "RunInstances"}},
        {},
    ],
    ids=["other-call", "failed-call", "no-placement", "native", "other-service", "empty"],
)
def test_what_deploys_nothing_is_skipped(pipeline: Pipeline, event: Json) -> None:
    run = pipeline.intake(event)
    assert (run.status, run.visited[-1]) == ("SUCCEEDED", "NoImages")
    assert pipeline.scans() == []
    assert pipeline.failed_events() == []


@pytest.mark.parametrize(
    "event",
    [
        {**call(), "detail": None},
        call(eventName="RegisterTaskDefinition", responseElements=None, requestParameters=None),
        call(eventName="RunTask", responseElements={"tasks": "many"}),
        {"detail-type": "Image Scan Requested", "detail": {}},
    ],
    ids=["no-detail", "no-parts", "wrong-type", "no-image"],
)
def test_what_cannot_be_read_is_queued_whole(pipeline: Pipeline, event: Json) -> None:
    assert pipeline.intake(event).status == "FAILED"
    assert pipeline.failed_events() == [{**event, "error": "MalformedEvent"}]
