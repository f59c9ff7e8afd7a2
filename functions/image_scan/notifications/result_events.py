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
        self,
        scan_input: CompletionInput,
        outcome: Outcome,
        workloads: Mapping[str, Workload],
        since: Mapping[int, str] | None = None,
    ) -> None:
        """Puts the event of a result. `since` has the day of findings, by QID, where it is known.
        Raises AwsUnavailable."""
        content = detail(scan_input, outcome, workloads, self._qualys_platform_url, since)
        self.send(DETAIL_TYPE, content)

    def send(self, detail_type: str, content: dict[str, Any]) -> None:
        """Puts an event. Raises AwsUnavailable.

        If the bus refuses the event, that is logged and counted. People are notified anyway.
        """
        self.send_all(detail_type, [content])

    def send_all(self, detail_type: str, contents: Sequence[dict[str, Any]]) -> list[int]:
        """Puts events of one type. The same holds. Returns the positions of those refused."""
        refused: list[int] = []
        for first in range(0, len(contents), _BATCH):
            batch = contents[first : first + _BATCH]
            try:
                codes = self._put(detail_type, batch)
                reason = f"events:PutEvents: {', '.join(sorted({*codes.values()}))}"
            except AwsRejected as error:
                codes, reason = dict.fromkeys(range(len(batch)), ""), str(error)
            if codes:
                log.error("the event of a result was refused", type=detail_type, reason=reason)
                metrics.count("RefusedResultEvents", len(codes))
                refused += [first + each for each in codes]
        return refused

    def _put(self, detail_type: str, contents: Sequence[dict[str, Any]]) -> dict[int, str]:
        """Returns the error of each that was refused, by its position. Raises AwsUnavailable if one
        may be put again, and AwsRejected if the call was refused."""
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
        answers = enumerate(answer["Entries"] if answer["FailedEntryCount"] else ())
        codes = {at: each["ErrorCode"] for at, each in answers if each.get("ErrorCode")}
        if again := _TRANSIENT & {*codes.values()}:
            raise AwsUnavailable(f"events:PutEvents: {', '.join(sorted(again))}")
        return codes


def detail(
    scan_input: CompletionInput,
    outcome: Outcome,
    workloads: Mapping[str, Workload],
    qualys_platform_url: str = "",
    since: Mapping[int, str] | None = None,
) -> dict[str, Any]:
    """Returns the `detail` of the event, without the `installation`."""
    days = {qid: {"since": day} for qid, day in (since or {}).items()}
    deployed = _rows(select_workloads(workloads))
    content = facts.of(scan_input, outcome, qualys_platform_url)
    content["image"]["role_account_id"] = scan_input["image"]["role_account_id"]
    return {
        "schema": SCHEMA,
        **content,
        "findings": [{**each, **days.get(each["qid"], {})} for each in outcome.get("top", [])],
        "workloads": facts.shown(deployed),
        "workloads_total": len(deployed),
        "registered": facts.shown(_rows(select_registered(workloads)), facts.ROOM_REGISTERED),
        **facts.requests(workloads),
    }


def _rows(workloads: Mapping[str, Workload]) -> list[dict[str, Any]]:
    return [dict(workload) for _, workload in sorted(workloads.items())]
