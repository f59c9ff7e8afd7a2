"""CheckStatus: checks whether Qualys has scanned our image."""

from image_scan import log
from image_scan.contracts import Status, StatusInput
from image_scan.qualys import connect
from image_scan.scans import status


def handler(event: StatusInput, _context: object) -> Status:
    log.bind(event)
    return status.check(
        event["image"],
        event["registry"],
        event["submission"],
        event["ended_checks"],
        event["last"],
        connect.client(),
    )
