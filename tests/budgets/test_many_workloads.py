"""One image in hundreds of services: one scan, each notified once, and no item grows with them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.dynamodb.models import table

from tests.support import tables
from tests.support.environments import aws_client
from tests.support.pipeline import Pipeline, ended

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

SERVICES = 300
MOST = 100  # workloads of one message
LARGEST = 30_000  # bytes of one item
PAGE = 100_000  # bytes of an answer; DynamoDB has ten times as much, as thousands of services have


def items() -> Iterator[dict[str, Any]]:
    for name in (tables.CACHE, tables.INVENTORY, tables.STATE):
        for page in aws_client("dynamodb").get_paginator("scan").paginate(TableName=name):
            yield from page["Items"]


def named(messages: list[dict[str, Any]]) -> list[str]:
    return [
        workload["task_definition"].split("/")[-1].split(":")[0]
        for message in messages
        for workload in message["workloads"]
    ]


def test_many_services_on_one_new_digest(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "RESULT_SIZE_LIMIT", PAGE)
    digest = pipeline.push()
    pipeline.find(5)
    services = [f"service-{number:04}" for number in range(SERVICES)]
    for service in services:
        pipeline.announce(service=service)
    (run,) = pipeline.scans()
    assert ended(run) == ("FINDINGS", "")
    sent = pipeline.notifications()
    assert {message["workloads_total"] for message in sent} == {MOST}
    assert sorted(named(sent)) == services
    found = list(items())
    assert len([each for each in found if each.get("digest", {}).get("S") == digest]) > SERVICES - 1
    assert max(len(json.dumps(each)) for each in found) < LARGEST

    pipeline.announce(service="late")
    assert pipeline.scans() == []
    assert named(pipeline.notifications()[len(sent) :]) == ["late"]
    pipeline.announce(service="late")
    assert len(pipeline.notifications()) == len(sent) + 1
