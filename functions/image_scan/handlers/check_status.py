"""CheckStatus: whether Qualys has scanned our image."""

from image_scan import log, scan_status, subscription
from image_scan.contracts import Status, StatusTask


def handler(event: StatusTask, _context: object) -> Status:
    log.bind(event)
    return scan_status.check(
        event["image"],
        event["registry"],
        event["submission"],
        event["ended_checks"],
        event["last"],
        subscription.client(),
    )
