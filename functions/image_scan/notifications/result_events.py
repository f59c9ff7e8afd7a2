"""`Container Image Scan Completed` on the installation's bus: for rules that others write.

docs/notifications.md is its schema. Limits of an entry:
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
    from collections.abc import Mapping

    from mypy_boto3_events import EventBridgeClient

    from image_scan.contracts import CompletionInput, Workload
    from image_scan.results import Outcome

SOURCE = "image-scan"
DETAIL_TYPE = "Container Image Scan Completed"
SCHEMA = "image-scan/result/1"
# What EventBridge says of an entry that may be put again.
_TRANSIENT = frozenset({"InternalException", "InternalFailure", "ThrottlingException"})


class ResultEvents:
    """`bus` by its name or ARN, `installation` is the name prefix of this one."""

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
        """Raises AwsUnavailable.

        Where the bus refuses it, people are notified all the same: that is logged and counted.
        """
        content = detail(scan_input, outcome, workloads, self._qualys_platform_url)
        entry = json.dumps({"installation": self._installation, **content})
        try:
            self._put(entry)
        except AwsRejected as error:
            log.error("the event of a result was refused", reason=str(error))
            metrics.count("RefusedResultEvents")

    def _put(self, detail: str) -> None:
        with clients.calls("events:PutEvents"):
            answer = self._events.put_events(
                Entries=[
                    {
                        "EventBusName": self._bus,
                        "Source": SOURCE,
                        "DetailType": DETAIL_TYPE,
                        "Detail": detail,
                    }
                ]
            )
        if answer["FailedEntryCount"]:
            code = answer["Entries"][0].get("ErrorCode", "")
            error = AwsUnavailable if code in _TRANSIENT else AwsRejected
            raise error(f"events:PutEvents: {code}")


def detail(
    scan_input: CompletionInput,
    outcome: Outcome,
    workloads: Mapping[str, Workload],
    qualys_platform_url: str = "",
) -> dict[str, Any]:
    """Its `detail`, but for the `installation`."""
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
