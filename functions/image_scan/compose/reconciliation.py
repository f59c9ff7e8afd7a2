"""Composes what Reconcile does, by the environment of its function."""

from __future__ import annotations

import functools
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from image_scan import config, log
from image_scan.aws import clients, cross_account
from image_scan.cache.table import CacheTable
from image_scan.compose import reassessment
from image_scan.errors import AwsUnavailable
from image_scan.events.scope import Scope
from image_scan.findings.ages import Deadlines
from image_scan.inventory import departed, rescans
from image_scan.inventory.overdue import overdue
from image_scan.inventory.recent import recent
from image_scan.inventory.reconciliation import Reconciliation
from image_scan.inventory.sending import Intake
from image_scan.inventory.shares import TimeShares
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

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from image_scan.aws.cross_account import Accounts
    from image_scan.inventory.coverage import Running

# Of the time, for the accounts. A sixth of that is for what they send to the intake, as much for
# rescans, and half as much to look up what has no task; the digest and all after that have the
# rest.
_FOR_ACCOUNTS = 0.6


def forget(intake_arn: str, leavers: Sequence[str]) -> dict[str, Any]:
    """Closes what ran in each account and region (`account#region`) of these that does not answer,
    and is not ours. Returns those that are `forgotten`; nothing if nobody has left.

    Raises AwsUnavailable, AwsRejected or ConfigurationError.
    """
    if not leavers:
        return {}
    home, inventory = intake_arn.split(":")[4], Inventory(InventoryTable.connect())
    return {"forgotten": departed.forget(leavers, home, cross_account.accounts(), inventory)}


def run(intake_arn: str, time_left: float) -> dict[str, Any]:
    """Reconciles, sends the daily digest, removes schedules that were left at Qualys, and puts the
    events of findings, in `time_left` seconds. Returns the summary.

    Raises AwsUnavailable, AwsRejected or ConfigurationError; if our own account and region was not
    read, at the end.
    """
    shares, began = TimeShares(time_left * _FOR_ACCOUNTS), time.time()
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
        began,
    )
    summary = found.run(intake.home, shares, Scope.read(config.scope()))
    _scan_again(found.fresh, accounts, intake, shares, began)
    deadlines = Deadlines.read(config.remediation_days(), policy.severe)
    late = _overdue(InventoryTable.connect(), ExceptionStore(state), deadlines)
    topics = Topics(clients.client("sns"), config.topic_arns(), {})
    digest = DailyDigest(
        topics, Throttle(state), ExceptionStore(state), RegisteredFailures(state), policy
    )
    digest.notify(found.unscannable, found.failed, late, found.unread)
    schedules.sweep(found.registries, RegistryCache(state), connect.client)
    if bus := config.finding_bus():
        _put_findings(bus, state, policy, deadlines, found)
    if reason := found.unread.get(intake.home):
        raise AwsUnavailable(f"all was done but to read our own account here: {reason}")
    return summary


def _scan_again(
    fresh: Mapping[str, Running],
    accounts: Accounts,
    intake: Intake,
    shares: TimeShares,
    now: float,
) -> None:
    """Has running images judged again of which Qualys knows more, or scanned again."""
    expiring = rescans.expiring(fresh, now)
    # A scan says all that Qualys knows. A verdict with a new number would keep it from beginning.
    left = {key: each for key, each in fresh.items() if key not in expiring}
    others = recent(InventoryTable.connect(), CacheTable.connect(), fresh, now, shares)
    listed = reassessment.find({**left, **others}, accounts)
    assessed = {key: max(row.scanned_at, row.assessed_at) for key, row in listed.items()}
    due = [*rescans.due(fresh, assessed, config.rescan_seconds(), now)]
    # What is left has no verdict when it has run out: the next reconciliation finds that.
    if put_off := intake.start_each(due, shares):
        log.warning("scanned again later", images=len(put_off))


def _put_findings(
    bus: str,
    state: StateTable,
    policy: NotificationPolicy,
    deadlines: Deadlines,
    done: Reconciliation,
) -> None:
    events = ResultEvents(clients.client("events"), bus, config.installation_name())
    rows, cache, store = InventoryTable.connect(), CacheTable.connect(), OpenFindingsStore(state)
    made = FindingEvents(events, store, rows, cache, policy.may_notify, deadlines)
    made.put(done.sent, {account for account, _ in done.unread})


def _overdue(
    rows: InventoryTable, exceptions: ExceptionStore, deadlines: Deadlines
) -> list[dict[str, Any]]:
    """Finds and counts what runs beyond its deadline, as the digest names it."""
    if not deadlines.days:
        return []
    now = time.time()
    today = datetime.fromtimestamp(now, UTC).date()
    found = overdue(rows.notified(), deadlines, now)
    entry_of = functools.cache(CacheTable.connect().get)
    described = overdue_findings.described(found, entry_of, exceptions.read(), deadlines, today)
    overdue_findings.count(described, config.owner_topics())
    return described
