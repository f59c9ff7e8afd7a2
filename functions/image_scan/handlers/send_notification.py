"""SendNotification: notifies the owner, then records the verdict."""

from typing import Any

from image_scan import completion, config, log
from image_scan.aws import clients, cross_account
from image_scan.cache.concurrency import ScanPermits
from image_scan.cache.leases import ScanCache
from image_scan.cache.table import CacheTable
from image_scan.contracts import Completed
from image_scan.inventory.notified import NotifiedFindings
from image_scan.inventory.table import InventoryTable
from image_scan.notifications.exceptions import ExceptionStore
from image_scan.notifications.owners import Owners
from image_scan.notifications.policy import NotificationPolicy
from image_scan.notifications.recipients import Notifier
from image_scan.notifications.result_events import ResultEvents
from image_scan.notifications.throttle import Throttle
from image_scan.notifications.topics import Topics


def handler(event: dict[str, Any], _context: object) -> Completed:
    scan_input = completion.read_input(event)
    log.bind(scan_input)
    dynamodb, platform = clients.client("dynamodb"), config.qualys_platform_url()
    table = CacheTable(dynamodb, config.cache_table())
    policy = NotificationPolicy.read(config.notification_policy())
    cache = ScanCache(table, policy.may_notify)
    notified = NotifiedFindings(InventoryTable(dynamodb, config.inventory_table()), cache)
    topics = Topics(clients.client("sns"), config.topic_arns(), config.owner_topics())
    owners = Owners(cross_account.accounts(), config.owner_tag())
    permits, notices, exceptions = ScanPermits(table), Throttle(table), ExceptionStore(table)
    notify = Notifier(policy, exceptions, cache, notified, owners, topics, platform).notify
    bus, name, ttl = config.result_bus(), config.installation_name(), config.cache_ttl_seconds()
    announce = ResultEvents(clients.client("events"), bus, name, platform).put
    return completion.complete(scan_input, cache, permits, notices, ttl, notify, announce)
