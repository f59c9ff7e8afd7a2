"""An installation in this process: the real machines and handlers, moto's AWS, a simulated
Qualys."""

from __future__ import annotations

import json
import re
import time
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import requests
from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.sns.models import sns_backends

from image_scan.contracts import READERS
from image_scan.state.registries import RegistryCache
from image_scan.state.table import StateTable
from sandbox.qualys import Clock, Credentials, HeldImages, PulledImage, QualysSimulator
from sandbox.qualys.auth import Accounts
from tests.support import definitions, environments, tables
from tests.support.builders import ACCOUNT, HOST, REGION, client_error
from tests.support.environments import Lambda, aws_client
from tests.support.fake_ecr import FakeEcr
from tests.support.machine import Machine, Run, TaskFailed
from tests.support.virtual_time import VirtualTime
from tests.support.wire import CSAPI, AwsCalls, Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

    from image_scan.contracts import Reader
    from sandbox.qualys.control import SimulatorControl

TOKEN = "an-access-token"
CREDENTIALS = Credentials((TOKEN,), {"robot": "secret"}, {"client": "client-secret"})
REPOSITORY = "shop/app"
TAG = "1.4.2"
URI = f"{HOST}/{REPOSITORY}:{TAG}"
SHA = "c" * 64  # the config digest of the image that every test begins with
Json = dict[str, Any]
_DAY = 86_400


def verdict(run: Run) -> str:
    """What a scan execution came to."""
    return str(run.output["Payload"]["verdict"]) if run.status == "SUCCEEDED" else run.error


def reason(run: Run) -> str:
    return str(run.output["Payload"]["reason"]) if run.status == "SUCCEEDED" else run.cause


def ended(run: Run) -> tuple[str, str]:
    """The verdict, and the name of the error that made it; empty where there was none."""
    named = re.match(r"([A-Z]\w+): ", reason(run))
    return verdict(run), named[1] if named else ""


@contextmanager
def simulated() -> Iterator[QualysSimulator]:
    """Qualys, for one installation after another; a job is listed at once and then scanned."""
    at_once = {"queue_seconds": 0.0, "listing_seconds": 0.0}
    with QualysSimulator(CREDENTIALS, scenario=at_once, clock=Clock(frozen=True)) as running:
        yield running


@contextmanager
def installed(simulator: QualysSimulator, patch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    """An installation that has never scanned anything, with one new image pushed to ECR.

    No function of it may fail but by an error that the package declares.
    """
    with mock_aws():
        made = Pipeline(simulator, patch)
        made.push()
        yield made
        assert made.functions.crashes == []


class Pipeline:
    """One installation, one subscription, and what tests do with both."""

    def __init__(self, simulator: QualysSimulator, patch: pytest.MonkeyPatch) -> None:
        self.qualys: SimulatorControl = simulator.control
        self.time = VirtualTime(simulator.clock.now, self.qualys.advance)
        self.functions = Lambda(self.time)
        self.ecr = FakeEcr()
        self.aws_calls = AwsCalls(lambda: self.functions.current)
        self.wire = Wire()
        self.max_polls = 30
        self.held = _as_new(simulator)
        self._world = simulator.world
        self._gateway = simulator.url
        self._patch = patch
        self._starting: list[tuple[str, Json]] = []
        self._inputs: dict[str, Json] = {}
        self._ended: set[str] = set()
        self._failed_events: list[Json] = []
        self._events = 0
        self._make_account()
        environments.install(self.functions, self.ecr, patch)
        self.aws_calls.watch(patch)
        self.wire.tap(patch)

    # The scene.

    def push(
        self, repository: str = REPOSITORY, tag: str = TAG, config: str = SHA, host: str = HOST
    ) -> str:
        """Pushes an image of one platform; returns its digest."""
        digest = self.ecr.push(repository, tag, config)
        pulled = PulledImage(config=f"sha256:{config}", manifest=digest, resolved=digest)
        self.held.push(host, repository, {tag: pulled})
        return digest

    def push_index(
        self, tag: str, images: dict[str, str], pulled: str = "linux/amd64", **own_tags: str
    ) -> str:
        """Pushes an index of configs by platform; returns its digest.

        The sensor pulls the platform `pulled`. `own_tags` are of images, by their architecture.
        """
        manifests = {}
        for platform, config in images.items():
            own = own_tags.get(platform.split("/")[1])
            untagged = self.ecr.push(REPOSITORY, config=config)
            manifests[platform] = self.push(tag=own, config=config) if own else untagged
        index = self.ecr.push_index(
            REPOSITORY, tag, *((at, each) for each, at in manifests.items())
        )
        taken = PulledImage(f"sha256:{images[pulled]}", manifests[pulled], index)
        self.held.push(HOST, REPOSITORY, {tag: taken})
        return index

    def ecr_refuses(self) -> None:
        """ECR does not let the functions read any image; Qualys' own role still does."""

        def refused(**_: Any) -> Any:
            raise client_error("AccessDeniedException", message="not authorized")

        self._patch.setattr(self.ecr, "batch_get_image", refused)

    def find(self, *severities: int, key: str = REPOSITORY, **changes: Any) -> None:
        """What the next scans find: one finding per severity, by digest, name or name and tag."""
        found = [
            {"qid": 1000 + number, "title": f"finding {number}", "severity": severity, **changes}
            for number, severity in enumerate(severities)
        ]
        self.qualys.set_findings(key, found)

    def spoil(self, path: str, method: str = "GET", **fault: Any) -> int:
        """A fault for calls of a pattern below /csapi/v1.3; see `Fault` for its values."""
        return self.qualys.fail(CSAPI + path, method=method, **fault)

    def sign_in_with(self, **secret: str) -> None:
        """The credential secret as it is from now on."""
        aws_client("secretsmanager").put_secret_value(
            SecretId="qualys", SecretString=json.dumps(secret)
        )

    def rotate(self, old: Json, new: dict[str, str]) -> None:
        """A new credential: Qualys knows it and not the old one, and the secret holds it."""
        accounts = self._world.accounts
        accounts.tokens -= {old.get("token", "")}
        accounts.expire()
        accounts.tokens |= {new["token"]} if "token" in new else set()
        if "username" in new:
            accounts.users[new["username"]] = new["password"]
        if "client_id" in new:
            accounts.clients[new["client_id"]] = new["client_secret"]
        self.sign_in_with(**new)

    def have_registry(self) -> None:
        """As after earlier scans: the registry is there and cached."""
        role = f"arn:aws:iam::{ACCOUNT}:role/qualys-registry"
        body = {
            "registryType": "AWS",
            "registryUri": f"https://{HOST}",
            "credentialType": "AWS",
            "aws": {"accountId": ACCOUNT, "arn": role, "region": REGION, "accountType": "Global"},
        }
        self._ask("POST", "/registry", json=body)
        (made,) = self.qualys.state()["registries"]
        registry_cache = RegistryCache(self.state, self.time.time)
        registry_cache.remember(ACCOUNT, REGION, made["registryUuid"])
        self.qualys.forget_calls()
        self.wire.sent.clear()

    def delete_registry(self) -> None:
        """Somebody deletes it at Qualys; the cache does not know."""
        (made,) = self.qualys.state()["registries"]
        self._ask("DELETE", "/registry", params={"registryIds": made["registryUuid"]})
        self.time.sleep(1)
        self.qualys.forget_calls()

    def forget_registry(self) -> None:
        """As on the next day: the registry has to be asked for at Qualys."""
        self.state.delete(f"registry#{ACCOUNT}#{REGION}")

    def configure(self, **values: str) -> None:
        """Environment variables of the functions, whose environments then begin again."""
        for name, value in values.items():
            self._patch.setenv(name, value)
        self.functions.forget()

    # What happens.

    def event(self, uri: str = URI, service: str = "web", architecture: str = "x86_64") -> Json:
        """A task that was run from one image, as CloudTrail has it."""
        self._events += 1
        definition = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task-definition/{service}:1"
        task = {
            "taskDefinitionArn": definition,
            "clusterArn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/prod",
            "attributes": [{"name": "ecs.cpu-architecture", "value": architecture}],
            "containers": [{"name": "app", "image": uri}],
        }
        return {
            "id": f"event-{self._events}",
            "source": "aws.ecs",
            "detail-type": "AWS API Call via CloudTrail",
            "account": ACCOUNT,
            "region": REGION,
            "detail": {
                "eventSource": "ecs.amazonaws.com",
                "eventName": "RunTask",
                "requestParameters": {"taskDefinition": definition},
                "responseElements": {"tasks": [task], "failures": []},
            },
        }

    def intake(self, event: Json) -> Run:
        """One event through the intake; the scans that it starts wait for `scans`."""
        return self._machine("intake").run(event, f"intake-{event.get('id')}")

    def announce(self, uri: str = URI, service: str = "web", architecture: str = "x86_64") -> None:
        """A deployment of an image; `scans` says whether it starts a scan."""
        run = self.intake(self.event(uri, service, architecture))
        assert run.status == "SUCCEEDED", (run.error, run.cause)

    def scans(self) -> list[Run]:
        """The scans that were started since, one after the other."""
        started, self._starting = self._starting, []
        return [self._scan(*each) for each in started]

    def scans_together(self) -> list[Run]:
        """The scans that were started since, all at once."""
        started, self._starting = self._starting, []
        return self.time.together([partial(self._scan, *each) for each in started])

    def scan(self, uri: str = URI, service: str = "web", architecture: str = "x86_64") -> Run:
        """A deployment of an image that has to be scanned, to the end of its scan."""
        self.announce(uri, service, architecture)
        (run,) = self.scans()
        return run

    # What came of it.

    def item(self, key: str) -> Json:
        """An item of the cache table as plain values; empty when there is none."""
        answer = aws_client("dynamodb").get_item(
            TableName=definitions.TABLE, Key={"imageDigest": {"S": key}}
        )
        read = TypeDeserializer().deserialize
        return {name: read(value) for name, value in answer.get("Item", {}).items()}

    @property
    def state(self) -> StateTable:
        return StateTable(aws_client("dynamodb"), tables.STATE)

    def items(self) -> list[Json]:
        """The cache table as DynamoDB holds it."""
        return list(aws_client("dynamodb").scan(TableName=definitions.TABLE)["Items"])

    def notifications(self) -> list[Json]:
        """The messages for machines, in their order."""
        return [json.loads(message) for message in self.published("machines")]

    def published(self, reader: Reader) -> list[str]:
        """The messages of a topic, in their order."""
        sent = sns_backends[ACCOUNT][REGION].topics[self.topics[reader]].sent_notifications
        return [message for _, message, *_ in sent]

    def failed_events(self) -> list[Json]:
        """What is in the failed-events queue: each body, with its `error` beside it."""
        sqs = aws_client("sqs")
        while found := sqs.receive_message(
            QueueUrl=self._queue, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages"):
            for each in found:
                sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=each["ReceiptHandle"])
                error = each["MessageAttributes"]["Error"]["StringValue"]
                self._failed_events.append({**json.loads(each["Body"]), "error": error})
        return self._failed_events

    def calls(self) -> list[str]:
        """Each call to Qualys in order: the method, and the route as the documents write it."""
        routes = [f"{each['method']} {each['route']}" for each in self.qualys.calls()]
        return [route.replace(CSAPI, "").replace("_id}", "}") for route in routes]

    def secret_reads(self) -> int:
        return self.aws_calls.counts["GetSecretValue"]

    # The machines and what they call.

    def _ask(self, method: str, path: str, **values: Any) -> None:
        """What the subscription's owner does at Qualys."""
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        url = f"{self._gateway}{CSAPI}{path}"
        requests.request(method, url, headers=bearer, timeout=5, **values).raise_for_status()

    def _make_account(self) -> None:
        self._patch.setenv("QUALYS_GATEWAY_URL", self._gateway)
        tables.create(aws_client("dynamodb"))
        sns = aws_client("sns")
        self.topics = {reader: sns.create_topic(Name=reader)["TopicArn"] for reader in READERS}
        self._patch.setenv("TOPIC_ARNS", json.dumps(self.topics))
        self._queue = aws_client("sqs").create_queue(QueueName="failed-events")["QueueUrl"]
        aws_client("secretsmanager").create_secret(
            Name="qualys", SecretString=json.dumps({"token": TOKEN})
        )

    def _machine(self, name: str) -> Machine:
        connectors: dict[str, Callable[[Json, float], Any]] = {
            "lambda:invoke": self._invoke,
            "sqs:sendMessage": self._send_message,
            "dynamodb:updateItem": self._update_item,
            "states:startExecution": self._start_execution,
        }
        definition = definitions.rendered(name, self.max_polls)
        return Machine(definition, connectors, self.time.sleep, name)

    def _scan(self, name: str, payload: Json) -> Run:
        run = self._machine("scan").run(payload, name)
        self._ended.add(name)
        return run

    def _invoke(self, arguments: Json, seconds: float) -> Json:
        assert set(arguments) == {"FunctionName", "Payload"}
        payload = self.functions.invoke(arguments["FunctionName"], arguments["Payload"], seconds)
        return {"StatusCode": 200, "ExecutedVersion": "$LATEST", "Payload": payload}

    def _send_message(self, arguments: Json, _seconds: float) -> Json:
        """As the integration does it: a body that is an object is sent as its JSON."""
        assert arguments["QueueUrl"] == definitions.QUEUE_URL
        body = arguments["MessageBody"]
        sent = {**arguments, "QueueUrl": self._queue}
        sent["MessageBody"] = body if isinstance(body, str) else json.dumps(body)
        return _aws("SQS", lambda: aws_client("sqs").send_message(**sent))

    def _update_item(self, arguments: Json, _seconds: float) -> Json:
        return _aws("DynamoDB", lambda: aws_client("dynamodb").update_item(**arguments))

    def _start_execution(self, arguments: Json, _seconds: float) -> Json:
        """A name runs once; asked for again with the same input while it runs, it is that one."""
        assert set(arguments) == {"StateMachineArn", "Name", "Input"}
        assert arguments["StateMachineArn"] == definitions.SCAN_ARN
        name, payload = arguments["Name"], arguments["Input"]
        assert re.fullmatch(r"[\w-]{1,80}", name, re.ASCII)
        known = self._inputs.setdefault(name, payload)
        if name in self._ended or known != payload:
            raise TaskFailed("StepFunctions.ExecutionAlreadyExistsException", name)
        if known is payload:
            self._starting.append((name, payload))
        return {"ExecutionArn": f"{definitions.SCAN_ARN}:{name}", "StartDate": 0}


def _as_new(simulator: QualysSimulator) -> HeldImages:
    """Makes it forget what the installation before has done; the images that it holds from now
    on. Its clock stands at noon of today: the minutes that a test takes are of one day."""
    simulator.control.reset()
    noon = time.time() // _DAY * _DAY + _DAY / 2
    simulator.clock.advance(noon - simulator.clock.now())
    simulator.world.accounts = Accounts(
        set(CREDENTIALS.tokens), dict(CREDENTIALS.users), dict(CREDENTIALS.clients)
    )
    held = simulator.image_source
    assert isinstance(held, HeldImages)
    vars(held).update(vars(HeldImages()))
    return held


def _aws(service: str, call: Callable[[], Json]) -> Json:
    try:
        answer = call()
    except ClientError as error:
        stated = error.response["Error"]
        raise TaskFailed(f"{service}.{stated['Code']}", stated["Message"]) from error
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}
