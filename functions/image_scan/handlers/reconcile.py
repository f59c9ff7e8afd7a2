"""Reconcile: what runs anywhere, against the ledger and the verdicts."""

import json
import time
from typing import Any

from image_scan import accounts, aws, config, log
from image_scan.cache_table import CacheTable
from image_scan.ledger import Ledger
from image_scan.ledger_table import LedgerTable
from image_scan.reconciliation import Reconciliation


def handler(event: dict[str, str], _context: object) -> dict[str, Any]:
    """`event` names the state machine `intake_state_machine_arn`, which is made after this."""
    log.bind({})
    dynamodb, states = aws.client("dynamodb"), aws.client("stepfunctions")
    machine = event["intake_state_machine_arn"]

    def start(task: dict[str, Any]) -> None:
        with aws.calls("states:StartExecution"):
            states.start_execution(stateMachineArn=machine, input=json.dumps(task))

    cache = CacheTable(dynamodb, config.cache_table())
    ledger = Ledger(LedgerTable(dynamodb, config.ledger_table()))
    reconciliation = Reconciliation(accounts.install(), cache, ledger, start, time.time())
    _, _, _, region, account, *_ = machine.split(":")
    return reconciliation.run((account, region))
