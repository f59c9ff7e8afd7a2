"""A trace through an installation on the embedded AWS: the check on what the replay counts.

It takes seconds for a deployment, so traces are short here; what can be seen from outside is
counted, and has to be the same, state by state and call by call.
"""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from sandbox import images
from tests.bench import counts
from tests.bench.counts import Counts
from tests.bench.trace import SCALED, Release, Restart
from tests.support.wire import CSAPI

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.installation import Installation
    from tests.bench.trace import Step, Trace

Json = dict[str, Any]

# What is counted here, and in the replay alike.
COMPARED = (counts.STATES, counts.EXECUTIONS, counts.INVOCATIONS, counts.QUALYS, counts.EVENTS)
# Seconds between two checks. Checks drift later with the time that calls take, and scans with that
# of the sensor: in the middle there is most room for both.
CHECK_SECONDS = 4.0
_EARLY = 0.5  # of the time between two checks
WAIT_SCALE = CHECK_SECONDS / 60
_CLUSTER = "counted"
_CRITICAL = {"qid": 1, "severity": 5, "title": "a finding", "cveids": ["CVE-2026-0001"]}
_PATIENCE = 60  # seconds


def play(installation: Installation, trace: Trace, warm: int) -> Counts:
    """What the trace takes without its first `warm` deployments."""
    played = _Played(installation, trace)
    before = Counts()
    release = 0
    for step in trace.steps():
        if isinstance(step, Release):
            if release == warm:
                before = played.seen()
            release += 1
        played.step(step)
    return played.seen().plus(before, -1)


class _Played:
    def __init__(self, installation: Installation, trace: Trace) -> None:
        self._installation = installation
        self._ecr = installation.client("ecr")
        self._ecs = installation.ecs
        self._definitions: dict[int, str] = {}
        self._known_intakes = len(installation.intakes())
        self._known_scans = {scan["executionArn"] for scan in installation.scans()}
        self._invoked = self._invocations()
        installation.qualys.control.forget_calls()
        installation.aws.set_wait_scale(WAIT_SCALE)
        self._ecs.create_cluster(clusterName=_CLUSTER)
        self._sidecars = [
            self._push(f"platform/sidecar-{number}", "3") for number in range(trace.sidecars)
        ]

    def step(self, step: Step) -> None:
        if isinstance(step, Release):
            self._release(step)
        elif isinstance(step, Restart):
            self._update(step.service, forceNewDeployment=True)
        else:
            self._update(step.service, desiredCount=SCALED)

    def seen(self) -> Counts:
        """Of what has happened since the beginning; everything has to be over."""
        found = Counts()
        intakes = self._installation.intakes()[self._known_intakes :]
        assert {run["status"] for run in intakes} <= {"SUCCEEDED"}
        states = self._installation.aws.ask("/_sandbox/states")
        for run in intakes:
            found.add(counts.EXECUTIONS, "intake")
            found.add(counts.EVENTS, "delivered")
            for state in states[run["executionArn"]]:
                found.add(counts.STATES, f"intake {state}")
        for scan in self._installation.scans():
            if scan["executionArn"] not in self._known_scans:
                assert scan["status"] == "SUCCEEDED"
                found.add(counts.EXECUTIONS, "scan")
                for state in self._installation.scan_states(scan["executionArn"]):
                    found.add(counts.STATES, f"scan {state}")
        for function, times in (self._invocations() - self._invoked).items():
            found.add(counts.INVOCATIONS, function, times)
        for call, times in self._installation.qualys.control.counts().items():
            name = call.replace(CSAPI, "").replace("_id}", "}")
            found.add(counts.QUALYS, name, times)
        return found

    def _release(self, step: Release) -> None:
        repository, tag = f"counted/service-{step.service}", str(step.version)
        image = self._push(repository, tag)
        control = self._installation.qualys.control
        if step.new:
            seconds = CHECK_SECONDS * (step.polls - _EARLY)
            control.behave(f"{repository}:{tag}", scan_seconds=seconds)
            if step.bad:
                control.set_findings(f"{repository}:{tag}", [_CRITICAL])
        named = [("app", image), *((f"sidecar-{n}", uri) for n, uri in enumerate(self._sidecars))]
        made = self._ecs.register_task_definition(
            family=f"service-{step.service}",
            containerDefinitions=[{"name": name, "image": uri} for name, uri in named],
        )
        self._await_intakes()
        definition = made["taskDefinition"]["taskDefinitionArn"]
        if step.service in self._definitions:
            self._update(step.service, taskDefinition=definition, desiredCount=1)
        else:
            # A service has to be created before it is updated; to the intake it is the same.
            self._ecs.create_service(
                cluster=_CLUSTER,
                serviceName=f"service-{step.service}",
                taskDefinition=definition,
                desiredCount=1,
            )
        self._definitions[step.service] = definition
        self._installation.wait_until_idle()

    def _update(self, service: int, **request: Any) -> None:
        self._ecs.update_service(cluster=_CLUSTER, service=f"service-{service}", **request)
        self._installation.wait_until_idle()

    def _push(self, repository: str, tag: str) -> str:
        of_an_earlier_version = self._ecr.exceptions.RepositoryAlreadyExistsException
        with contextlib.suppress(of_an_earlier_version):
            self._ecr.create_repository(repositoryName=repository)
        return images.push(self._ecr, repository, images.build(f"{repository}:{tag}"), tag).by_tag

    def _await_intakes(self) -> None:
        """The scan that they started goes on."""
        _until(lambda: all(run["status"] != "RUNNING" for run in self._installation.intakes()))

    def _invocations(self) -> Counter[str]:
        """By function, of all time: each begins with a line of Lambda's own in its log."""
        pages = self._installation.client("logs").get_paginator("filter_log_events")
        found: Counter[str] = Counter()
        for function, name in self._installation.outputs["function_names"].items():
            for page in pages.paginate(logGroupName=f"/aws/lambda/{name}"):
                messages = [event["message"] for event in page["events"]]
                found[function] += sum(text.startswith("START RequestId") for text in messages)
        return found


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError("executions still run")
        time.sleep(0.02)
