"""How long it takes in the sandbox, beside a machine that does nothing.

The sandbox is no AWS, and this machine no Lambda: the ratio to the floor is what says something.
"""

from __future__ import annotations

import contextlib
import json
import statistics
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox import images
from sandbox.installation import Installation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

Json = dict[str, Any]

_DEPLOYMENTS = 12  # the first makes registry and workers, and is left out
_FLOOR = {
    "StartAt": "First",
    "States": {
        "First": {"Type": "Pass", "Next": "Second"},
        "Second": {"Type": "Pass", "End": True},
    },
}


@dataclass
class Latency:
    """Seconds, one of each deployment. `submitted` and `floor` are from the ECS call on: until the
    scan is submitted, and until an empty machine that starts with the same event has ended.
    `notified` is from the finished scan to the notification."""

    submitted: list[float] = field(default_factory=list)
    notified: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)


@contextlib.contextmanager
def applied() -> Iterator[Installation]:
    """examples/single-account on the embedded AWS."""
    with Installation("bench-token", wait_scale=0.01) as installation:
        installation.prepare()
        installation.apply()
        yield installation


def measure(installation: Installation) -> Latency:
    installation.qualys.control.scenario(scan_seconds=0.2)
    floor = _floor(installation)
    installation.client("ecr").create_repository(repositoryName="bench/app")
    found = Latency()
    for number in range(_DEPLOYMENTS):
        _deploy(installation, floor, str(number), found if number else Latency())
    return found


def table(found: Latency) -> str:
    base = statistics.median(found.floor)
    lines = [
        "| in the sandbox | median | fastest | slowest | median to the floor's |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, seconds in (
        ("from the ECS call to the submitted scan", found.submitted),
        ("from the finished scan to the notification", found.notified),
        ("floor: from the ECS call to the end of two empty states", found.floor),
    ):
        middle = statistics.median(seconds)
        cells = [f"{each:.2f} s" for each in (middle, min(seconds), max(seconds))]
        lines.append(f"| {name} | {' | '.join(cells)} | {middle / base:.1f} |")
    return "\n".join(lines)


def _floor(installation: Installation) -> str:
    """ARN of a machine of two empty states, which the same events start."""
    allowed = {"Effect": "Allow", "Action": "states:StartExecution", "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [allowed]}
    roles = {
        service: installation.aws.create_role(
            f"floor-{service}", {"Service": f"{service}.amazonaws.com"}, policy
        )
        for service in ("states", "events")
    }
    made = installation.client("stepfunctions").create_state_machine(
        name="floor", definition=json.dumps(_FLOOR), roleArn=roles["states"]
    )["stateMachineArn"]
    events = installation.client("events")
    pattern = {"source": ["aws.ecs"], "detail": {"eventName": ["RegisterTaskDefinition"]}}
    events.put_rule(Name="floor", EventPattern=json.dumps(pattern))
    target = {"Id": "floor", "Arn": made, "RoleArn": roles["events"]}
    events.put_targets(Rule="floor", Targets=[target])
    return str(made)


def _deploy(installation: Installation, floor: str, tag: str, found: Latency) -> None:
    pushed = images.push(installation.client("ecr"), "bench/app", images.build(tag), tag)
    finding = {"qid": 1, "severity": 5, "title": "a finding", "cveids": ["CVE-2026-0001"]}
    installation.qualys.control.set_findings(f"bench/app:{tag}", [finding])
    known = {each["executionArn"] for each in installation.scans()}
    began = time.time()
    installation.ecs.register_task_definition(
        family="bench", containerDefinitions=[{"name": "app", "image": pushed.by_tag}]
    )
    installation.wait_until_idle()
    (scan,) = [each for each in installation.scans() if each["executionArn"] not in known]
    at = _times(installation, scan["executionArn"])
    found.submitted.append(at["left SubmitScan"] - began)
    found.notified.append(at["left SendNotification"] - at["entered GetResults"])
    executions = installation.client("stepfunctions").list_executions(stateMachineArn=floor)
    stopped: datetime = max(each["stopDate"] for each in executions["executions"])
    found.floor.append(stopped.timestamp() - began)


def _times(installation: Installation, arn: str) -> dict[str, float]:
    """When a state was first entered and left, as seconds of the clock."""
    times: dict[str, float] = {}
    for event in installation.scan_history(arn):
        for word, detail in (("entered", "stateEntered"), ("left", "stateExited")):
            if name := event.get(f"{detail}EventDetails", {}).get("name"):
                times.setdefault(f"{word} {name}", event["timestamp"].timestamp())
    return times
