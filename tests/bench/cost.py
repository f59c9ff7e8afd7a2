"""What counts cost: prices.json times Counts."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from image_scan.contracts import READERS
from tests.bench import counts

if TYPE_CHECKING:
    from tests.bench.counts import Counts

PRICES: dict[str, Any] = json.loads((Path(__file__).parent / "prices.json").read_text())
# Of examples/single-account without the gate; tests/e2e counts them where it is applied.
ALARMS = 13
# Each once it has occurred, for as many values of its dimension.
METRICS = {
    "Events": 2,
    "Verdicts": 5,
    "RunningImages": 1,
    "FreshVerdicts": 1,
    "Unscannable": 1,
    "CoveragePercent": 1,
    "OverdueFindings": 1,
}
# Where something is out of scope, an account is not read, the event of a result is refused, or the
# gate is used, or findings wait, or a rescan fails. And OverdueFindings is one more for each team
# that has any.
AT_TIMES = {"OutOfScope", "RefusedResultEvents", "GateDecisions", "GateErrors", "GateUndecided"}
AT_TIMES |= {"PostponedFindings", "UnreadRegions", "FailedRescans"}
USUAL = 1000  # deployments a day


def variable(met: Counts, deployments: int, a_day: int = USUAL) -> dict[str, float]:
    """Dollars by what is paid for. Of so many `deployments`, which go on at `a_day`."""
    milliseconds = {name: _milliseconds(met, name) for name in met.of(counts.INVOCATIONS)}
    cold = sum(_cold_starts(met, name, a_day / deployments) for name in milliseconds)
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
            + starts(cold)
        ),
        "DynamoDB": (
            met.total(counts.UNITS, "write") * PRICES["dynamodb"]["per_write_unit"]
            + met.total(counts.UNITS, "half read") / 2 * PRICES["dynamodb"]["per_read_unit"]
        ),
        "CloudWatch Logs": logs / 1e9 * PRICES["logs"]["per_gb"],
        "EventBridge": (
            met.total(counts.AWS, "send_notification events:PutEvents")
            + met.total(counts.EVENTS, "forwarded")
        )
        * PRICES["eventbridge"]["per_event"],
        "SNS": (
            publishes(met) * PRICES["sns"]["per_publish"]
            + notifications(met) * assumed["email_addresses"] * PRICES["sns"]["per_email"]
        ),
    }


def fixed() -> dict[str, float]:
    """Dollars a month in the first year, whatever is deployed."""
    prices, metrics = PRICES["fixed_per_month"], sum(METRICS.values())
    return {
        "KMS key": prices["kms_key"],
        "secret": prices["secret"],
        f"{ALARMS} alarms": ALARMS * prices["alarm"],
        f"{metrics} metrics": metrics * prices["metric"],
        "dashboard, unless it is among the three free ones": prices["dashboard"],
    }


def starts(number: float) -> float:
    """Dollars for so many starts of cold functions."""
    assumed = PRICES["assumed"]
    seconds = number * assumed["cold_start"]["init_milliseconds"] / 1000
    return float(seconds * assumed["memory_mb"] / 1024 * PRICES["lambda_arm64"]["per_gb_second"])


def transitions(met: Counts) -> int:
    return met.total(counts.STATES, "scan ")


def publishes(met: Counts) -> int:
    """Of messages of at most 64 KB, which is what SNS bills as one."""
    return met.total(counts.AWS, "send_notification sns:Publish")


def notifications(met: Counts) -> int:
    """Each is published to a topic for each kind of reader; no team has one here."""
    return publishes(met) // len(READERS)


def rotations() -> list[float]:
    """Dollars a month that the key costs more in the second year, and in the third and later."""
    more = PRICES["fixed_per_month"]["kms_key_after_each_of_two_rotations"]
    return [more, 2 * more]


def _cold_starts(met: Counts, function: str, times_a_day: float) -> float:
    """How many invocations come when nothing is warm, if they come at random over the day."""
    invocations = met.total(counts.INVOCATIONS, function)
    while_idle = PRICES["assumed"]["cold_start"]["idle_seconds"] / 86_400
    return invocations * math.exp(-invocations * times_a_day * while_idle)


def _milliseconds(met: Counts, function: str) -> float:
    assumed = PRICES["assumed"]["milliseconds"]
    return float(
        met.total(counts.INVOCATIONS, function) * assumed["invocation"]
        + met.total(counts.AWS, f"{function} ") * assumed["aws_call"]
        + met.total(counts.QUALYS_BY, function) * assumed["qualys_call"]
    )
