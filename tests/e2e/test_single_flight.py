"""One image is scanned once, and everybody who runs it is notified."""

import concurrent.futures
import json
import uuid

from sandbox.installation import Installation

from .conftest import CLUSTER, CRITICAL, Workload


def test_a_dozen_services_of_one_new_image_make_one_scan(
    installation: Installation, workload: Workload
) -> None:
    workload.find(CRITICAL)
    services = [f"{workload.name}-{number}" for number in range(12)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        arn = workload.register()
        list(
            pool.map(
                lambda name: installation.ecs.create_service(
                    cluster=CLUSTER, serviceName=name, taskDefinition=arn, desiredCount=1
                ),
                services,
            )
        )
    installation.wait_until_idle()
    assert installation.failed_events() == []
    assert len(workload.scans()) == 1
    sent = installation.notifications()
    assert {entry["service"] for each in sent for entry in each["workloads"]} >= set(services)
    workloads = [row for row in installation.inventory() if row["digest"] == workload.key]
    assert sorted(row["service"] for row in workloads) == sorted(services)
    assert {row["state"] for row in workloads} == {"running"}


def test_a_delivery_that_is_repeated_starts_no_second_scan(
    installation: Installation, workload: Workload
) -> None:
    event = {
        "id": str(uuid.uuid4()),
        "source": "aws.ecs",
        "detail-type": "AWS API Call via CloudTrail",
        "account": workload.pushed.registry.split(".")[0],
        "region": "us-east-1",
        "detail": {
            "eventSource": "ecs.amazonaws.com",
            "eventName": "RunTask",
            "responseElements": {
                "tasks": [
                    {
                        "taskDefinitionArn": "arn:aws:ecs:us-east-1:1:task-definition/x:1",
                        "containers": [{"name": "app", "image": workload.pushed.by_tag}],
                    }
                ]
            },
        },
    }
    states = installation.client("stepfunctions")
    for _ in range(3):
        states.start_execution(
            stateMachineArn=installation.outputs["intake_state_machine_arn"],
            input=json.dumps(event),
        )
    installation.wait_until_idle()
    assert len(workload.scans()) == 1
    assert workload.verdict()["status"] == "CLEAN"
    assert installation.failed_events() == []


def test_a_repeat_deployment_costs_no_transition_and_no_call_to_qualys(
    installation: Installation, workload: Workload
) -> None:
    workload.deploy()
    before, scans = installation.qualys.control.counts(), len(installation.scans())
    workload.deploy(service=f"{workload.name}-again")
    assert installation.qualys.control.counts() == before
    assert len(installation.scans()) == scans


def test_a_new_image_costs_ten_transitions_and_seven_calls_at_two_polls(
    installation: Installation, workload: Workload
) -> None:
    warm = workload.push("earlier", tag="earlier")
    workload.deploy(warm.by_tag, service=f"{workload.name}-warm")  # caches the registry
    workload.behave(scan_seconds=0.45)
    before = sum(installation.qualys.control.counts().values())
    workload.deploy()
    calls = sum(installation.qualys.control.counts().values()) - before
    states = installation.scan_states(workload.scans()[0]["executionArn"])
    polls = states.count("CheckStatus")
    assert len(states) <= 10 + 3 * (polls - 2)
    assert calls <= 7 + (polls - 2)
