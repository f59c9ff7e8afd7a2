"""SendNotification: records the verdict, then notifies the owners."""

from typing import Any

from image_scan import config, log
from image_scan.aws import clients, cross_account
from image_scan.cache.leases import ScanCache
from image_scan.cache.table import CacheTable
from image_scan.completion import Completion, read_input
from image_scan.contracts import Completed
from image_scan.inventory.claims import Claims
from image_scan.inventory.notified import NotifiedFindings
from image_scan.inventory.table import InventoryTable
from image_scan.notifications.exceptions import ExceptionStore
from image_scan.notifications.owners import Owners
from image_scan.notifications.policy import NotificationPolicy
from image_scan.notifications.recipients import Notifier
from image_scan.notifications.result_events import ResultEvents
from image_scan.notifications.throttle import Throttle
from image_scan.notifications.topics import Topics
from image_scan.state.permits import ScanPermits
from image_scan.state.registries import RegistryCache
from image_scan.state.table import StateTable


def handler(event: dict[str, Any], _context: object) -> Completed:
    log.bind(scan_input := read_input(event))
    state, rows = StateTable.connect(), InventoryTable.connect()
    policy = NotificationPolicy.read(config.notification_policy())
    cache = ScanCache(CacheTable.connect(), policy.may_notify)
    notified, known = NotifiedFindings(rows, cache), (cache, RegistryCache(state), Claims(rows))
    topics = Topics(clients.client("sns"), config.topic_arns(), config.owner_topics())
    owners = Owners(cross_account.accounts(), config.owner_tag())
    permits, notices = ScanPermits(state), Throttle(state)
    platform, bus = config.qualys_platform_url(), config.result_bus()
    notifier = Notifier(policy, ExceptionStore(state), cache, notified, owners, topics, platform)
    name, ttl = config.installation_name(), config.cache_ttl_seconds()
    events = ResultEvents(clients.client("events"), bus, name, platform)
    return Completion(*known, permits, notices, notifier, events, ttl).complete(scan_input)
