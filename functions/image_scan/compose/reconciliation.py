"""Composes what Reconcile does, by the environment of its function."""

import functools
import time
from datetime import UTC, datetime
from typing import Any

from image_scan import config
from image_scan.aws import clients, cross_account
from image_scan.cache.table import CacheTable
from image_scan.compose import reassessment
from image_scan.events.scope import Scope
from image_scan.findings.ages import Deadlines
from image_scan.inventory import rescans
from image_scan.inventory.overdue import overdue
from image_scan.inventory.reconciliation import Intake, Reconciliation
from image_scan.inventory.table import InventoryTable
from image_scan.inventory.workloads import Inventory
from image_scan.notifications import overdue as overdue_findings
from image_scan.notifications.digest import DailyDigest
from image_scan.notifications.exceptions import ExceptionStore
from image_scan.notifications.finding_events import FindingEvents
from image_scan.notifications.policy import NotificationPolicy
from image_scan.notifications.result_events import ResultEvents
from image_scan.notifications.throttle import Throttle
from image_scan.notifications.topics import Topics
from image_scan.qualys import connect
from image_scan.scans import schedules
from image_scan.state.coverage import CoverageHistory
from image_scan.state.open_findings import OpenFindingsStore
from image_scan.state.registered_failures import RegisteredFailures
from image_scan.state.registries import RegistryCache
from image_scan.state.table import StateTable


def run(intake_arn: str) -> dict[str, Any]:
    """Reconciles, sends the daily digest, removes schedules that were left at Qualys, and puts the
    events of findings. Returns the summary.

    Raises AwsUnavailable, AwsRejected or ConfigurationError.
    """
    state, policy = StateTable.connect(), NotificationPolicy.read(config.notification_policy())
    intake = Intake(clients.client("stepfunctions"), intake_arn)
    accounts = cross_account.accounts()
    found = Reconciliation(
        accounts,
        CacheTable.connect(),
        Inventory(InventoryTable.connect()),
        CoverageHistory(state),
        intake.start,
        policy.may_notify,
        time.time(),
    )
    summary = found.run(intake.home, Scope.read(config.scope()))
    listed = reassessment.find(found.fresh, accounts)
    if seconds := config.rescan_seconds():
        assessed = {key: max(row.scanned_at, row.assessed_at) for key, row in listed.items()}
        for event in rescans.due(found.fresh, assessed, seconds, time.time()):
            intake.start(event)
    late = _overdue(InventoryTable.connect(), ExceptionStore(state))
    topics = Topics(clients.client("sns"), config.topic_arns(), {})
    digest = DailyDigest(
        topics, Throttle(state), ExceptionStore(state), RegisteredFailures(state), policy
    )
    digest.notify(found.unscannable, found.failed, late)
    schedules.sweep(found.registries, RegistryCache(state), connect.client)
    if bus := config.finding_bus():
        _put_findings(bus, state, policy, found.sent)
    return summary


def _put_findings(
    bus: str, state: StateTable, policy: NotificationPolicy, sent: set[tuple[str, str]]
) -> None:
    events = ResultEvents(clients.client("events"), bus, config.installation_name())
    rows, cache = InventoryTable.connect(), CacheTable.connect()
    FindingEvents(events, OpenFindingsStore(state), rows, cache, policy.may_notify).put(sent)


def _overdue(rows: InventoryTable, exceptions: ExceptionStore) -> list[dict[str, Any]]:
    """Finds and counts what runs beyond its deadline, as the digest names it."""
    deadlines = Deadlines.read(config.remediation_days())
    if not deadlines.days:
        return []
    today = datetime.fromtimestamp(time.time(), UTC).date()
    found = overdue(rows.notified(), deadlines, today)
    entry_of = functools.cache(CacheTable.connect().get)
    described = overdue_findings.described(found, entry_of, exceptions.read(), deadlines, today)
    overdue_findings.count(described)
    return described
