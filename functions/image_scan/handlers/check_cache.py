"""CheckCache: takes the lease of an image, or says what is known of it."""

from image_scan import aws, config, log
from image_scan.cache_table import CacheTable
from image_scan.payloads import CacheDecision, ImageTask
from image_scan.scan_cache import ScanCache


def handler(event: ImageTask, _context: object) -> CacheDecision:
    log.bind(event)
    cache = ScanCache(CacheTable(aws.client("dynamodb"), config.cache_table()))
    decision = cache.decide(event, config.lease_seconds())
    log.info("cache asked", decision=decision["decision"])
    return decision
