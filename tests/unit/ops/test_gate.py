"""make gate and make admit: what the deployment gate does, and would do."""

from __future__ import annotations

import io
import json
import time
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import structlog
from botocore.exceptions import ClientError
from rich.console import Console

from image_scan.errors import AwsRejected
from image_scan.gate import bypass, lifecycle
from ops import scan, scan_target
from ops.errors import OpsError
from ops.gate import admit, command, decisions, settings
from ops.installation import Installation
from tests.support import tables
from tests.support.builders import ACCOUNT, HOST, NOW, REGION
from tests.support.fake_ecr import FakeEcr
from tests.support.fake_services import CLUSTER, DAY, FakeServices

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient

    from image_scan.cache.table import CacheTable

Json = dict[str, Any]
APP = f"{HOST}/shop/app:1"
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:unit-deployment-gate"
NONE = {"critical": 0, "high": 0, "medium": 0, "low": 0}
GATE = {
    "GATE_MODE": "audit",
    "GATE_ON_UNDECIDED": "block",
    "GATE_POLICY": json.dumps({"min_severity": "high"}),
    "GATE_DEADLINE_MINUTES": "60",
    "GATE_ROLLBACK_DAYS": "7",
    "GATE_HOOK": json.dumps({"targetType": "AWS_LAMBDA", "roleArn": "role"}),
}


def console() -> Console:
    return Console(record=True, file=io.StringIO(), width=200)


class Functions:
    """Lambda, as far as it shows the gate's function."""

    def __init__(self, values: dict[str, str]) -> None:
        self.values = values

    def get_function_configuration(self, FunctionName: str) -> Json:  # noqa: N803 - boto3's name
        assert FunctionName == "unit-deployment-gate"
        if not self.values:
            error = {"Error": {"Code": "ResourceNotFoundException", "Message": "no function"}}
            raise ClientError(error, "GetFunctionConfiguration")  # type: ignore[arg-type]
        return {"FunctionArn": FUNCTION, "Environment": {"Variables": self.values}}


@dataclass
class Account:
    """An account with a gate, a registry and a service."""

    table: CacheTable
    ecs: Any = field(default_factory=FakeServices)
    ecr: FakeEcr = field(default_factory=FakeEcr)
    functions: Functions = field(default_factory=lambda: Functions(dict(GATE)))

    @property
    def installation(self) -> Installation:
        def client(service: str, region_name: str = REGION, **_: Any) -> Any:
            fakes = {"ecs": self.ecs, "ecr": self.ecr.in_region(region_name)}
            fakes["lambda"] = self.functions
            return fakes.get(service) or boto3.client(service, region_name=region_name)  # type: ignore[call-overload]

        session: Any = SimpleNamespace(client=client, region_name=REGION)
        return Installation(session, ACCOUNT, "aws", REGION, "unit", "operator")

    def know(self, digest: str, verdict: str, **more: Any) -> None:
        counts = {**NONE, "high": int(verdict == "FINDINGS")}
        facts = {
            "imageDigest": digest,
            "status": verdict,
            "ttl": 2 * NOW,
            "acquired_at": 2000 * NOW,
            "account_id": ACCOUNT,
            "region": REGION,
            "repository": "shop/app",
        }
        self.table.put({**facts, "counts": counts, "workloads": {}, **more})

    def admit(self, **options: Any) -> tuple[int, Json]:
        """The exit status, and what is printed as JSON."""
        given = {"image": APP, "service": "", "platform": "linux/amd64", "wait": False}
        arguments: Any = SimpleNamespace(**{**given, "json": True, **options})
        status = admit.run(arguments, shown := console())
        return status, json.loads(shown.export_text())


@pytest.fixture
def account(
    dynamodb: DynamoDBClient, table: CacheTable, monkeypatch: pytest.MonkeyPatch
) -> Account:
    made = Account(table)
    monkeypatch.setattr(Installation, "cache_table", tables.CACHE)
    monkeypatch.setattr(Installation, "state_table", tables.STATE)
    monkeypatch.setattr(scan_target, "_is_missing", lambda *_: False)
    monkeypatch.setattr(Installation, "of", lambda _: made.installation)
    return made


def page(*, as_json: bool = False, hook: str | None = None) -> str:
    shown = console()
    given: Any = SimpleNamespace(since="1d", json=as_json, hook=hook)
    command.run(given, shown)
    return shown.export_text()


def gate(_: Account) -> Json:
    return dict(json.loads(page(as_json=True)))


@pytest.mark.parametrize(
    ("verdict", "status", "effect"), [("CLEAN", 0, "allowed"), ("FINDINGS", 1, "blocked")]
)
def test_the_verdict_is_the_exit_status(
    account: Account, verdict: str, status: int, effect: str
) -> None:
    account.know(account.ecr.push("shop/app", "1"), verdict)
    found, reported = account.admit()
    assert (found, reported["effect"], reported["image"]) == (status, effect, APP)


def test_the_functions_code_logs_to_stderr_only_while_the_command_runs(account: Account) -> None:
    account.know(account.ecr.push("shop/app", "1"), "CLEAN")
    before = structlog.get_config()
    account.admit()
    assert structlog.get_config() == before


def test_the_policy_is_that_of_the_gate(account: Account) -> None:
    account.functions.values["GATE_POLICY"] = json.dumps({"min_severity": "critical"})
    account.know(account.ecr.push("shop/app", "1"), "FINDINGS")
    assert account.admit()[0] == 0


def test_an_image_without_a_verdict_is_scanned_only_when_asked(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = account.ecr.push("shop/app", "1")
    sent = []

    def send(_: Any, asked: Json, *_more: Any, **__: Any) -> Json:
        sent.append(asked["detail"])
        account.know(digest, "CLEAN")
        return {}

    monkeypatch.setattr(scan, "send", send)
    status, reported = account.admit()
    assert (status, reported["waiting"], sent) == (3, True, [])
    status, reported = account.admit(wait=True, platform="linux/amd64")
    assert (status, reported["effect"]) == (0, "allowed")
    assert (sent[0]["image"], sent[0]["platform"]) == (APP, "linux/amd64")


@pytest.mark.parametrize(("on_undecided", "status"), [("block", 1), ("allow", 0)])
def test_a_scan_without_a_result_is_undecided(
    account: Account, monkeypatch: pytest.MonkeyPatch, on_undecided: str, status: int
) -> None:
    account.functions.values["GATE_ON_UNDECIDED"] = on_undecided
    digest = account.ecr.push("shop/app", "1")
    failed = {"reason": "the sensor failed"}
    monkeypatch.setattr(scan, "send", lambda *_, **__: account.know(digest, "ERROR", **failed))
    found, reported = account.admit(wait=True)
    assert (found, reported["decision"]) == (status, "undecided")
    assert reported["reasons"] == [f"{APP}: ERROR: the sensor failed"]


def test_a_failure_from_before_is_scanned_again(account: Account) -> None:
    account.know(account.ecr.push("shop/app", "1"), "ERROR", acquired_at=1)
    assert account.admit()[0] == 3


def test_what_runs_in_the_service_may_be_deployed_there(account: Account) -> None:
    digest = account.ecr.push("shop/app", "1")
    account.know(digest, "FINDINGS")
    account.ecs.deploy({"app": APP}, at=2 * NOW, status="SUCCESSFUL", digests={"app": digest})
    status, reported = account.admit(service="prod/web")
    assert (status, reported["why"]) == (0, ["runs or ran in this service"])
    assert account.admit()[0] == 1


def test_the_tag_of_the_service_opens_the_gate(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.know(account.ecr.push("shop/app", "1"), "FINDINGS")
    monkeypatch.setattr(bypass, "read", lambda *_: SimpleNamespace(until="2026-02-03"))
    status, reported = account.admit(service="prod/web")
    assert (status, reported["effect"], reported["bypass_until"]) == (0, "bypassed", "2026-02-03")


@pytest.mark.parametrize("service", ["web", "prod/", "/web"])
def test_a_service_without_a_cluster_is_refused(account: Account, service: str) -> None:
    account.know(account.ecr.push("shop/app", "1"), "CLEAN")
    with pytest.raises(OpsError, match="cluster/service"):
        account.admit(service=service)


def test_aws_refuses_to_answer(account: Account) -> None:
    account.know(account.ecr.push("shop/app", "1"), "FINDINGS")
    account.ecs.trouble["ListServiceDeployments"] = AwsRejected("ecs: AccessDenied")
    with pytest.raises(OpsError, match="Nothing could be decided: ecs: AccessDenied"):
        account.admit(service="prod/web")


@pytest.mark.parametrize("ask", [Account.admit, gate])
def test_an_installation_without_a_gate_says_how_to_get_one(
    account: Account, ask: Callable[[Account], Any]
) -> None:
    account.ecr.push("shop/app", "1")
    account.functions.values = {}
    with pytest.raises(OpsError, match="has no deployment gate"):
        ask(account)


def test_the_words_for_people(account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    digest = account.ecr.push("shop/app", "1")

    def said() -> str:
        given = {"image": APP, "service": "", "platform": "linux/amd64", "wait": False}
        admit.run(SimpleNamespace(**given, json=False), shown := console())  # type: ignore[arg-type]
        return shown.export_text()

    assert "WAIT=1" in said()
    account.know(digest, "FINDINGS")
    assert said().splitlines()[0] == "It would be blocked."
    account.know(digest, "CLEAN")
    assert said().splitlines() == ["It would be let through.", "clean"]


def log(*lines: str) -> None:
    logs = boto3.client("logs", region_name=REGION)
    group = "/aws/lambda/unit-deployment-gate"
    logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName="1")
    events: Any = [
        {"timestamp": int(time.time() * 1000) - 10_000 + number, "message": line}
        for number, line in enumerate(lines)
    ]
    logs.put_log_events(logGroupName=group, logStreamName="1", logEvents=events)


def decided(effect: str) -> str:
    return json.dumps(
        {
            "event": "gate decided",
            "deployment": f"arn:aws:ecs:{REGION}:{ACCOUNT}:service-deployment/prod/web/1",
            "effect": effect,
            "decision": "block",
            "mode": "audit",
            "stage": "PRE_SCALE_UP",
            "bypass_until": "",
            "reasons": [f"{APP}: 1 high"],
            "images": [[APP, "block", "findings"]],
        }
    )


class Services:
    """ECS, as far as it lists services."""

    def __init__(self, *services: Json) -> None:
        self._services = services

    def get_paginator(self, name: str) -> Any:
        arns = [f"arn:{number}" for number in range(len(self._services))]
        pages = {
            "list_clusters": {"clusterArns": [CLUSTER]},
            "list_services": {"serviceArns": arns},
        }
        return SimpleNamespace(paginate=lambda **_: [pages[name]])

    def describe_services(self, cluster: str, services: list[str]) -> Json:
        assert cluster == CLUSTER
        found = [self._services[int(arn.removeprefix("arn:"))] for arn in services]
        return {"services": [{"clusterArn": CLUSTER, **each} for each in found]}


def test_gate_shows_services_with_the_hook_and_decisions(account: Account) -> None:
    hook = {"hookTargetArn": FUNCTION, "roleArn": "role", "lifecycleStages": ["PRE_SCALE_UP"]}
    enforcing = {**hook, "hookDetails": {"imageScanGateMode": "enforce"}}
    other = {**hook, "hookTargetArn": f"{FUNCTION}-of-somebody-else"}
    account.ecs = Services(
        {"serviceName": "web", "deploymentConfiguration": {"lifecycleHooks": [hook]}},
        {"serviceName": "pay", "deploymentConfiguration": {"lifecycleHooks": [enforcing]}},
        {"serviceName": "own", "deploymentConfiguration": {"lifecycleHooks": [other]}},
        *[{"serviceName": f"plain-{number}"} for number in range(9)],
    )
    log("START RequestId: 1", decided("allowed"), "gate decided, in no JSON", decided("blocked"))
    found = gate(account)
    assert found["services_total"] == 12
    assert [(each["service"], each["mode"]) for each in found["services"]] == [
        ("web", "audit"),
        ("pay", "enforce"),
    ]
    assert [each["effect"] for each in found["decisions"]] == ["blocked", "allowed"]
    assert found["decisions"][0]["service"] == "web"
    assert found["gate"]["policy"]["min_severity"] == "high"
    words = page()
    assert "2 of 12 have the hook" in words
    assert "not at POST_SCALE_UP" in words
    assert "prod/web" in words


@pytest.mark.parametrize("mode", ["gate", "enforce"])
def test_the_hook_is_for_the_aws_cli(account: Account, mode: str) -> None:
    (hook,) = json.loads(page(hook=mode))["lifecycleHooks"]
    assert (hook["hookTargetArn"], hook["roleArn"]) == (FUNCTION, "role")
    assert lifecycle.enforces(hook.get("hookDetails")) == (mode == "enforce")


def test_a_gate_that_was_never_asked_has_no_decisions(account: Account) -> None:
    account.ecs = Services()
    assert gate(account)["decisions"] == []
    assert decisions.since(account.installation, NOW - DAY) == []
    assert "No decision" in page()


def test_settings_are_those_of_the_function(account: Account) -> None:
    found = settings.require(account.installation)
    assert (found.mode, found.rules.mode, found.rules.on_undecided) == ("audit", "enforce", "block")
