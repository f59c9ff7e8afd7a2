"""SubmitScan: submits one on-demand scan of the image's tag, if the scan limit permits it."""

from image_scan import config, log
from image_scan.aws import clients
from image_scan.cache.concurrency import ScanPermits
from image_scan.cache.registries import RegistryCache
from image_scan.cache.table import CacheTable
from image_scan.contracts import Submission, SubmitInput
from image_scan.qualys import connect
from image_scan.scans import schedules


def handler(event: SubmitInput, _context: object) -> Submission:
    log.bind(event)
    table = CacheTable(clients.client("dynamodb"), config.cache_table())
    name, retried = event["execution_name"], event["attempt"] > 0
    ScanPermits(table).take(name, config.most_scans(), config.lease_seconds())
    qualys, registry_cache = connect.client(), RegistryCache(table)
    return schedules.submit(
        event["image"], event["registry"], name, retried, qualys, registry_cache
    )
