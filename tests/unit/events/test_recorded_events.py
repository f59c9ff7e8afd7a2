"""The events recorded below tests/events are read as is written beside them."""

import json
from pathlib import Path

import pytest

from image_scan.errors import MalformedEvent
from image_scan.events import api_calls, deployments
from tests.support import builders

RECORDED = sorted(builders.EVENTS.glob("*.json"))


def test_there_are_recorded_events_of_each_kind() -> None:
    events = [builders.event(path.stem) for path in RECORDED]
    names = {event["detail"].get("eventName", event["detail-type"]) for event in events}
    assert names >= api_calls.DEPLOYS | {api_calls.REGISTERS, "ECS Task State Change"}


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_a_recorded_event_is_read_as_is_written_beside_it(path: Path) -> None:
    recorded = json.loads(path.read_text())
    expected = recorded["expected"]
    if "malformed" in expected:
        with pytest.raises(MalformedEvent, match=expected["malformed"]):
            deployments.parse(recorded["event"])
        return
    parsed = deployments.parse(recorded["event"])
    if "skipped" in expected:
        assert expected["skipped"] in parsed.skipped
        assert not parsed.containers
        assert not parsed.task_definition
        return
    assert not parsed.skipped
    assert [list(each) for each in parsed.containers] == expected["containers"]
    assert parsed.task_definition == expected["task_definition"]
    assert parsed.digests == expected.get("digests", {})
    known = {**parsed.deployment}
    assert {**known, **expected.get("deployment", {})} == known


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_nothing_of_a_container_but_its_name_and_image_is_queued(path: Path) -> None:
    recorded = json.loads(path.read_text())
    if "malformed" not in recorded["expected"]:
        stored = repr(deployments.parse(recorded["event"]))
        assert "not-for-the-log" not in stored
        assert "hunter2" not in stored
