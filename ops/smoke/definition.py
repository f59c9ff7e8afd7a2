"""Registers and removes the task definition of `make smoke`."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from botocore.exceptions import ClientError

from image_scan.events.by_hand import SMOKE_CONTAINER
from ops.answers import answers
from ops.errors import OpsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ops.installation import Installation

FAMILY = "smoke"  # below the name prefix
_MEMORY_MIB = 64  # without a launch type, no role, network or CPU is required
_STATUSES = ("ACTIVE", "INACTIVE")
_ENDINGS = (signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Definition:
    """A revision, and when ECS registered it."""

    arn: str
    registered_at: datetime

    @property
    def name(self) -> str:
        """Family and revision."""
        return self.arn.rsplit("/", 1)[-1]


class Definitions:
    """The revisions of our family. Every method raises OpsError when ECS refuses."""

    def __init__(self, installation: Installation) -> None:
        self.family = installation.name(FAMILY)
        self._ecs = installation.client("ecs")

    def register(self, uri: str) -> Definition:
        """Registers a definition. No service and no task runs it."""
        container = {"name": SMOKE_CONTAINER, "image": uri, "memory": _MEMORY_MIB}
        with answers():
            made = self._ecs.register_task_definition(
                family=self.family, containerDefinitions=[container]
            )["taskDefinition"]
        return Definition(made["taskDefinitionArn"], made["registeredAt"])

    def remove(self, arn: str = "") -> None:
        """Deregisters and deletes a revision, and those that earlier runs have left. The revision
        is given because a list may not have it yet."""
        if arn:
            self.delete(arn)
        for status in _STATUSES:
            for left in self._listed(status):
                self.delete(left)

    def delete(self, arn: str) -> None:
        """Deletes a revision. Ignores one that is already deleted."""
        with answers():
            try:
                self._ecs.deregister_task_definition(taskDefinition=arn)
            except ClientError as error:
                if error.response["Error"]["Code"] != "ClientException":
                    raise
            answer = self._ecs.delete_task_definitions(taskDefinitions=[arn])
        reasons = [each.get("reason") for each in answer.get("failures", [])]
        if reasons and self._is_there(arn):
            raise OpsError(f"AWS has not deleted {arn}: {reasons[0]}")

    def _listed(self, status: str) -> list[str]:
        """Lists our revisions. The filter of ECS also finds longer names of families."""
        with answers():
            pages = self._ecs.get_paginator("list_task_definitions")
            arns = [
                arn
                for page in pages.paginate(familyPrefix=self.family, status=status)
                for arn in page["taskDefinitionArns"]
            ]
            named = [arn for arn in arns if _family(arn) == self.family]
            return [arn for arn in named if self._is_ours(arn)]

    def _is_there(self, arn: str) -> bool:
        with answers():
            try:
                found = self._ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]
            except ClientError as error:
                if error.response["Error"]["Code"] != "ClientException":
                    raise
                return False
        return found["status"] in _STATUSES

    def _is_ours(self, arn: str) -> bool:
        reported = self._ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]
        return [each["name"] for each in reported["containerDefinitions"]] == [SMOKE_CONTAINER]


@contextmanager
def interruptible() -> Iterator[None]:
    """Converts signals that end a process into KeyboardInterrupt, as for Ctrl-C. A signal that
    nohup ignores stays ignored."""

    def interrupt(*_: Any) -> NoReturn:
        raise KeyboardInterrupt

    notified = [each for each in _ENDINGS if signal.getsignal(each) != signal.SIG_IGN]
    before = {each: signal.signal(each, interrupt) for each in notified}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Ignores signals during the few seconds of the clean-up."""
    ignored = (signal.SIGINT, *_ENDINGS)
    before = {each: signal.signal(each, signal.SIG_IGN) for each in ignored}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _family(arn: str) -> str:
    return arn.rsplit("/", 1)[-1].rpartition(":")[0]
