"""Reconcile: compares all that runs with the inventory and verdicts; sends the daily digest."""

import time
from typing import Any

from image_scan import config, log
from image_scan.aws import clients, cross_account
from image_scan.cache.table import CacheTable
from image_scan.inventory.reconciliation import Intake, Reconciliation
from image_scan.inventory.table import InventoryTable
from image_scan.inventory.workloads import Inventory
from image_scan.notifications.digest import DailyDigest
from image_scan.notifications.exceptions import ExceptionStore
from image_scan.notifications.policy import NotificationPolicy
from image_scan.notifications.throttle import Throttle
from image_scan.notifications.topics import Topics
from image_scan.state.coverage import CoverageHistory
from image_scan.state.table import StateTable


def handler(event: dict[str, str], _context: object) -> dict[str, Any]:
    """`event` gives `intake_state_machine_arn`: that machine is created after this function."""
    log.bind({})
    accounts, state, now = cross_account.accounts(), StateTable.connect(), time.time()
    inventory, history = Inventory(InventoryTable.connect()), CoverageHistory(state)
    intake = Intake(clients.client("stepfunctions"), event["intake_state_machine_arn"])
    policy = NotificationPolicy.read(config.notification_policy())
    cache, start, may_notify = CacheTable.connect(), intake.start, policy.may_notify
    found = Reconciliation(accounts, cache, inventory, history, start, may_notify, now)
    summary = found.run(intake.home)
    topics = Topics(clients.client("sns"), config.topic_arns(), {})
    digest = DailyDigest(topics, Throttle(state), ExceptionStore(state), policy)
    digest.notify(found.unscannable, found.failed)
    return summary
