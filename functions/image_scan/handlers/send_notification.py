"""SendNotification: records the verdict, then notifies the owners."""

from typing import Any

from image_scan import log
from image_scan.compose.completion import completion
from image_scan.contracts import Completed
from image_scan.events.execution_ended import read_input


def handler(event: dict[str, Any], _context: object) -> Completed:
    log.bind(scan_input := read_input(event))
    return completion().complete(scan_input)
