"""GetResults: the verdict of a completed scan."""

from image_scan import log, scan_jobs, scan_results, subscription
from image_scan.payloads import Outcome, ResultTask


def handler(event: ResultTask, _context: object) -> Outcome:
    log.bind(event)
    qualys = subscription.client()
    outcome = scan_results.fetch(event["image"], event["status"], qualys)
    scan_jobs.clear_away(event["registry"], event["submission"], qualys)
    return outcome
