"""Reads messages of the queues: finds their event and what processes it, and describes them."""

from typing import Any

from image_scan.errors import ScanError
from image_scan.events import api_calls, deployments, scan_request, task_state
from ops import repeated_failures
from ops.event_queue import EventQueue, Message

Json = dict[str, Any]
_STATUS_CHANGE = "Step Functions Execution Status Change"
_RESULT = "Container Image Scan Completed"
INTAKE, NOTIFICATION, IMPORT, NOBODY = "intake", "send_notification", "import_findings", ""


def event_of(body: Any) -> tuple[Any, str]:
    """Returns the event of a message, and what processes it. The event may be in an envelope."""
    if not isinstance(body, dict):
        return None, NOBODY
    if "requestContext" in body and "requestPayload" in body:
        # Lambda's envelope around an event that a function failed to process.
        event = body["requestPayload"]
        failed = event.get("detail-type") if isinstance(event, dict) else None
        return event, IMPORT if failed == _RESULT else NOTIFICATION
    kind = body.get("detail-type")
    if kind == _RESULT:
        return body, IMPORT
    if kind == _STATUS_CHANGE:
        return body, NOTIFICATION
    known = kind in (api_calls.API_CALL, scan_request.SCAN_REQUEST, task_state.TASK_STATE)
    return (body, INTAKE) if known else (None, NOBODY)


def described(queue: EventQueue, message: Message) -> Json:
    """Describes a message for an operator. Of a container, it shows only the image.

    Only a message that nothing can read, or that failed again in the same way, is `droppable`.
    """
    event, goes_to = event_of(message.body)
    known = repeated_failures.of(message)
    return {
        "queue": queue.name,
        "id": message.id,
        "sent_at": message.sent_at,
        "error": known.error or message.attributes.get("ERROR_CODE") or "",
        "failures": known.times,
        "event": _kind(event),
        "event_id": str(event.get("id", "")) if isinstance(event, dict) else "",
        "images": _images(event) if goes_to == INTAKE else [],
        "readable": goes_to != NOBODY,
        "droppable": goes_to == NOBODY or known.is_final,
        "size": message.size,
    }


def _kind(event: Any) -> str:
    if not isinstance(event, dict):
        return "unknown"
    detail = event.get("detail")
    name = detail.get("eventName") if isinstance(detail, dict) else None
    return str(name or event.get("detail-type") or "unknown")


def _images(event: Any) -> list[str]:
    try:
        return [image for _, image in deployments.parse(event).containers]
    except ScanError:
        return []
