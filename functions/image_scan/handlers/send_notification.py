"""SendNotification: tells the owner, then records the verdict."""

from typing import Any

from image_scan import aws, config, log, notifications, settlement
from image_scan.cache_table import CacheTable
from image_scan.install_notices import InstallNotices
from image_scan.payloads import Settled
from image_scan.scan_cache import ScanCache
from image_scan.scan_slots import ScanSlots


def handler(event: dict[str, Any], _context: object) -> Settled:
    task = settlement.read_task(event)
    log.bind(task)
    table = CacheTable(aws.client("dynamodb"), config.cache_table())
    topic = notifications.Topic(aws.client("sns"), config.topic_arn())
    ttl_seconds = config.cache_ttl_seconds()
    return settlement.settle(
        task, ScanCache(table), ScanSlots(table), InstallNotices(table), ttl_seconds, topic.tell
    )
