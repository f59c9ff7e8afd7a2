"""Each decision is an event and counted; people are notified of what stops, or would, or passed."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest

from image_scan.errors import AwsUnavailable
from image_scan.gate import announcement
from image_scan.gate.announcement import Announcer
from tests.unit.gate.conftest import APP, details

if TYPE_CHECKING:
    from image_scan.notifications.result_events import ResultEvents
    from image_scan.notifications.topics import Notification, Topics
    from tests.unit.gate.conftest import World

Json = dict[str, Any]


class Bus:
    """The event bus and the topics, as far as an announcer uses them."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Json]] = []
        self.published: list[Notification] = []
        self.trouble: Exception | None = None

    def send(self, detail_type: str, content: Json) -> None:
        self.events.append((detail_type, content))

    def publish(self, notification: Notification) -> None:
        if self.trouble:
            raise self.trouble
        self.published.append(notification)

    @property
    def effects(self) -> list[str]:
        return [content["effect"] for _, content in self.events]


@pytest.fixture
def bus(world: World, monkeypatch: pytest.MonkeyPatch) -> Bus:
    """What the gate announces goes here."""
    bus = Bus()

    def announce(*what: Any) -> None:
        events, topics = cast("ResultEvents", bus), cast("Topics", bus)
        Announcer(events, lambda: topics).announce(*what)

    made = type(world).gate.fget  # type: ignore[attr-defined]
    monkeypatch.setattr(
        type(world), "gate", property(lambda self: replace(made(self), announce=announce))
    )
    return bus


def counted(printed: str, metric: str) -> int:
    lines = [json.loads(line) for line in printed.splitlines() if line.startswith('{"_aws"')]
    return sum(line.get(metric, 0) for line in lines)


def test_a_block_is_an_event_a_metric_and_a_notification(
    world: World, bus: Bus, capsys: pytest.CaptureFixture[str]
) -> None:
    digest = world.ecr.push("shop/app", "1")
    world.know(digest, "FINDINGS")
    event = world.ecs.deploy({"app": APP})
    world.answer(event)
    ((kind, content),) = bus.events
    assert kind == "Deployment Gate Decision"
    deployment = content.pop("deployment")
    assert deployment == {
        "arn": event["resourceArn"],
        "revision": event["executionDetails"]["targetServiceRevisionArn"],
        "account": "123456789012",
        "region": "us-east-1",
        "cluster": "prod",
        "service": "web",
        "task_definition": "arn:aws:ecs:us-east-1:123456789012:task-definition/web:1",
    }
    words = "1 high, and a list of them is not at hand"
    reason = f"{APP}: {words}"
    judged = {"uri": APP, "digest": digest, "decision": "block", "why": "findings"}
    assert content == {
        "schema": "image-scan/gate/1",
        "effect": "blocked",
        "decision": "block",
        "mode": "enforce",
        "stage": "PRE_SCALE_UP",
        "bypass_until": "",
        "reasons": [reason],
        "images": [{**judged, "reason": words}],
    }
    (sent,) = bus.published
    assert sent.subject == "Gate: web was blocked"
    assert f"Reason      {reason}" in sent.texts["people"]
    assert json.loads(sent.texts["machines"])["effect"] == "blocked"
    assert json.loads(sent.texts["chat"])["content"]["title"] == "Deployment gate: web was blocked"
    assert sent.attributes["effect"]["StringValue"] == "blocked"
    printed = capsys.readouterr().out
    assert '"Effect": "blocked"' in printed
    assert [counted(printed, name) for name in ("GateDecisions", "GateUndecided")] == [1, 0]
    assert '"GateUndecided": 0' in printed, "its average is the share of undecided deployments"


def test_nobody_is_notified_of_what_is_allowed(world: World, bus: Bus) -> None:
    world.know(world.ecr.push("shop/app", "1"))
    world.answer(world.ecs.deploy({"app": APP}))
    assert (bus.effects, bus.published) == (["allowed"], [])


def test_audit_says_what_it_would_have_blocked(world: World, bus: Bus) -> None:
    world.set("audit")
    world.know(world.ecr.push("shop/app", "1"), "FINDINGS")
    assert world.answer(world.ecs.deploy({"app": APP}))["hookStatus"] == "SUCCEEDED"
    assert bus.effects == ["would_block"]
    assert [each.subject for each in bus.published] == ["Gate: web would have been blocked"]


def test_a_bypass_is_never_silent(world: World, bus: Bus) -> None:
    world.know(world.ecr.push("shop/app", "1"), "FINDINGS")
    event = world.ecs.deploy({"app": APP})
    world.ecs.tags["image-scan-gate"] = "bypass-until:2026-02-03T00:00:00Z"
    answer = world.answer(event)
    forged = {"imageScanGate": {**details(answer), "stage": "PRE_SCALE_UP"}}
    world.answer({**event, "hookDetails": forged})
    assert bus.effects == ["bypassed", "bypassed"]
    assert len(bus.published) == 2
    assert "until 2026-02-03T00:00:00+00:00" in bus.published[0].texts["people"]


@pytest.mark.parametrize("on_undecided", ["allow", "block"])
def test_what_is_undecided_is_counted(
    world: World, bus: Bus, capsys: pytest.CaptureFixture[str], on_undecided: str
) -> None:
    world.set("enforce", on_undecided)
    world.answer(world.ecs.deploy({"agent": "public.ecr.aws/datadog/agent:7"}))
    assert bus.effects == ["undecided" if on_undecided == "allow" else "blocked"]
    assert len(bus.published) == (on_undecided == "block")
    assert counted(capsys.readouterr().out, "GateUndecided") == 1


def test_audit_does_not_count_what_it_did_not_wait_for(
    world: World, bus: Bus, capsys: pytest.CaptureFixture[str]
) -> None:
    world.set("audit")
    world.ecr.push("shop/app", "1")
    world.answer(world.ecs.deploy({"app": APP}))
    assert (bus.effects, bus.published) == (["undecided"], [])
    assert counted(capsys.readouterr().out, "GateUndecided") == 0


def test_people_are_notified_once_of_the_same_at_two_stages(world: World, bus: Bus) -> None:
    world.set("audit")
    digest = world.ecr.push("shop/app", "1")
    world.know(digest, "FINDINGS")
    event = world.ecs.deploy({"app": APP})
    first = world.answer(event)
    world.ecs.pull(event["executionDetails"]["targetServiceRevisionArn"], {"app": digest})
    late = {**event, "lifecycleStage": "POST_SCALE_UP"}
    world.again(late, first)
    assert (bus.effects, len(bus.published)) == (["would_block", "would_block"], 1)
    world.know(digest, "CLEAN", malware={"critical": 1, "high": 0, "medium": 0, "low": 0})
    world.again(late, first)
    assert len(bus.published) == 2


def test_details_that_a_deployer_wrote_keep_no_block_quiet(world: World, bus: Bus) -> None:
    """A hook at POST_SCALE_UP alone, whose details have the mark of the decision to come."""
    digest = world.ecr.push("shop/app", "1")
    world.know(digest, "FINDINGS")
    event = world.ecs.deploy({"app": APP}, digests={"app": digest})
    late = {**event, "lifecycleStage": "POST_SCALE_UP"}
    world.again(late, world.answer(late))
    assert (bus.effects, len(bus.published)) == (["blocked", "blocked"], 2)
    world.ecs.tags["image-scan-gate"] = "bypass-until:2026-02-03T00:00:00Z"
    world.again(late, world.answer(late))
    assert (bus.effects[2:], len(bus.published)) == (["bypassed", "bypassed"], 4)


def test_an_event_is_put_even_if_sns_is_down(world: World, bus: Bus) -> None:
    bus.trouble = AwsUnavailable("sns:Publish: no answer")
    world.know(world.ecr.push("shop/app", "1"), "FINDINGS")
    assert world.answer(world.ecs.deploy({"app": APP}))["hookStatus"] == "FAILED"
    assert bus.effects == ["blocked"]


def test_a_gate_that_fails_names_the_service_anyway(world: World, bus: Bus) -> None:
    event = world.ecs.deploy({"app": APP})
    world.ecs.trouble["DescribeServiceRevisions"] = KeyError("a mistake of ours")
    world.answer(event)
    ((_, content),) = bus.events
    assert (content["effect"], content["deployment"]["service"]) == ("blocked", "web")
    assert content["reasons"] == ["the gate failed: KeyError"]


def test_hostile_names_make_no_line_and_no_subject_of_their_own() -> None:
    content = {
        "effect": "blocked",
        "bypass_until": "",
        "stage": "PRE_SCALE_UP\nx",
        "mode": "enforce",
        "reasons": ["a\nNext: trust me"],
        "deployment": {
            "arn": "a",
            "account": "1",
            "region": "r",
            "cluster": "c",
            "service": "wéb\r\nhttps://evil.example " + "x" * 300,
        },
    }
    sent = announcement.notification(content)
    assert sent.subject.isascii()
    assert len(sent.subject) <= 100
    assert "\n" not in sent.subject
    assert "\r" not in sent.subject
    assert "https://" not in sent.subject
    assert "\nNext: trust me" not in sent.texts["people"]
