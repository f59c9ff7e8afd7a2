"""Flaws F21 to F24d: which events that tool took wrongly, lost, or stored too much of."""

import json
from typing import Any

import pytest

from image_scan.cache.leases import ScanCache
from image_scan.errors import MalformedEvent
from image_scan.events import api_calls, deployments
from tests.support import definitions
from tests.support.builders import EVENTS, LEASE, event, image, scan_input, taken
from tests.support.doubles import OneAccount
from tests.support.fake_ecr import FakeEcr


def read(recorded: dict[str, Any], ecr: FakeEcr) -> Any:
    class Ecs:
        asked: list[str] = []  # noqa: RUF012 - one test's own

        def describe_task_definition(self, taskDefinition: str) -> Any:  # noqa: N803
            self.asked.append(taskDefinition)
            return {"taskDefinition": {"containerDefinitions": [{"name": "c", "image": "nginx"}]}}

    ecs = Ecs()
    return deployments.read(recorded, OneAccount(lambda _: ecs, lambda _: ecr)), ecs.asked


@pytest.mark.parametrize("name", ["register_denied", "create_service_failed", "run_task_failed"])
def test_f21_a_refused_call_is_no_deployment(name: str, ecr: FakeEcr) -> None:
    """Its empty answer crashed the parser, three times over."""
    parsed, asked = read(event(name), ecr)
    assert (parsed["images"], asked) == ([], [])
    assert parsed["skipped"] == "the call failed"


@pytest.mark.parametrize(
    "name",
    [
        "update_service_scaling_only",
        "update_service_auto_scaling",
        "update_service_scaling_written_out",
        "update_service_scaling_without_answer",
        "update_express_service_scaling",
    ],
)
def test_f22_scaling_is_no_deployment(name: str, ecr: FakeEcr) -> None:
    """Each change of the number of tasks started a full execution."""
    parsed, asked = read(event(name), ecr)
    assert (parsed["images"], asked) == ([], [])
    assert parsed["skipped"] == "starts no deployment"


@pytest.mark.parametrize(
    "name", ["update_service_force_new_deployment", "update_service_forced_and_scaled"]
)
def test_f22_a_forced_deployment_is_one(name: str, ecr: FakeEcr) -> None:
    """It is how users of moving tags roll: a new image without a new task definition."""
    parsed, asked = read(event(name), ecr)
    assert parsed["images"]
    assert len(asked) == 1


def test_f23_a_task_is_known_by_what_was_answered() -> None:
    """The request may name a bare family, described when it has newer revisions already."""
    recorded = event("run_task")
    recorded["detail"]["requestParameters"]["taskDefinition"] = "family-only"
    parsed = api_calls.parse(recorded)
    assert parsed.containers
    assert parsed.deployment["task_definition"].startswith("arn:")
    without = api_calls.parse(event("run_task_without_images"))
    assert without.task_definition.startswith("arn:")


def test_f23_a_task_without_capacity_is_no_deployment() -> None:
    assert api_calls.parse(event("run_task_unplaced")).skipped == "no task was placed"


@pytest.mark.parametrize("path", sorted(EVENTS.glob("*.json")), ids=lambda path: path.stem)
def test_f24_nothing_that_containers_carry_goes_on(path: Any, ecr: FakeEcr) -> None:
    """Environment values and commands lay in execution histories for ninety days."""
    recorded = json.loads(path.read_text())["event"]
    try:
        parsed, _ = read(recorded, ecr)
    except MalformedEvent:
        return
    text = json.dumps(parsed)
    for carried in ("environment", "command", "not-for-the-log", "hunter2"):
        assert carried not in text


def test_f24_the_machine_that_sees_the_whole_event_keeps_no_history() -> None:
    source = (definitions.FOLDER / "state_machines.tf").read_text()
    intake = source[source.index('"aws_sfn_state_machine" "intake"') :]
    intake = intake[: intake.index("\n}\n")]
    assert "type " in intake
    assert '"EXPRESS"' in intake
    assert "include_execution_data = false" in intake


@pytest.mark.parametrize(
    "name",
    ["run_task_omitted_answer", "update_service_omitted_answer"],
)
def test_f24_what_cloudtrail_left_out_is_looked_up(name: str, ecr: FakeEcr) -> None:
    """Large definitions were lost, with no queue to show it."""
    parsed, asked = read(event(name), ecr)
    assert asked
    assert parsed["images"]


def test_f24b_what_a_call_does_not_name_is_read_from_its_tasks(ecr: FakeEcr) -> None:
    """CodeDeploy's task sets, rollbacks and schedules were never seen."""
    parsed, _ = read(event("create_service_code_deploy"), ecr)
    assert parsed["images"] == []
    assert parsed["skipped"]
    parsed, _ = read(event("task_running_by_tag"), ecr)
    (found,) = parsed["images"]
    assert found["uri"].endswith("/shop/app:7@sha256:" + "5c" * 32)


def test_f24c_registering_and_updating_is_one_scan(cache: ScanCache) -> None:
    """The cache was filled at the end only: a rollout of 200 services was 200 forced scans."""
    taken(cache.decide(scan_input("register", event_name="RegisterTaskDefinition"), LEASE, {}))
    decisions = [
        cache.decide(scan_input(f"event-{number}", service=f"service-{number}"), LEASE, {})
        for number in range(40)
    ]
    assert [each["decision"] for each in decisions] == ["skip"] * 40


def test_f24d_an_image_that_is_registered_before_its_push_fails_nothing(cache: ScanCache) -> None:
    """It was submitted, never found, and timed out in silence."""
    absent = image(digest="", key="123456789012/us-east-1/shop/app:2", unscannable="not found")
    registered = scan_input("register", of=absent, event_name="RegisterTaskDefinition")
    assert cache.decide(registered, LEASE, {})["decision"] == "skip"
    # Once it is pushed and run, it has a digest and is scanned.
    taken(cache.decide(scan_input("run"), LEASE, {}))


@pytest.mark.parametrize(
    "name", ["task_running_with_agent", "run_task_with_agent", "register_omitted_answer"]
)
def test_what_an_event_says_is_not_asked_of_ecs(name: str, ecr: FakeEcr) -> None:
    """One agent without an image had the task definition described, at each start and stop."""
    parsed, asked = read(event(name), ecr)
    assert [each["uri"].split("/", 1)[1][:8] for each in parsed["images"]] == ["shop/app"]
    assert asked == []
