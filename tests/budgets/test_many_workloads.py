"""One image in many services: one scan, one message that names them, and nobody forgotten."""

from tests.support import tables
from tests.support.builders import DIGEST
from tests.support.environments import aws_client
from tests.support.pipeline import Pipeline, ended

SERVICES = 120  # a message names a hundred


def test_many_services_on_one_digest(pipeline: Pipeline) -> None:
    digest = pipeline.push()
    pipeline.find(5)
    for number in range(SERVICES):
        pipeline.announce(service=f"service-{number:03}")
    (run,) = pipeline.scans()
    assert ended(run) == ("FINDINGS", "")
    (sent,) = pipeline.notifications()
    assert sent["workloads_total"] == SERVICES
    assert digest != DIGEST
    found = aws_client("dynamodb").get_paginator("scan").paginate(TableName=tables.INVENTORY)
    rows = [row for page in found for row in page["Items"] if row["digest"]["S"] == digest]
    assert len(rows) == SERVICES

    pipeline.announce(service="late")
    assert pipeline.scans() == []
    late = pipeline.notifications()[1:]
    assert [
        [workload["task_definition"].split("/")[-1] for workload in each["workloads"]]
        for each in late
    ] == [["late:1"]]
    pipeline.announce(service="late")
    assert len(pipeline.notifications()) == 2
