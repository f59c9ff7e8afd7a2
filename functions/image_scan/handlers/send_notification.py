"""SendNotification: tells the owner, then records the verdict."""

from typing import Any

from image_scan import aws, config, log, notifications, settlement
from image_scan.cache_table import CacheTable
from image_scan.payloads import Settled
from image_scan.scan_cache import ScanCache


def handler(event: dict[str, Any], _context: object) -> Settled:
    task = settlement.read_task(event)
    log.bind(task)
    cache = ScanCache(CacheTable(aws.client("dynamodb"), config.cache_table()))
    sns, topic_arn = aws.client("sns"), config.topic_arn()
    return settlement.settle(
        task,
        cache,
        config.cache_ttl_seconds(),
        lambda to, outcome, places: notifications.publish(
            to["image"], outcome, places, sns, topic_arn
        ),
    )
