"""A trace through the machines and functions in this process, in virtual time, counted.

The definitions are the files that Terraform deploys, the functions are those of the zip; AWS is
moto's, Qualys the simulator. Deployments follow each other: UpdateService comes while the scan that
its task definition started runs, then its tasks start and the ones before stop, and that scan ends
before the next deployment.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
import json
import uuid
from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.client import BaseClient
from moto.dynamodb.models import dynamodb_backends

from image_scan.aws import clients
from sandbox.qualys import PulledImage
from tests.bench import counts, dynamodb_units, stored
from tests.bench.counts import Counts
from tests.bench.trace import SCALED, Release, Restart
from tests.support.builders import ACCOUNT, REGION, event
from tests.support.environments import aws_client
from tests.support.fake_ecr import FakeEcr
from tests.support.pipeline import Pipeline, installed, simulated
from tests.support.settings import as_deployed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sandbox.qualys import QualysSimulator
    from tests.bench.trace import Step, Trace
    from tests.support.machine import Run

Json = dict[str, Any]

_CRITICAL = {"severity": 5, "title": "a finding", "cveids": ["CVE-2026-0001"]}
_RECORDED_IN = (("111122223333", ACCOUNT), ("eu-west-1", REGION))


@contextlib.contextmanager
def replaying(trace: Trace, simulator: QualysSimulator | None = None) -> Iterator[Replay]:
    """An installation that knows neither image nor registry, with the trace to be played into
    it."""
    with contextlib.ExitStack() as stack:
        running = simulator or stack.enter_context(simulated())
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        stack.enter_context(contextlib.contextmanager(as_deployed)(patch))
        pipeline = stack.enter_context(installed(running, patch))
        yield Replay(trace, pipeline, patch)


def replay(trace: Trace, warm: int = 0, simulator: QualysSimulator | None = None) -> Counts:
    """What the trace takes without its first `warm` deployments, which make images known."""
    before, after = progress(trace, (warm,), simulator)
    return after.plus(before, -1)


def progress(
    trace: Trace, before: tuple[int, ...], simulator: QualysSimulator | None = None
) -> list[Counts]:
    """What had happened before each of these deployments began, and at the end."""
    seen, releases = [], 0
    with replaying(trace, simulator) as play:
        for step in trace.steps():
            if isinstance(step, Release):
                if releases in before:
                    seen.append(play.seen())
                releases += 1
            play.step(step)
        return [*seen, play.seen()]


class Replay:
    def __init__(self, trace: Trace, pipeline: Pipeline, patch: pytest.MonkeyPatch) -> None:
        self.counts = Counts()
        self._trace = trace
        self._pipeline = pipeline
        self._numbers = itertools.count()
        self._at_work = ""  # the function whose calls are counted
        self._definitions: dict[int, str] = {}
        self._images: dict[int, list[tuple[str, str]]] = {}
        self._digests: dict[str, str] = {}
        self._tasks: defaultdict[int, list[Json]] = defaultdict(list)
        self._ecr: dict[str, FakeEcr] = {ACCOUNT: pipeline.ecr}
        for number in range(1, trace.accounts):
            self._ecr[_account(number)] = FakeEcr(_account(number))
        for registry in self._ecr.values():
            for operation in ("batch_get_image", "describe_images", "list_tags_for_resource"):
                patch.setattr(registry, operation, self._read(getattr(registry, operation)))
        if trace.accounts > 1:
            self._become_hub(patch)
        self._count_aws(patch)
        patch.setattr(pipeline.functions, "invoke", self._counted(pipeline.functions.invoke))
        self._sidecars = [
            self._push(ACCOUNT, f"platform/sidecar-{number}", "3")
            for number in range(trace.sidecars)
        ]

    def step(self, step: Step) -> None:
        if isinstance(step, Release):
            self._release(step)
        elif isinstance(step, Restart):
            self._update(step.service, {"forceNewDeployment": True})
            self._replace_tasks(step.service, len(self._tasks[step.service]))
        else:
            self._update(step.service, {"desiredCount": SCALED})
            self._start_tasks(step.service, SCALED - len(self._tasks[step.service]))

    def seen(self) -> Counts:
        """Of all that has happened yet."""
        found = self.counts.plus(Counts())
        for call in self._pipeline.calls():
            found.add(counts.QUALYS, call)
        return found

    # What the owners of the services do.

    def _release(self, step: Release) -> None:
        self._pipeline.time.sleep(1)
        repository, tag = f"shop/service-{step.service}", str(step.version)
        image = self._push(self._owner(step.service), repository, tag)
        if step.new:
            key = f"{repository}:{tag}"
            # It ends in the middle between two checks; the first check comes after one wait.
            self._pipeline.qualys.behave(key, scan_seconds=60.0 * step.polls - 30)
            if step.bad:
                # New to its service: what the version before had would not be notified.
                qid = 1000 * (step.service + 1) + step.version
                self._pipeline.qualys.set_findings(key, [{**_CRITICAL, "qid": qid}])
        self._register(step.service, image)
        definition = self._definitions[step.service]
        self._update(step.service, {"taskDefinition": definition, "desiredCount": 1})
        self._replace_tasks(step.service, 1)
        for run in self._pipeline.scans():
            assert run.status == "SUCCEEDED", (run.error, run.cause)
            self.counts.add(counts.EXECUTIONS, "scan")
            self._went("scan", run)

    def _push(self, account: str, repository: str, tag: str) -> str:
        config = hashlib.sha256(f"{account} {repository}:{tag}".encode()).hexdigest()
        host = f"{account}.dkr.ecr.{REGION}.amazonaws.com"
        digest = self._ecr[account].push(repository, tag, config)
        pulled = PulledImage(config=f"sha256:{config}", manifest=digest, resolved=digest)
        self._pipeline.held.push(host, repository, {tag: pulled})
        uri = f"{host}/{repository}:{tag}"
        self._digests[uri] = digest
        return uri

    def _register(self, service: int, image: str) -> None:
        named = [("app", image), *((f"sidecar-{n}", uri) for n, uri in enumerate(self._sidecars))]
        made = aws_client("ecs").register_task_definition(
            family=f"service-{service}",
            containerDefinitions=[
                {"name": name, "image": uri, "memory": 512} for name, uri in named
            ],
        )["taskDefinition"]
        self._definitions[service] = made["taskDefinitionArn"]
        self._images[service] = named
        recorded = self._recorded("register_one_container", service)
        answer = recorded["detail"]["responseElements"]["taskDefinition"]
        (container,) = answer["containerDefinitions"]
        definitions = [{**container, "name": name, "image": uri} for name, uri in named]
        answer |= {"containerDefinitions": definitions, "family": f"service-{service}"}
        answer["taskDefinitionArn"] = made["taskDefinitionArn"]
        recorded["detail"]["requestParameters"]["containerDefinitions"] = definitions
        self._intake(recorded)

    def _update(self, service: int, request: Json) -> None:
        recorded = self._recorded("update_service_new_definition", service)
        detail = recorded["detail"]
        name = f"service-{service}"
        detail["requestParameters"] = {"cluster": "prod", "service": name, **request}
        detail["responseElements"]["service"] |= {
            "serviceName": name,
            "taskDefinition": self._definitions[service],
        }
        self._intake(recorded)

    def _replace_tasks(self, service: int, number: int) -> None:
        """The old ones stop when the new ones run."""
        old, self._tasks[service] = self._tasks[service], []
        self._start_tasks(service, number)
        for task in old:
            stopped = {**task, "lastStatus": "STOPPED", "desiredStatus": "STOPPED"}
            self._task_answer(service, stopped)

    def _start_tasks(self, service: int, number: int) -> None:
        for _ in range(number):
            task = self._recorded("task_running_by_tag", service)["detail"]
            (container,) = task["containers"]
            task |= {
                "group": f"service:service-{service}",
                "startedBy": "ecs-svc/1",
                "taskDefinitionArn": self._definitions[service],
                "taskArn": f"{task['taskArn']}{uuid.UUID(int=next(self._numbers))}",
                "containers": [
                    {**container, "name": name, "image": uri, "imageDigest": self._digests[uri]}
                    for name, uri in self._images[service]
                ],
            }
            self._tasks[service].append(task)
            self._task_answer(service, task)

    def _task_answer(self, service: int, task: Json) -> None:
        self._intake({**self._recorded("task_running_by_tag", service), "detail": task})

    def _recorded(self, name: str, service: int) -> Json:
        """A recorded event, as it would be in the account of the service, now."""
        text = json.dumps(event(name))
        for there, here in _RECORDED_IN:
            text = text.replace(there, here)
        number = self.counts.by_kind[counts.EVENTS]["delivered"]
        moved: Json = json.loads(text)
        now = datetime.fromtimestamp(self._pipeline.time.time(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        moved |= {"id": str(uuid.UUID(int=number)), "account": self._owner(service), "time": now}
        if "eventTime" in moved["detail"]:
            moved["detail"]["eventTime"] = now
        return moved

    def _intake(self, recorded: Json) -> None:
        self.counts.add(counts.EVENTS, "delivered")
        if recorded["account"] != ACCOUNT:
            self.counts.add(counts.EVENTS, "forwarded")
        self.counts.add(counts.EXECUTIONS, "intake")
        run = self._pipeline.intake(recorded)
        assert run.status == "SUCCEEDED", (run.error, run.cause)
        self._went("intake", run)

    def _owner(self, service: int) -> str:
        return _account(self._trace.account(service))

    # How it is counted.

    def _went(self, machine: str, run: Run) -> None:
        for state in run.visited:
            self.counts.add(counts.STATES, f"{machine} {state}")
        for state, waits in run.retries.items():
            self.counts.add(counts.STATES, f"{machine} {state}", len(waits))

    def _counted(self, invoke: Callable[..., Any]) -> Callable[..., Any]:
        def invoked(function: str, payload: Any, seconds: float = 60) -> Any:
            self.counts.add(counts.INVOCATIONS, function)
            self._at_work, before = function, len(self._pipeline.wire.sent)
            written = io.StringIO()
            try:
                with contextlib.redirect_stdout(written):
                    return invoke(function, payload, seconds)
            finally:
                self._at_work = ""
                self.counts.add(counts.LOGS, function, len(written.getvalue().encode()))
                asked = len(self._pipeline.wire.sent) - before
                self.counts.add(counts.QUALYS_BY, function, asked)

        return invoked

    def _read(self, call: Callable[..., Any]) -> Callable[..., Any]:
        action = "".join(part.title() for part in call.__name__.split("_"))

        def counted(**arguments: Any) -> Any:
            self.counts.add(counts.AWS, f"{self._at_work} ecr:{action}")
            return call(**arguments)

        return counted

    def _count_aws(self, patch: pytest.MonkeyPatch) -> None:
        """Calls of the functions; ours, as the owner of the services, are not of them."""
        call = vars(BaseClient)["_make_api_call"]
        backend = dynamodb_backends[ACCOUNT][REGION]

        def counted(client: Any, operation: str, arguments: Json) -> Any:
            if not self._at_work:
                return call(client, operation, arguments)
            service = client.meta.service_model.service_name
            self.counts.add(counts.AWS, f"{self._at_work} {service}:{operation}")
            if service != "dynamodb":
                return call(client, operation, arguments)
            before = None if operation == "Query" else stored.item(backend, arguments)
            try:
                answer = stored.answer(backend, operation, arguments)
                return call(client, operation, arguments) if answer is None else answer
            finally:
                if operation in dynamodb_units.WRITES:
                    after = stored.item(backend, arguments)
                    units = dynamodb_units.write_units(before, after)
                    units += dynamodb_units.index_units(before, after)
                    self.counts.add(counts.UNITS, "write", units)
                else:
                    # An index knows no consistent reads.
                    consistent = arguments.get("ConsistentRead", False)
                    units = dynamodb_units.half_read_units(before, consistent=consistent)
                    self.counts.add(counts.UNITS, "half read", units)

        patch.setattr(BaseClient, "_make_api_call", counted)

    def _become_hub(self, patch: pytest.MonkeyPatch) -> None:
        """Other accounts forward; each is read as a role in it, which moto need not know."""
        members = [account for account in self._ecr if account != ACCOUNT]
        self._pipeline.configure(
            HUB_ACCOUNT_ID=ACCOUNT,
            DESCRIBE_ROLE_ARN="arn:aws:iam::{account}:role/describe",
            DESCRIBE_EXTERNAL_ID="hub",
            SPOKE_ACCOUNT_IDS=" ".join(members),
            SPOKE_REGISTRY_ROLE_ARN="arn:aws:iam::{account}:role/qualys-registry",
        )

        def client_as(role_arn: str, _external_id: str, service: str, _region: str) -> Any:
            return aws_client("ecs") if service == "ecs" else self._ecr[role_arn.split(":")[4]]

        patch.setattr(clients, "client_as", client_as)


def _account(number: int) -> str:
    return ACCOUNT if number == 0 else f"{200_000_000_000 + number}"
