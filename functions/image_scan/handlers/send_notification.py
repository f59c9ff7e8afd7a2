"""SendNotification: tells the owner, then records the verdict."""

from typing import Any

from image_scan import completion, config, log
from image_scan.aws import clients, cross_account
from image_scan.cache.concurrency import ScanSlots
from image_scan.cache.leases import ScanCache
from image_scan.cache.table import CacheTable
from image_scan.contracts import Settled
from image_scan.inventory.notified import NotifiedFindings
from image_scan.inventory.table import InventoryTable
from image_scan.notifications.exceptions import AcceptedFindings
from image_scan.notifications.owners import Owners
from image_scan.notifications.policy import NotificationPolicy
from image_scan.notifications.recipients import Telling
from image_scan.notifications.result_events import ResultEvents
from image_scan.notifications.throttle import InstallNotices
from image_scan.notifications.topics import Topics


def handler(event: dict[str, Any], _context: object) -> Settled:
    task = completion.read_task(event)
    log.bind(task)
    dynamodb, platform = clients.client("dynamodb"), config.qualys_platform_url()
    table = CacheTable(dynamodb, config.cache_table())
    policy = NotificationPolicy.read(config.notification_policy())
    cache = ScanCache(table, policy.may_tell)
    notified = NotifiedFindings(InventoryTable(dynamodb, config.inventory_table()), cache)
    topics = Topics(clients.client("sns"), config.topic_arns(), config.owner_topics())
    owners = Owners(cross_account.install(), config.owner_tag())
    tell = Telling(policy, AcceptedFindings(table), cache, notified, owners, topics, platform).tell
    bus, install = config.result_bus(), config.install_name()
    announce = ResultEvents(clients.client("events"), bus, install, platform).put
    slots, notices, ttl = ScanSlots(table), InstallNotices(table), config.cache_ttl_seconds()
    return completion.settle(task, cache, slots, notices, ttl, tell, announce)
