"""CheckCache: records the workload, then takes the image's lease, or says what is known of it."""

from image_scan import config, log
from image_scan.cache.leases import ScanCache
from image_scan.cache.table import CacheTable
from image_scan.contracts import CacheDecision, ScanInput
from image_scan.ecr import asking
from image_scan.inventory.table import InventoryTable
from image_scan.inventory.workloads import Inventory
from image_scan.notifications.policy import NotificationPolicy


def handler(event: ScanInput, _context: object) -> CacheDecision:
    log.bind(event)
    asking.require_answer(event["image"])
    before = Inventory(InventoryTable.connect()).note(event)
    policy = NotificationPolicy.read(config.notification_policy())
    cache = ScanCache(CacheTable.connect(), policy.may_notify)
    decision = cache.decide(event, config.lease_seconds(), before)
    log.info("cache asked", decision=decision["decision"])
    return decision
