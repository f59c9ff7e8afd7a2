"""CheckStatus: whether Qualys has scanned our image."""

from image_scan import log, scan_status
from image_scan.contracts import Status, StatusTask
from image_scan.qualys import connect


def handler(event: StatusTask, _context: object) -> Status:
    log.bind(event)
    return scan_status.check(
        event["image"],
        event["registry"],
        event["submission"],
        event["ended_checks"],
        event["last"],
        connect.client(),
    )
