"""What fails around the gate, and the answer to ECS then: one test each, in both modes.

What ECS itself does where it gets no answer is in tests/sandbox/test_service_deployments.py.
"""

from __future__ import annotations

import json
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from image_scan.errors import AwsRejected, AwsUnavailable
from image_scan.gate import connect, hook
from image_scan.handlers import deployment_gate
from tests.support.builders import NOW
from tests.support.fake_services import DAY
from tests.unit.gate.conftest import APP, details

if TYPE_CHECKING:
    from tests.unit.gate.conftest import World

HOUR = 3600


def statuses(world: World, event: Any) -> list[str]:
    """Returns the answers in audit mode, and in enforce mode that allows or blocks."""
    found = []
    for mode, on_undecided in (("audit", "block"), ("enforce", "allow"), ("enforce", "block")):
        world.set(mode, on_undecided)
        found.append(world.answer(event)["hookStatus"])
    return found


def test_our_code_raises(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    event = world.ecs.deploy({"app": APP})

    def broken(*_: object) -> None:
        raise KeyError("a mistake of ours")

    monkeypatch.setattr("image_scan.gate.decision.decide", broken)
    world.ecr.push("shop/app", "1")
    assert statuses(world, event) == ["SUCCEEDED", "SUCCEEDED", "FAILED"]
    assert details(world.answer(event))["reasons"] == ["the gate failed: KeyError"]


@pytest.mark.parametrize("event", [None, {}, {"lifecycleStage": "PRE_SCALE_UP"}, ["x"], 7])
def test_the_event_has_no_known_form(world: World, event: Any) -> None:
    assert statuses(world, event) == ["SUCCEEDED", "SUCCEEDED", "FAILED"]


def test_the_environment_is_broken(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: 30_000)
    environment.setenv("GATE_MODE", "audit")
    assert deployment_gate.handler({}, context)["hookStatus"] == "SUCCEEDED"
    environment.setenv("GATE_MODE", "enforce")
    assert deployment_gate.handler({}, context)["hookStatus"] == "FAILED"
    environment.setenv("GATE_ON_UNDECIDED", "allow")
    assert deployment_gate.handler({}, context)["hookStatus"] == "SUCCEEDED"
    for name in ("GATE_MODE", "GATE_ON_UNDECIDED"):
        environment.delenv(name)
    assert deployment_gate.handler({}, context)["hookStatus"] == "FAILED"
    assert '"GateErrors"' in capsys.readouterr().out


def test_not_even_the_name_of_the_installation_is_known(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("NAME_PREFIX")
    environment.setenv("GATE_MODE", "audit")
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: 30_000)
    assert deployment_gate.handler({}, context)["hookStatus"] == "SUCCEEDED"


@pytest.mark.parametrize(
    "policy", ['{"min_severity": "urgent"}', '{"severity": "high"}', "[]", "high"]
)
def test_the_policy_cannot_be_read(environment: pytest.MonkeyPatch, policy: str) -> None:
    settings = {
        "GATE_MODE": "enforce",
        "GATE_ON_UNDECIDED": "block",
        "GATE_DEADLINE_MINUTES": "60",
        "GATE_ROLLBACK_DAYS": "7",
        "INTAKE_STATE_MACHINE_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:intake",
    }
    for name, value in settings.items():
        environment.setenv(name, value)
    environment.setenv("GATE_POLICY", json.dumps({"min_severity": "low"}))
    assert connect.gate().rules.policy.min_severity == "low"
    environment.setenv("GATE_POLICY", policy)
    context = SimpleNamespace(get_remaining_time_in_millis=lambda: 30_000)
    assert deployment_gate.handler({}, context)["hookStatus"] == "FAILED"


def test_aws_hangs(world: World) -> None:
    release = threading.Event()
    event = world.ecs.deploy({"app": APP})
    world.ecs.describe_service_revisions = lambda **_: release.wait(60)  # type: ignore[method-assign]
    for mode, status in (("audit", "SUCCEEDED"), ("enforce", "IN_PROGRESS")):
        world.set(mode)
        fallback = (mode == "audit", False)
        assert hook.respond(event, lambda: world.gate, fallback, 3.2)["hookStatus"] == status
    release.set()


def test_an_announcement_hangs(world: World) -> None:
    """A block stays a block."""
    release = threading.Event()
    world.set("enforce", "allow")
    world.know(world.ecr.push("shop/app", "1"), "FINDINGS")
    event = world.ecs.deploy({"app": APP})
    world.announced = SimpleNamespace(append=lambda _: release.wait(60))  # type: ignore[assignment]
    answer = hook.respond(event, lambda: world.gate, (False, True), 5)
    assert answer["hookStatus"] == "FAILED"
    release.set()


def test_ecs_throttles_until_the_deadline(world: World) -> None:
    """And longer: ECS ends the hook ten minutes later, as `on_undecided` says. As soon as it
    answers, the deadline counts."""
    world.ecr.push("shop/app", "1")
    event = world.ecs.deploy({"app": APP})
    world.ecs.trouble["DescribeServiceRevisions"] = AwsUnavailable("ecs: ThrottlingException")
    assert statuses(world, event) == ["SUCCEEDED", "IN_PROGRESS", "IN_PROGRESS"]
    first = world.answer(event)
    world.clock.now += HOUR
    answer = world.again(event, first)
    assert answer["hookStatus"] == "IN_PROGRESS"
    world.ecs.trouble.clear()
    assert world.again(event, answer)["hookStatus"] == "FAILED"
    assert world.announced[-1].images[0].why == "no verdict in time"


def test_the_role_of_the_gate_lacks_a_permission(world: World) -> None:
    event = world.ecs.deploy({"app": APP})
    world.ecs.trouble["DescribeServiceRevisions"] = AwsRejected("ecs: AccessDenied")
    assert statuses(world, event) == ["SUCCEEDED", "SUCCEEDED", "FAILED"]


def test_ecr_is_down(world: World) -> None:
    from botocore.exceptions import EndpointConnectionError  # noqa: PLC0415

    world.ecr.push("shop/app", "1")
    event = world.ecs.deploy({"app": APP})
    world.ecr.troubles["shop/app"] = EndpointConnectionError(endpoint_url="https://ecr")
    world.set("audit")
    assert world.answer(event)["hookStatus"] == "SUCCEEDED"
    world.set("enforce", "allow")
    assert world.answer(event)["hookStatus"] == "IN_PROGRESS"


def test_qualys_is_down(world: World) -> None:
    """No verdict comes: undecided at the deadline, and no sooner."""
    world.ecr.push("shop/app", "1")
    event = world.ecs.deploy({"app": APP})
    first = world.answer(event)
    world.clock.now += HOUR - 1
    assert world.again(event, first)["hookStatus"] == "IN_PROGRESS"
    world.clock.now += 1
    late = world.again(event, first)
    assert (late["hookStatus"], details(late)["decision"]) == ("FAILED", "undecided")
    assert details(late)["reasons"] == [f"{APP}: its scan did not end in time"]
    world.set(on_undecided="allow")
    assert world.again(event, first)["hookStatus"] == "SUCCEEDED"


def test_the_whole_installation_is_down(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the tables nor the intake answer: the gate waits, and ECS ends it."""
    digest = world.ecr.push("shop/app", "1")
    world.know(digest, "FINDINGS")
    event = world.ecs.deploy({"app": APP})

    def down(*_: object) -> None:
        raise AwsUnavailable("dynamodb:GetItem: no answer")

    monkeypatch.setattr(world.table, "get", down)
    assert statuses(world, event) == ["SUCCEEDED", "IN_PROGRESS", "IN_PROGRESS"]
    first = world.answer(event)
    world.clock.now += HOUR
    assert world.again(event, first)["hookStatus"] == "IN_PROGRESS"


def test_the_intake_refuses_the_request(world: World) -> None:
    world.ecr.push("shop/app", "1")
    event = world.ecs.deploy({"app": APP})

    def refuse(_event: object) -> None:
        raise AwsUnavailable("states:StartExecution: throttled")

    world.asked = SimpleNamespace(append=refuse)  # type: ignore[assignment]
    first = world.answer(event)
    assert first["hookStatus"] == "IN_PROGRESS"
    assert details(first)["asked"] == []
    world.asked = []
    world.again(event, first)
    assert len(world.asked) == 1


def test_a_request_for_a_scan_is_lost(world: World) -> None:
    """The intake failed after it had taken the request, so no verdict comes: it is asked again."""
    digest = world.ecr.push("shop/app", "1")
    event = world.ecs.deploy({"app": APP})
    answer = world.answer(event)
    for _ in range(10):
        world.clock.now += 30
        answer = world.again(event, answer)
    assert len(world.asked) == 2
    assert world.asked[0]["id"] == world.asked[1]["id"], "so a scan that runs is not repeated"
    world.clock.now += 30
    assert details(world.again(event, answer))["asked"] == [digest]
    assert len(world.asked) == 2


def test_a_decision_cannot_be_announced(world: World) -> None:
    world.know(world.ecr.push("shop/app", "1"))
    event = world.ecs.deploy({"app": APP})
    world.announced = SimpleNamespace(append=lambda _: 1 // 0)  # type: ignore[assignment]
    assert world.answer(event)["hookStatus"] == "SUCCEEDED"


def test_the_tag_is_pointed_at_another_image_after_the_gate(world: World) -> None:
    """What ECS has pulled decides after scale-up, not what was admitted before."""
    world.know(world.ecr.push("shop/app", "1"))
    event = world.ecs.deploy({"app": APP})
    assert world.answer(event)["hookStatus"] == "SUCCEEDED"
    bad = world.ecr.push("shop/app", "1", config="b" * 64)
    world.know(bad, "FINDINGS")
    world.ecs.pull(event["executionDetails"]["targetServiceRevisionArn"], {"app": bad})
    late = {**event, "lifecycleStage": "POST_SCALE_UP"}
    assert world.answer(late)["hookStatus"] == "FAILED"
    world.ecr.push("shop/app", "1")  # and back again: what runs is still the other one
    assert world.answer(late)["hookStatus"] == "FAILED"


def test_the_image_after_the_gate_was_never_scanned(world: World) -> None:
    world.know(world.ecr.push("shop/app", "1"))
    event = world.ecs.deploy({"app": APP})
    other = world.ecr.push("shop/app", "1", config="b" * 64)
    world.ecs.pull(event["executionDetails"]["targetServiceRevisionArn"], {"app": other})
    late = world.answer({**event, "lifecycleStage": "POST_SCALE_UP"})
    assert late["hookStatus"] == "IN_PROGRESS"
    assert [each["detail"]["image"] for each in world.asked] == [f"{APP}@{other}"]


@pytest.mark.parametrize(("days", "status"), [(6, "SUCCEEDED"), (8, "FAILED")])
def test_an_emergency_needs_the_image_of_last_week(world: World, days: int, status: str) -> None:
    """It ran until another replaced it, so many days ago."""
    old = world.ecr.push("shop/app", "1")
    new = world.ecr.push("shop/app", "2", config="b" * 64)
    world.know(old, "FINDINGS")
    world.ecs.deploy({"app": APP}, at=NOW - 60 * DAY, status="SUCCESSFUL", digests={"app": old})
    between = {"app": f"{APP[:-1]}2"}
    replaced = NOW - days * DAY
    world.ecs.deploy(between, at=replaced, status="SUCCESSFUL", digests={"app": new})
    event = world.ecs.deploy({"app": APP}, running=[[*world.ecs.revisions][-1]])
    assert world.answer(event)["hookStatus"] == status


def test_an_emergency_needs_an_image_that_never_ran(world: World) -> None:
    """Break-glass: for a time, and loud."""
    world.know(world.ecr.push("shop/app", "1"), "FINDINGS")
    event = world.ecs.deploy({"app": APP})
    world.ecs.tags["image-scan-gate"] = "bypass-until:2026-02-03T00:00:00Z"
    assert world.answer(event)["hookStatus"] == "SUCCEEDED"
    (announced,) = world.announced
    assert (announced.result, announced.bypass_until) == ("block", "2026-02-03T00:00:00+00:00")
    for value in ("bypass-until:2026-03-03T00:00:00Z", "bypass-until:2026-02-01T00:00:00Z", "yes"):
        world.ecs.tags["image-scan-gate"] = value
        assert world.answer(event)["hookStatus"] == "FAILED"


def test_an_emergency_while_the_gate_itself_fails(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = world.ecs.deploy({"app": APP})
    world.ecr.push("shop/app", "1")
    world.ecs.tags["image-scan-gate"] = "bypass-until:2026-02-03T00:00:00Z"

    def down(*_: object) -> None:
        raise AwsUnavailable("dynamodb:GetItem: no answer")

    monkeypatch.setattr(world.table, "get", down)
    assert world.answer(event)["hookStatus"] == "SUCCEEDED"
    assert world.announced[0].bypass_until


def test_the_revision_is_not_to_be_seen_yet(world: World) -> None:
    """ECS calls the hook before its own read model knows the revision."""
    world.know(world.ecr.push("shop/app", "1"))
    event = world.ecs.deploy({"app": APP})
    known = dict(world.ecs.revisions)
    world.ecs.revisions.clear()
    first = world.answer(event)
    assert first["hookStatus"] == "IN_PROGRESS"
    world.ecs.revisions |= known
    assert world.again(event, first)["hookStatus"] == "SUCCEEDED"
