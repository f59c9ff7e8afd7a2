"""Composes what SendNotification does, by the environment of its function."""

from image_scan import config
from image_scan.aws import clients, cross_account
from image_scan.cache.leases import ScanCache
from image_scan.cache.table import CacheTable
from image_scan.completion import Completion
from image_scan.findings.ages import Deadlines
from image_scan.inventory.claims import Claims
from image_scan.inventory.notified import NotifiedFindings
from image_scan.inventory.table import InventoryTable
from image_scan.notifications.exceptions import ExceptionStore
from image_scan.notifications.owners import Owners
from image_scan.notifications.policy import NotificationPolicy
from image_scan.notifications.readers import Readers
from image_scan.notifications.recipients import Notifier
from image_scan.notifications.result_events import ResultEvents
from image_scan.notifications.throttle import Throttle
from image_scan.notifications.topics import Topics
from image_scan.state.permits import ScanPermits
from image_scan.state.registered_failures import RegisteredFailures
from image_scan.state.registries import RegistryCache
from image_scan.state.table import StateTable


def completion() -> Completion:
    """Raises ConfigurationError."""
    state, rows = StateTable.connect(), InventoryTable.connect()
    platform = config.qualys_platform_url()
    policy = NotificationPolicy.read(config.notification_policy())
    cache = ScanCache(CacheTable.connect(), policy.may_notify)
    accounts = cross_account.accounts()
    notifier = Notifier(
        policy,
        ExceptionStore(state),
        cache,
        NotifiedFindings(rows, cache),
        Owners(accounts, config.owner_tag()),
        Readers(accounts),
        Topics(clients.client("sns"), config.topic_arns(), config.owner_topics()),
        Deadlines.read(config.remediation_days()),
        platform,
    )
    events = ResultEvents(
        clients.client("events"), config.result_bus(), config.installation_name(), platform
    )
    return Completion(
        cache,
        RegistryCache(state),
        Claims(rows),
        ScanPermits(state),
        Throttle(state),
        RegisteredFailures(state),
        notifier,
        events,
        config.cache_ttl_seconds(),
    )
