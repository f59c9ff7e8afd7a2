"""GetResults: reads the results of a completed scan and returns its verdict."""

from image_scan import config, log
from image_scan.contracts import ResultsInput
from image_scan.qualys import connect
from image_scan.results import Outcome
from image_scan.scans.verdict import verdict


def handler(event: ResultsInput, _context: object) -> Outcome:
    log.bind(event)
    required = config.require_examined()
    return verdict(event, connect.client(), required)
