"""A witness of all events on the account's default bus, independent of the installation's
rules."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sandbox.queues import subscribe_to_events

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.installation import Installation

Json = dict[str, Any]
# Patterns of the events that the installation must see: calls, and tasks that start or stop.
WATCHED: tuple[Json, ...] = (
    {"eventName": ["RegisterTaskDefinition", "RunTask", "CreateService", "UpdateService"]},
    {"lastStatus": ["RUNNING"], "desiredStatus": ["RUNNING"]},
    {"lastStatus": ["STOPPED"]},
)


class Witness:
    """A separate rule and queue that see all events of a default bus: that of the installation's
    account and region, or that of `client`."""

    def __init__(
        self, installation: Installation, client: Callable[[str], Any] | None = None
    ) -> None:
        client = client or installation.client
        self._installation, self._sqs = installation, client("sqs")
        pattern = {"source": ["aws.ecs"], "$or": [{"detail": each} for each in WATCHED]}
        self._url = subscribe_to_events(client, "witness", pattern)

    def events(self) -> list[Json]:
        return [
            json.loads(each["Body"]) for each in self._installation.messages(self._url, self._sqs)
        ]
