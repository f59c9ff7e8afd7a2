"""What ECS reports of tasks: what runs is seen though nobody called, and where it runs is known."""

import json
from collections.abc import Iterator

import pytest

from sandbox.installation import Installation

from .conftest import CLUSTER, CRITICAL, Json, Workload


@pytest.fixture
def unseen_calls(installation: Installation) -> Iterator[None]:
    """CloudTrail logs nothing, so that no call is an event."""
    trail, name = installation.client("cloudtrail"), installation.outputs["trail"]["arn"]
    trail.stop_logging(Name=name)
    yield
    trail.start_logging(Name=name)


def rows(installation: Installation, workload: Workload) -> list[Json]:
    return [row for row in installation.inventory() if row["digest"] == workload.key]


def test_a_rollback_without_any_call_is_seen(
    installation: Installation, workload: Workload, unseen_calls: None
) -> None:
    workload.find(CRITICAL)
    workload.deploy()
    assert workload.verdict()["status"] == "FINDINGS"
    (sent,) = installation.notifications()
    assert [entry["service"] for entry in sent["workloads"]] == [workload.name]
    (row,) = rows(installation, workload)
    assert (row["state"], row["service"], row["cluster"]) == ("running", workload.name, CLUSTER)
    assert "principal" not in row, "nobody is named"


def test_a_call_and_its_tasks_are_one_scan_and_one_notification(
    installation: Installation, workload: Workload
) -> None:
    workload.find(CRITICAL)
    workload.deploy()
    assert len(workload.scans()) == 1
    sent = installation.notifications()
    assert [entry["service"] for each in sent for entry in each["workloads"]] == [workload.name]
    registered = [entry for each in sent for entry in each["registered"]]
    assert len(registered) <= 1, "only where it was judged before the service came"
    (row,) = rows(installation, workload)
    assert row["state"] == "running"
    assert row["principal"] == installation.deployer.arn


def test_scaling_out_costs_no_scan_and_leaves_the_inventory_as_it_is(
    installation: Installation, workload: Workload
) -> None:
    workload.find(CRITICAL)
    workload.deploy()
    installation.notifications()
    before, scans = rows(installation, workload), len(installation.scans())
    calls = installation.qualys.control.counts()
    installation.ecs.update_service(cluster=CLUSTER, service=workload.name, desiredCount=30)
    installation.wait_until_idle()
    assert len(installation.scans()) == scans
    assert installation.qualys.control.counts() == calls
    assert installation.notifications() == []
    (row,) = rows(installation, workload)
    assert {**row, "last_seen": 0} == {**before[0], "last_seen": 0}

    installation.ecs.update_service(cluster=CLUSTER, service=workload.name, desiredCount=0)
    installation.wait_until_idle()
    (row,) = rows(installation, workload)
    assert row["state"] == "stopped"
    assert row["ttl"] == row["stopped_at"] + 30 * 86_400
    assert installation.failed_events() == []


def test_a_new_version_runs_where_the_old_one_has_stopped(
    installation: Installation, workload: Workload
) -> None:
    workload.deploy()
    second = workload.push("second", tag="2")
    installation.ecs.update_service(
        cluster=CLUSTER, service=workload.name, taskDefinition=workload.register(second.by_tag)
    )
    installation.wait_until_idle()
    states = {row["digest"]: row["state"] for row in installation.inventory()}
    assert (states[workload.key], states[second.digest]) == ("stopped", "running")


def test_a_task_that_says_too_little_is_queued(
    installation: Installation, workload: Workload
) -> None:
    event = {
        "source": "aws.ecs",
        "detail-type": "ECS Task State Change",
        "account": "111111111111",
        "region": "us-east-1",
        "detail": {"lastStatus": "RUNNING", "desiredStatus": "RUNNING", "containers": []},
    }
    installation.client("stepfunctions").start_execution(
        stateMachineArn=installation.outputs["intake_state_machine_arn"], input=json.dumps(event)
    )
    installation.wait_until_idle()
    (queued,) = installation.failed_events()
    assert (queued["error"], queued["body"]) == ("MalformedEvent", event)
