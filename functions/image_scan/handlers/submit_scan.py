"""SubmitScan: one on-demand scan of the image's tag, when there is room for it."""

from image_scan import config, log
from image_scan.aws import clients
from image_scan.cache.concurrency import ScanSlots
from image_scan.cache.registries import RegistryMemo
from image_scan.cache.table import CacheTable
from image_scan.contracts import Submission, SubmitTask
from image_scan.qualys import connect
from image_scan.scans import schedules


def handler(event: SubmitTask, _context: object) -> Submission:
    log.bind(event)
    table = CacheTable(clients.client("dynamodb"), config.cache_table())
    name, retried = event["execution_name"], event["attempt"] > 0
    ScanSlots(table).take(name, config.most_scans(), config.lease_seconds())
    qualys, memo = connect.client(), RegistryMemo(table)
    return schedules.submit(event["image"], event["registry"], name, retried, qualys, memo)
