"""What counts cost: prices.json times Counts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from image_scan.payloads import READERS
from tests.bench import counts

if TYPE_CHECKING:
    from tests.bench.counts import Counts

PRICES: dict[str, Any] = json.loads((Path(__file__).parent / "prices.json").read_text())
# Of examples/single-account; tests/e2e counts them where it is applied.
ALARMS = 10
# Events by outcome, verdicts by verdict, the drift of the external id and four of coverage, once
# each has occurred.
METRICS = 12


def variable(met: Counts) -> dict[str, float]:
    """Dollars by what is paid for."""
    milliseconds = {name: _milliseconds(met, name) for name in met.of(counts.INVOCATIONS)}
    assumed, functions = PRICES["assumed"], PRICES["lambda_arm64"]
    function_seconds = sum(milliseconds.values()) / 1000
    # Of an intake's time its functions take the most; it is billed in hundreds of milliseconds.
    intake_seconds = met.total(counts.EXECUTIONS, "intake") * 0.1 + sum(
        milliseconds.get(name, 0) / 1000 for name in ("parse_event", "check_cache")
    )
    logs = sum(met.of(counts.LOGS).values()) + assumed[
        "lambda_log_bytes_per_invocation"
    ] * met.total(counts.INVOCATIONS)
    return {
        "Step Functions, Standard": transitions(met) * PRICES["standard"]["per_transition"],
        "Step Functions, Express": (
            met.total(counts.EXECUTIONS, "intake") * PRICES["express"]["per_request"]
            + intake_seconds
            * assumed["express_memory_mb"]
            / 1024
            * PRICES["express"]["per_gb_second"]
        ),
        "Lambda": (
            met.total(counts.INVOCATIONS) * functions["per_request"]
            + function_seconds * assumed["memory_mb"] / 1024 * functions["per_gb_second"]
        ),
        "DynamoDB": (
            met.total(counts.UNITS, "write") * PRICES["dynamodb"]["per_write_unit"]
            + met.total(counts.UNITS, "read") * PRICES["dynamodb"]["per_read_unit"]
        ),
        "CloudWatch Logs": logs / 1e9 * PRICES["logs"]["per_gb"],
        "SNS": publishes(met) * PRICES["sns"]["per_publish"],
    }


def fixed() -> dict[str, float]:
    """Dollars a month, whatever is deployed."""
    prices = PRICES["fixed_per_month"]
    return {
        "KMS key": prices["kms_key"],
        "secret": prices["secret"],
        f"{ALARMS} alarms": ALARMS * prices["alarm"],
        f"{METRICS} metrics": METRICS * prices["metric"],
        "dashboard, unless it is among the three free ones": prices["dashboard"],
    }


def transitions(met: Counts) -> int:
    return met.total(counts.STATES, "scan ")


def notifications(met: Counts) -> int:
    """Each is published to a topic for each kind of reader; no team has one here."""
    return publishes(met) // len(READERS)


def publishes(met: Counts) -> int:
    return met.total(counts.AWS, "send_notification sns:Publish")


def _milliseconds(met: Counts, function: str) -> float:
    assumed = PRICES["assumed"]["milliseconds"]
    return float(
        met.total(counts.INVOCATIONS, function) * assumed["invocation"]
        + met.total(counts.AWS, f"{function} ") * assumed["aws_call"]
        + met.total(counts.QUALYS_BY, function) * assumed["qualys_call"]
    )
