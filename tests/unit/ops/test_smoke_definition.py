"""make smoke: the task definition that is registered, and that it goes away again."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime
from typing import Any

import pytest

from image_scan.events.by_hand import SMOKE_CONTAINER
from ops.errors import OpsError
from ops.smoke import definition
from ops.smoke.definition import Definition, Definitions, interruptible, uninterrupted
from tests.support.builders import client_error

AT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
ARN = "arn:aws:ecs:us-east-1:111111111111:task-definition/unit-smoke:3"


class FakeInstallationation:
    def __init__(self, **clients: Any) -> None:
        self._clients = clients

    def name(self, suffix: str) -> str:
        return f"unit-{suffix}"

    def client(self, service: str) -> Any:
        return self._clients.get(service)


class FakeEcs:
    """Holds revisions by ARN: status and container names. AWS lists by the whole family."""

    def __init__(self, **revisions: tuple[str, str]) -> None:
        self.revisions = {f"arn:x/{name}".replace("__", ":"): [*e] for name, e in revisions.items()}
        self.asked: dict[str, Any] = {}

    def register_task_definition(self, **asked: Any) -> Any:
        self.asked = asked
        self.revisions[ARN] = ["ACTIVE", SMOKE_CONTAINER]
        return {"taskDefinition": {"taskDefinitionArn": ARN, "registeredAt": AT}}

    def describe_task_definition(self, taskDefinition: str) -> Any:  # noqa: N803
        if taskDefinition not in self.revisions:
            raise client_error("ClientException")
        status, name = self.revisions[taskDefinition]
        return {"taskDefinition": {"status": status, "containerDefinitions": [{"name": name}]}}

    def deregister_task_definition(self, taskDefinition: str) -> Any:  # noqa: N803
        if self.revisions.get(taskDefinition, ["INACTIVE"])[0] != "ACTIVE":
            raise client_error("ClientException")
        self.revisions[taskDefinition][0] = "INACTIVE"

    def delete_task_definitions(self, taskDefinitions: list[str]) -> Any:  # noqa: N803
        (arn,) = taskDefinitions
        if self.revisions.get(arn, [""])[0] != "INACTIVE":
            return {"failures": [{"arn": arn, "reason": "not INACTIVE"}]}
        self.revisions[arn][0] = "DELETE_IN_PROGRESS"
        return {"failures": []}

    def get_paginator(self, _operation: str) -> FakeEcs:
        return self

    def paginate(self, status: str, **_: str) -> Any:
        arns = [arn for arn, each in self.revisions.items() if each[0] == status]
        return [{"taskDefinitionArns": [arn]} for arn in arns]


def definitions(ecs: Any) -> Definitions:
    installation: Any = FakeInstallationation(ecs=ecs)
    return Definitions(installation)


def test_the_smallest_definition_that_ecs_takes() -> None:
    """Fargate would ask for an execution role; without it, memory is all that has to be stated."""
    ecs = FakeEcs()
    assert definitions(ecs).register("uri") == Definition(ARN, AT)
    assert Definition(ARN, AT).name == "unit-smoke:3"
    container = {"name": SMOKE_CONTAINER, "image": "uri", "memory": 64}
    assert ecs.asked == {"family": "unit-smoke", "containerDefinitions": [container]}


def test_it_is_deregistered_and_deleted_with_what_an_earlier_run_has_left() -> None:
    others = {"unit-smoke-2__1": ("ACTIVE", SMOKE_CONTAINER), "unit-smoke__9": ("ACTIVE", "app")}
    ours = {
        "unit-smoke__1": ("ACTIVE", SMOKE_CONTAINER),
        "unit-smoke__2": ("INACTIVE", SMOKE_CONTAINER),
    }
    ecs = FakeEcs(**others, **ours)
    definitions(ecs).register("uri")
    definitions(ecs).remove(ARN)
    assert {arn.rsplit("/")[-1]: each[0] for arn, each in ecs.revisions.items()} == {
        "unit-smoke-2:1": "ACTIVE",
        "unit-smoke:9": "ACTIVE",
        "unit-smoke:1": "DELETE_IN_PROGRESS",
        "unit-smoke:2": "DELETE_IN_PROGRESS",
        "unit-smoke:3": "DELETE_IN_PROGRESS",
    }


def test_what_is_not_listed_yet_is_deleted_too(monkeypatch: pytest.MonkeyPatch) -> None:
    ecs = FakeEcs()
    definitions(ecs).register("uri")
    monkeypatch.setattr(ecs, "paginate", lambda **_: [{"taskDefinitionArns": []}])
    definitions(ecs).remove(ARN)
    assert ecs.revisions[ARN][0] == "DELETE_IN_PROGRESS"


def test_what_another_run_has_deleted_is_gone() -> None:
    ecs = FakeEcs()
    ecs.revisions[ARN] = ["DELETE_IN_PROGRESS", SMOKE_CONTAINER]
    definitions(ecs).remove(ARN)
    definitions(ecs).remove("arn:x/unit-smoke:99")


def test_what_aws_does_not_delete_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    ecs = FakeEcs(**{"unit-smoke__1": ("ACTIVE", SMOKE_CONTAINER)})
    monkeypatch.setattr(ecs, "deregister_task_definition", lambda **_: None)
    with pytest.raises(OpsError, match="AWS has not deleted arn:x/unit-smoke:1: not INACTIVE"):
        definitions(ecs).remove()


def test_who_may_not_delete_is_notified(monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(**_: Any) -> Any:
        raise client_error("AccessDeniedException", operation="DeleteTaskDefinitions")

    ecs = FakeEcs()
    definitions(ecs).register("uri")
    monkeypatch.setattr(ecs, "delete_task_definitions", denied)
    with pytest.raises(OpsError, match="AWS refused DeleteTaskDefinitions"):
        definitions(ecs).remove(ARN)
    assert ecs.revisions[ARN][0] == "INACTIVE"


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGHUP])
def test_what_ends_a_process_interrupts_and_clearing_up_is_not_interrupted(
    ending: signal.Signals,
) -> None:
    before = signal.signal(ending, signal.SIG_DFL)
    try:
        with interruptible():
            with uninterrupted():
                os.kill(os.getpid(), ending)
            with pytest.raises(KeyboardInterrupt):
                os.kill(os.getpid(), ending)
        assert signal.getsignal(ending) == signal.SIG_DFL
    finally:
        signal.signal(ending, before)


def test_who_runs_it_under_nohup_is_not_interrupted() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruptible():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_the_family_is_below_the_prefix() -> None:
    assert definitions(FakeEcs()).family == f"unit-{definition.FAMILY}"
