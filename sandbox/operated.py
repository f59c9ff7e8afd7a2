"""Runs the commands of an operator, and the functions that a schedule starts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from image_scan.findings import encoding
from image_scan.notifications.digest import NOTICE
from image_scan.state.keys import NOTICES
from sandbox.aws import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from sandbox.installation import Installation


def operate(installation: Installation, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs `make <target>` as its Python, without make."""
    left = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TF_"))}
    return subprocess.run(
        [sys.executable, "-m", "ops", *arguments],
        cwd=REPOSITORY,
        env=left | installation.aws.environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def reconcile(installation: Installation, outputs: dict[str, Any] | None = None) -> None:
    """Reconciles, and waits for what follows. `outputs` are those of another installation in the
    account. Raises RuntimeError."""
    outputs = outputs or installation.outputs
    machine = {"intake_state_machine_arn": outputs["intake_state_machine_arn"]}
    answer = installation.client("lambda").invoke(
        FunctionName=outputs["function_names"]["reconcile"],
        Payload=json.dumps(machine),
    )
    if "FunctionError" in answer:
        raise RuntimeError(answer["Payload"].read())
    installation.wait_until_idle()


def age(
    installation: Installation, days: int, of: Callable[[dict[str, Any]], bool] = lambda _: True
) -> None:
    """Changes the rows of the inventory as if their notifications were so many days older."""
    table = installation.outputs["inventory_table"]["name"]
    for row in filter(of, installation.inventory()):
        if found := encoding.unpack(row.get("notified", "")):
            old = [each._replace(since=each.since - days) for each in found]
            installation.client("dynamodb").update_item(
                TableName=table,
                Key={name: {"S": row[name]} for name in ("digest", "workload")},
                UpdateExpression="SET notified = :old",
                ExpressionAttributeValues={":old": {"S": encoding.pack(old)}},
            )


def pass_day(installation: Installation) -> None:
    """Changes what is stored as if a day had passed: ages, and when the last digest was sent."""
    age(installation, 1)
    installation.client("dynamodb").update_item(
        TableName=installation.outputs["state_table"]["name"],
        Key={"key": {"S": f"{NOTICES}{NOTICE} {datetime.now(UTC).date()}"}},
        UpdateExpression="ADD #ttl :day",
        ExpressionAttributeNames={"#ttl": "ttl"},
        ExpressionAttributeValues={":day": {"N": str(-86_400)}},
    )
