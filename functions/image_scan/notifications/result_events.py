"""Puts events on the installation's bus, for rules that others write: each result of a scan, and
each decision of the deployment gate.

docs/notifications.md has its schema. Limits of an entry:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from image_scan import log, metrics
from image_scan.aws import clients
from image_scan.errors import AwsRejected, AwsUnavailable
from image_scan.events.workloads import select_registered, select_workloads
from image_scan.notifications import facts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

    from image_scan.contracts import CompletionInput, Workload
    from image_scan.results import Outcome

SOURCE = "image-scan"
_BATCH = 10  # events in a call, which are 256 KiB together
DETAIL_TYPE = "Container Image Scan Completed"
SCHEMA = "image-scan/result/1"
# EventBridge's error codes of an entry that may be put again.
_TRANSIENT = frozenset({"InternalException", "InternalFailure", "ThrottlingException"})


class ResultEvents:
    """`bus` is a name or ARN; `installation` is the name prefix of this installation."""

    def __init__(
        self, events: EventBridgeClient, bus: str, installation: str, qualys_platform_url: str = ""
    ) -> None:
        self._events = events
        self._bus = bus
        self._installation = installation
        self._qualys_platform_url = qualys_platform_url

    def put(
        self, scan_input: CompletionInput, outcome: Outcome, workloads: Mapping[str, Workload]
    ) -> None:
        """Puts the event of a result. Raises AwsUnavailable."""
        content = detail(scan_input, outcome, workloads, self._qualys_platform_url)
        self.send(DETAIL_TYPE, content)

    def send(self, detail_type: str, content: dict[str, Any]) -> None:
        """Puts an event. Raises AwsUnavailable.

        If the bus refuses the event, that is logged and counted. People are notified anyway.
        """
        self.send_all(detail_type, [content])

    def send_all(self, detail_type: str, contents: Sequence[dict[str, Any]]) -> None:
        """Puts events of one type. The same holds."""
        for first in range(0, len(contents), _BATCH):
            batch = contents[first : first + _BATCH]
            try:
                self._put(detail_type, batch)
            except AwsRejected as error:
                log.error("the event of a result was refused", type=detail_type, reason=str(error))
                metrics.count("RefusedResultEvents", len(batch))

    def _put(self, detail_type: str, contents: Sequence[dict[str, Any]]) -> None:
        entries: list[PutEventsRequestEntryTypeDef] = [
            {
                "EventBusName": self._bus,
                "Source": SOURCE,
                "DetailType": detail_type,
                "Detail": json.dumps({"installation": self._installation, **each}),
            }
            for each in contents
        ]
        with clients.calls("events:PutEvents"):
            answer = self._events.put_events(Entries=entries)
        if answer["FailedEntryCount"]:
            codes = {each["ErrorCode"] for each in answer["Entries"] if each.get("ErrorCode")}
            error = AwsUnavailable if codes & _TRANSIENT else AwsRejected
            raise error(f"events:PutEvents: {', '.join(sorted(codes))}")


def detail(
    scan_input: CompletionInput,
    outcome: Outcome,
    workloads: Mapping[str, Workload],
    qualys_platform_url: str = "",
) -> dict[str, Any]:
    """Returns the `detail` of the event, without the `installation`."""
    deployed = _rows(select_workloads(workloads))
    content = facts.of(scan_input, outcome, qualys_platform_url)
    content["image"]["role_account_id"] = scan_input["image"]["role_account_id"]
    return {
        "schema": SCHEMA,
        **content,
        "findings": outcome.get("top", []),
        "workloads": facts.shown(deployed),
        "workloads_total": len(deployed),
        "registered": facts.shown(_rows(select_registered(workloads)), facts.ROOM_REGISTERED),
        **facts.requests(workloads),
    }


def _rows(workloads: Mapping[str, Workload]) -> list[dict[str, Any]]:
    return [dict(workload) for _, workload in sorted(workloads.items())]
