"""What ECS reports of tasks: what runs is seen though nobody called, and where it runs is known."""

import json
from collections.abc import Iterator

import pytest

from sandbox.install import Install

from .conftest import CLUSTER, CRITICAL, Json, Workload


@pytest.fixture
def unseen_calls(install: Install) -> Iterator[None]:
    """CloudTrail logs nothing, so that no call is an event."""
    trail, name = install.client("cloudtrail"), install.outputs["trail"]["arn"]
    trail.stop_logging(Name=name)
    yield
    trail.start_logging(Name=name)


def rows(install: Install, workload: Workload) -> list[Json]:
    return [row for row in install.inventory() if row["digest"] == workload.key]


def test_a_rollback_without_any_call_is_seen(
    install: Install, workload: Workload, unseen_calls: None
) -> None:
    workload.find(CRITICAL)
    workload.deploy()
    assert workload.verdict()["status"] == "FINDINGS"
    (sent,) = install.notifications()
    assert [entry["service"] for entry in sent["workloads"]] == [workload.name]
    (row,) = rows(install, workload)
    assert (row["state"], row["service"], row["cluster"]) == ("running", workload.name, CLUSTER)
    assert "principal" not in row, "nobody is named"


def test_a_call_and_its_tasks_are_one_scan_and_one_notification(
    install: Install, workload: Workload
) -> None:
    workload.find(CRITICAL)
    workload.deploy()
    assert len(workload.scans()) == 1
    sent = install.notifications()
    assert [entry["service"] for each in sent for entry in each["workloads"]] == [workload.name]
    registered = [entry for each in sent for entry in each["registered"]]
    assert len(registered) <= 1, "only where it was judged before the service came"
    (row,) = rows(install, workload)
    assert row["state"] == "running"
    assert row["principal"] == install.deployer.arn


def test_scaling_out_costs_no_scan_and_leaves_the_inventory_as_it_is(
    install: Install, workload: Workload
) -> None:
    workload.find(CRITICAL)
    workload.deploy()
    install.notifications()
    before, scans = rows(install, workload), len(install.scans())
    calls = install.qualys.control.counts()
    install.ecs.update_service(cluster=CLUSTER, service=workload.name, desiredCount=30)
    install.wait_until_idle()
    assert len(install.scans()) == scans
    assert install.qualys.control.counts() == calls
    assert install.notifications() == []
    (row,) = rows(install, workload)
    assert {**row, "last_seen": 0} == {**before[0], "last_seen": 0}

    install.ecs.update_service(cluster=CLUSTER, service=workload.name, desiredCount=0)
    install.wait_until_idle()
    (row,) = rows(install, workload)
    assert row["state"] == "stopped"
    assert row["ttl"] == row["stopped_at"] + 30 * 86_400
    assert install.failed_events() == []


def test_a_new_version_runs_where_the_old_one_has_stopped(
    install: Install, workload: Workload
) -> None:
    workload.deploy()
    second = workload.push("second", tag="2")
    install.ecs.update_service(
        cluster=CLUSTER, service=workload.name, taskDefinition=workload.register(second.by_tag)
    )
    install.wait_until_idle()
    states = {row["digest"]: row["state"] for row in install.inventory()}
    assert (states[workload.key], states[second.digest]) == ("stopped", "running")


def test_a_task_that_says_too_little_is_kept(install: Install, workload: Workload) -> None:
    event = {
        "source": "aws.ecs",
        "detail-type": "ECS Task State Change",
        "account": "111111111111",
        "region": "us-east-1",
        "detail": {"lastStatus": "RUNNING", "desiredStatus": "RUNNING", "containers": []},
    }
    install.client("stepfunctions").start_execution(
        stateMachineArn=install.outputs["intake_state_machine_arn"], input=json.dumps(event)
    )
    install.wait_until_idle()
    (kept,) = install.failed_events()
    assert (kept["error"], kept["body"]) == ("MalformedEvent", event)
