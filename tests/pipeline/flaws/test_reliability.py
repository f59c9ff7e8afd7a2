"""Flaws F32 to F32j: how that tool lost work, alerts and failures."""

import json
import re
from typing import Any, NoReturn

import pytest
import responses

from image_scan.cache.leases import ScanCache
from image_scan.qualys.client import QualysClient
from image_scan.scans import registries, results, schedules
from image_scan.scans.registries import RegistryRole
from image_scan.state.registries import RegistryCache
from tests.support import definitions
from tests.support.builders import (
    ACCOUNT,
    API,
    CRITICAL,
    HOST,
    LEASE,
    REGISTRY,
    ROLE,
    SHA,
    STATUS,
    finding,
    image,
    listed,
    recorded,
    scan_input,
    schedule,
    taken,
)
from tests.support.core import Core

JOBS = f"{API}/registry/reg-1/schedule"
TERRAFORM = sorted(definitions.REPOSITORY.glob("modules/**/*.tf"))


def refuse(*_: Any) -> NoReturn:
    raise RuntimeError("SNS is down")


@pytest.mark.held("the other images of a task")
def test_f32_a_failing_image_stops_no_sibling() -> None:
    """Three tasks had no Catch, and the tolerance field does nothing in an inline map."""
    machine = definitions.definition("intake")["States"]["ScanImages"]
    assert "ToleratedFailurePercentage" not in machine
    for name, state in machine["ItemProcessor"]["States"].items():
        if state["Type"] == "Task":
            assert state["Catch"][-1] == {
                "ErrorEquals": ["States.ALL"],
                "Output": state["Catch"][-1]["Output"],
                "Next": "ImageFailed",
            }, name


def test_f32_every_task_of_the_scan_has_a_catch_that_notifies() -> None:
    states = definitions.tasks("scan")
    for name in ("GetRegistry", "SubmitScan", "CheckStatus", "GetResults"):
        assert states[name]["Catch"][-1]["Next"] == "ScanFailed", name
    assert definitions.states("scan")["ScanFailed"]["Next"] == "SendFailureNotification"


def test_f32b_no_workload_is_marked_before_it_is_notified(core: Core) -> None:
    """With SNS down, the alert was lost behind a cache hit."""
    lease = taken(core.event(scan_input()))
    core.sent.error = RuntimeError("SNS is down")
    with pytest.raises(RuntimeError):
        core.end(lease, CRITICAL)
    assert "notified_of" not in core.workloads()["web"]
    core.sent.error = None
    core.end(lease, CRITICAL)
    assert core.sent.services() == [["web"]]


def test_f32c_a_scan_without_a_result_ends_as_a_failure() -> None:
    """All executions succeeded, and no metric could see one that had not."""
    states = definitions.states("scan")
    assert states["ScanNotCompleted"]["Type"] == "Fail"
    assert states["ScanQueued"]["Type"] == "Fail"
    assert definitions.states("intake")["EventFailed"]["Type"] == "Fail"
    alarms = (definitions.FOLDER / "alarms.tf").read_text()
    for metric in ("ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"):
        assert metric in alarms


def test_f32d_a_throttled_function_is_tried_again() -> None:
    """A burst of deployments throttled the parser, which had no Catch and few retries."""
    for machine in definitions.MACHINES:
        for name, state in definitions.tasks(machine).items():
            if definitions.function(state):
                retried = {error for each in state["Retry"] for error in each["ErrorEquals"]}
                assert "Lambda.TooManyRequestsException" in retried, name
    source = "".join(path.read_text() for path in TERRAFORM)
    assert "reserved_concurrent_executions" not in source


def test_f32e_a_second_try_creates_no_second_connector(
    registry_cache: RegistryCache, qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    """Names were time stamps: a retry after a timeout made another."""
    for _ in range(2):
        answers.get(f"{API}/registry", status=204)
    answers.get(f"{API}/registry/aws/connectors/{ACCOUNT}", json=[{"arn": ROLE}])
    answers.post(f"{API}/registry", status=201)
    row = {"registryUuid": "reg-1", "registryUri": f"https://{HOST}"}
    answers.get(f"{API}/registry", json=listed(row))
    registries.find_or_create(image(), RegistryRole(ROLE), qualys, registry_cache)
    posts = [call.request.path_url for call in answers.calls if call.request.method == "POST"]
    assert posts == ["/csapi/v1.3/registry"]


def test_f32f_an_empty_answer_submits_no_second_scan(
    registry_cache: RegistryCache, qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    """It raised, and Step Functions submitted three more forced scans."""
    answers.post(JOBS, status=200, body="")
    answers.get(JOBS, json=listed(schedule("Queued")))
    schedules.submit(image(), REGISTRY, "scan-1", False, qualys, registry_cache)
    schedules.submit(image(), REGISTRY, "scan-1", True, qualys, registry_cache)
    assert len([call for call in answers.calls if call.request.method == "POST"]) == 1


def test_f32f_schedules_do_not_pile_up(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    answers.delete(f"{JOBS}/sched-1", status=204)
    submission: Any = {"schedule_uuid": "sched-1"}
    schedules.clear_away(REGISTRY, submission, qualys)
    assert len(answers.calls) == 1


def test_f32g_no_role_is_ever_changed() -> None:
    """It rewrote a trust policy and then did not wait for it."""
    sources = [*definitions.REPOSITORY.glob("functions/image_scan/**/*.py"), *TERRAFORM]
    for path in sources:
        assert not re.search(r"UpdateAssumeRolePolicy|update_assume_role", path.read_text()), path


def test_f32h_every_target_has_a_dead_letter_queue() -> None:
    """EventBridge gives up after a day, or at once on a permission, and nobody saw it."""
    targets = [
        block
        for path in TERRAFORM
        for block in re.findall(
            r'resource "aws_cloudwatch_event_target" .*?\n}\n', path.read_text(), re.DOTALL
        )
    ]
    assert len(targets) == 5
    assert all("dead_letter_config" in block for block in targets)


@pytest.mark.parametrize("status", [200, 201])
def test_f32i_created_is_created(
    registry_cache: RegistryCache,
    qualys: QualysClient,
    answers: responses.RequestsMock,
    status: int,
) -> None:
    """Only 200 counted: the documented 201 was a failure."""
    for _ in range(2):
        answers.get(f"{API}/registry", status=204)
    answers.get(f"{API}/registry/aws/connectors/{ACCOUNT}", status=204)
    answers.get(f"{API}/registry/aws-base", json={"externalId": 1})
    answers.post(f"{API}/registry/aws/connector", status=status)
    answers.post(f"{API}/registry", status=status)
    row = {"registryUuid": "reg-1", "registryUri": f"https://{HOST}"}
    answers.get(f"{API}/registry", json=listed(row))
    assert (
        registries.find_or_create(image(), RegistryRole(ROLE), qualys, registry_cache)["uuid"]
        == "reg-1"
    )


def test_f32j_fractions_in_an_answer_break_no_record(
    cache: ScanCache, qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    """DynamoDB refused raw floats, the error was swallowed, and the image rescanned for ever."""
    odd = finding(cvss3Info={"baseScore": 9.8}, qdsScore=65.5, title="t" * 10_000)
    answers.get(f"{API}/images/{SHA}/vuln", json={"details": [odd] * 500})
    outcome = results.fetch(image(), STATUS, qualys)
    lease = taken(cache.decide(scan_input(), LEASE, {}))
    recorded(cache, lease, outcome)
    assert len(json.dumps(outcome)) < 10_000
