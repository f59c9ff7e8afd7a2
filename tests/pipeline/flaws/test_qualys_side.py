"""Flaws F26, F31b, F33, F37 and F38: which role, platform and credential Qualys is met with."""

from __future__ import annotations

import ast
import base64
import json
import logging
import re
from typing import TYPE_CHECKING, Any

import boto3
import hcl2
import pytest
import requests

from image_scan.errors import ImageNotScannable
from image_scan.handlers import get_registry
from image_scan.qualys.credentials import Credentials
from tests.support import definitions
from tests.support.builders import (
    ACCOUNT,
    API,
    GATEWAY,
    HOST,
    NOW,
    REGION,
    image,
    listed,
    scan_input,
)
from tests.support.pipeline import TOKEN, Pipeline, installed, simulated, verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    import responses
    from mypy_boto3_dynamodb import DynamoDBClient

    from sandbox.qualys import QualysSimulator
    from tests.support.doubles import Clock

REPOSITORY = definitions.REPOSITORY
TERRAFORM = sorted([*REPOSITORY.glob("*.tf"), *REPOSITORY.glob("modules/**/*.tf")])
CODE = sorted(REPOSITORY.glob("functions/**/*.py"))
UUID = "0a1d9b9a-3bab-42ec-a894-4d5969a47616"
# The platforms of the subscription page that Qualys' own tools list.
PODS = {
    "US1": "https://gateway.qg1.apps.qualys.com",
    "US2": "https://gateway.qg2.apps.qualys.com",
    "US3": "https://gateway.qg3.apps.qualys.com",
    "US4": "https://gateway.qg4.apps.qualys.com",
    "EU1": "https://gateway.qg1.apps.qualys.eu",
    "EU2": "https://gateway.qg2.apps.qualys.eu",
    "EU3": "https://gateway.qg3.apps.qualys.it",
    "IN1": "https://gateway.qg1.apps.qualys.in",
    "CA1": "https://gateway.qg1.apps.qualys.ca",
    "AE1": "https://gateway.qg1.apps.qualys.ae",
    "UK1": "https://gateway.qg1.apps.qualys.co.uk",
    "AU1": "https://gateway.qg1.apps.qualys.com.au",
    "KSA1": "https://gateway.qg1.apps.qualysksa.com",
    "GOV1": "https://gateway.gov1.qualys.us",
}


def block(path: str, kind: str, *names: str) -> dict[str, Any]:
    """A block of a Terraform file, or of a file below modules/."""
    with (REPOSITORY / path).open() as text:
        found: Any = hcl2.load(text)[kind]
    for each in found:
        inner = each
        for name in names:
            inner = next((inner[key] for key in (name, f'"{name}"') if key in inner), None)
            if inner is None:
                break
        else:
            return dict(inner)
    raise AssertionError(f"{path} has no {kind} {names}")


@pytest.fixture(scope="module")
def simulator() -> Iterator[QualysSimulator]:
    with simulated() as running:
        yield running


@pytest.fixture
def first_run(dynamodb: DynamoDBClient, answers: responses.RequestsMock) -> responses.RequestsMock:
    """A subscription without registry and connector, that takes what it is given."""
    secrets = boto3.client("secretsmanager", region_name=REGION)
    secrets.create_secret(Name="qualys", SecretString=json.dumps({"token": "t"}))
    answers.get(f"{API}/registry", status=204)
    answers.get(f"{API}/registry", status=204)
    answers.get(re.compile(f"{API}/registry/aws/connectors/.*"), status=204)
    answers.get(f"{API}/registry/aws-base", json={"accountId": "9", "externalId": 1})
    answers.post(f"{API}/registry/aws/connector", status=201)
    answers.post(f"{API}/registry", status=201)
    row = {"registryUuid": UUID, "registryUri": f"https://{HOST}"}
    answers.get(f"{API}/registry", json=listed(row))
    return answers


def sent(answers: responses.RequestsMock) -> list[Any]:
    """The bodies of what was created: the connector, then the registry."""
    posts = [call.request for call in answers.calls if call.request.method == "POST"]
    return [json.loads(request.body or "") for request in posts]


@pytest.mark.parametrize(
    "arn",
    [
        f"arn:aws:iam::{ACCOUNT}:role/our-own-role",
        f"arn:aws:iam::{ACCOUNT}:role/security/scanners/qualys",
        "arn:aws:iam::999999999999:role/shared",
    ],
)
def test_f26_qualys_gets_the_role_that_was_given(
    environment: pytest.MonkeyPatch, first_run: responses.RequestsMock, arn: str
) -> None:
    """An existing role was asked for, and the name of one that nobody had made was sent."""
    environment.setenv("QUALYS_ROLE_ARN", arn)
    assert get_registry.handler(scan_input(), None)["uuid"] == UUID
    connector, registry = sent(first_run)
    assert (connector["arn"], registry["aws"]["arn"]) == (arn, arn)
    asked = [
        call.request.path_url for call in first_run.calls if "connectors" in str(call.request.url)
    ]
    assert asked == [f"/csapi/v1.3/registry/aws/connectors/{arn.split(':')[4]}"]


def test_f26_the_given_role_goes_from_the_variable_to_the_function() -> None:
    role = block("modules/iam-role/outputs.tf", "output", "role_arn")["value"]
    assert role.endswith("var.registry_role.existing_arn}")
    assert "local.create ?" in role
    assert block("main.tf", "module", "iam_role")["registry_role"] == "${var.registry_role}"
    handed = block("main.tf", "module", "workflow")["registry_role_arn"]
    assert handed == "${module.iam_role.role_arn}"
    functions = (REPOSITORY / "modules/workflow/functions.tf").read_text()
    assert re.findall(r"QUALYS_ROLE_ARN\s*=\s*(\S+)", functions) == ["var.registry_role_arn"]


def test_f31b_every_platform_of_qualys_has_its_gateway() -> None:
    """GOV1, EU3 and KSA1 were missing, and others listed wrong ones."""
    listed = json.loads((REPOSITORY / "qualys_platforms.json").read_text())
    assert {name: platform["gateway"] for name, platform in listed.items()} == PODS


@pytest.mark.parametrize(("partition", "kind"), [("aws", "Global"), ("aws-us-gov", "US_Gov")])
def test_f31b_the_account_type_follows_the_partition(
    environment: pytest.MonkeyPatch,
    first_run: responses.RequestsMock,
    partition: str,
    kind: str,
) -> None:
    """It was Global everywhere."""
    environment.setenv("QUALYS_ROLE_ARN", f"arn:{partition}:iam::{ACCOUNT}:role/r")
    get_registry.handler(scan_input(), None)
    connector, registry = sent(first_run)
    assert (connector["accountType"], registry["aws"]["accountType"]) == (kind, kind)


def test_f31b_a_partition_without_qualys_is_a_verdict(
    environment: pytest.MonkeyPatch, first_run: responses.RequestsMock
) -> None:
    environment.setenv("QUALYS_ROLE_ARN", f"arn:aws-cn:iam::{ACCOUNT}:role/r")
    china = image(host=f"{ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn", region="cn-north-1")
    with pytest.raises(ImageNotScannable):
        get_registry.handler(scan_input(of=china), None)
    assert sent(first_run) == []


def test_f31b_no_partition_is_written_down() -> None:
    for path in [*TERRAFORM, *CODE, *(REPOSITORY / "modules").glob("*/*.asl.json")]:
        assert "arn:aws:" not in path.read_text(), path


def test_f33_nothing_here_may_write_to_iam() -> None:
    """A trust policy was rewritten, and every other principal locked out."""
    policies = [path for path in TERRAFORM if "aws_iam_policy_document" in path.read_text()]
    assert len(policies) > 3
    for path in policies:
        actions = re.findall(r'"((?:iam|sts):[^"]*)"', path.read_text())
        assert set(actions) <= {"sts:AssumeRole", "sts:ExternalId"}, path
        for statement in re.findall(r"statement \{.*?\n  \}\n", path.read_text(), re.DOTALL):
            # Only a trust policy has principals, and only there may a role be assumed.
            assert "sts:AssumeRole" not in statement or "principals" in statement, path
            assert not re.search(r'actions\s*=\s*\["\*"\]', statement), path


def test_f33_the_functions_know_no_iam() -> None:
    services = set()
    for path in CODE:
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "client":
                if call.args and isinstance(call.args[0], ast.Constant):
                    services.add(call.args[0].value)
                else:
                    # The one door to boto3, and our own client of Qualys.
                    assert path.name == "clients.py" or not call.args, path
    # STS to read a member account as its describe role.
    read = {"ecr", "ecs", "secretsmanager", "sts"}
    assert services <= read | {"dynamodb", "events", "lambda", "sns", "stepfunctions"}


def test_f33_the_machines_call_neither() -> None:
    for machine in definitions.MACHINES:
        for name, state in definitions.tasks(machine).items():
            assert not re.search(r":(aws-sdk|iam|sts):", state["Resource"]), name


def jwt(number: int, expires: int) -> str:
    claims = base64.urlsafe_b64encode(json.dumps({"exp": expires}).encode()).decode().rstrip("=")
    return f"head-{number}.{claims}.signature"


@pytest.mark.parametrize(
    ("secret", "door"),
    [
        ({"username": "ann", "password": "p"}, "auth"),
        ({"client_id": "c", "client_secret": "s"}, "auth/oauth"),
    ],
    ids=["user", "client"],
)
def test_f37_a_token_that_ends_is_minted_again_in_time(
    clock: Clock, answers: responses.RequestsMock, secret: dict[str, str], door: str
) -> None:
    """The JWT of a user was stored as the secret: the installation was dead after four hours."""
    hours = 4 * 3600
    for number in range(3):
        answers.post(f"{GATEWAY}/{door}", status=201, body=jwt(number, NOW + hours * (number + 1)))
    reads: list[int] = []

    def read() -> str:
        reads.append(1)
        return json.dumps(secret)

    credentials = Credentials(requests.Session(), GATEWAY, read, clock)
    used = []
    for _ in range(3 * hours // 60 - 10):
        token = credentials.token()
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        assert claims["exp"] > clock(), "it has ended"
        used.append(token)
        clock.now += 60
    assert len(set(used)) == len(answers.calls) == 3
    assert len(reads) == 1


def test_f37_a_day_of_scans_with_a_user_needs_no_hand(
    simulator: QualysSimulator, environment: pytest.MonkeyPatch
) -> None:
    with installed(simulator, environment) as pipeline:
        pipeline.sign_in_with(username="robot", password="secret")
        for number in range(4):
            pipeline.push(config=f"{number:064x}")
            assert verdict(pipeline.scan()) == "CLEAN"
            pipeline.time.sleep(6 * 3600)
        assert pipeline.notifications() == []


@pytest.mark.held("the credential")
def test_f37_terraform_keeps_the_credential_nowhere() -> None:
    """It was a stack parameter and on command lines, and each deployment wrote it again."""
    variable = block("variables.tf", "variable", "qualys_credentials")
    assert (variable["ephemeral"], variable["sensitive"]) == (True, True)
    version = block(
        "modules/workflow/secret.tf", "resource", "aws_secretsmanager_secret_version", "qualys"
    )
    assert "secret_string" not in version
    assert "var.qualys_credentials" in version["secret_string_wo"]
    # A rotated secret is written over only when somebody says that a new one is meant.
    assert version["secret_string_wo_version"] == "${var.qualys_credentials_version}"
    written = [path for path in TERRAFORM if "var.qualys_credentials" in path.read_text()]
    assert {path.name for path in written} == {"main.tf", "secret.tf", "variables.tf"}


@pytest.mark.held("the credential")
def test_f37_no_environment_and_no_machine_carries_the_credential() -> None:
    functions = (REPOSITORY / "modules/workflow/functions.tf").read_text()
    assert not re.search(r"(?i)token|password|client_secret|qualys_credentials", functions)
    for machine in definitions.MACHINES:
        assert not re.search(r"(?i)token|password|secret", definitions.text(machine)), machine


BODY = "canary-in-a-body"
SECRETS = ("canary-token", "canary-password", "canary-client-secret")
REFUSAL = {"errorCode": "400 BAD_REQUEST", "message": f"author {BODY} monkey", "timestamp": 1}


@pytest.fixture
def watched(
    simulator: QualysSimulator,
    environment: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Watched]:
    with installed(simulator, environment) as pipeline:
        yield Watched(pipeline, environment, caplog, capsys)


class Watched:
    """An installation whose every output is recorded, with every logger as talkative as it can
    be."""

    def __init__(
        self,
        pipeline: Pipeline,
        environment: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self.pipeline = pipeline
        self._caplog = caplog
        self._capsys = capsys
        self._written: list[str] = []
        self._runs: list[str] = []
        environment.setenv("LOG_LEVEL", "DEBUG")

    def listen(self) -> None:
        """From now on; what the test itself says to AWS is no output of the functions."""
        for name in ("", "boto3", "botocore", "urllib3", "requests"):
            # An earlier test may have quietened it, which is for the functions to do.
            self._caplog.set_level(logging.NOTSET + 1, logger=name or None)
        self._caplog.clear()
        self._capsys.readouterr()

    def scan(self, number: int) -> str:
        """One new image; what came of it."""
        self.pipeline.push(config=f"{number:064x}")
        run = self.pipeline.scan()
        self._runs.append(repr(run))
        return verdict(run)

    def everything(self) -> str:
        written = self._capsys.readouterr()
        tables = self.pipeline.items()
        records = [
            f"{each.name} {each.getMessage()} {each.exc_text}" for each in self._caplog.records
        ]
        parts = [written.out, written.err, *records, *self._runs, repr(tables)]
        return "\n".join(
            [*parts, repr(self.pipeline.notifications()), repr(self.pipeline.failed_events())]
        )


@pytest.mark.parametrize(
    "secret",
    [
        {"token": SECRETS[0]},
        {"username": "robot", "password": SECRETS[1]},
        {"client_id": "client", "client_secret": SECRETS[2]},
    ],
    ids=["token", "user", "client"],
)
@pytest.mark.held("the credential")
def test_f38_no_credential_is_ever_written(watched: Watched, secret: dict[str, str]) -> None:
    """Not while it works, nor when it is refused, nor when nobody answers."""
    watched.pipeline.rotate({"token": TOKEN}, secret)
    watched.listen()
    assert watched.scan(1) == "CLEAN"
    watched.pipeline.functions.forget()
    faults: list[dict[str, Any]] = [{"status": 401, "body": SECRETS[0]}, {"drop": True}]
    for number, fault in enumerate(faults, 2):
        spoiled = watched.pipeline.qualys.fail(".*", times=0, **fault)
        assert watched.scan(number) != "CLEAN"
        watched.pipeline.qualys.fix(spoiled)
    text = watched.everything()
    assert "image_scan" in text or "completed" in text
    for value in (*SECRETS, "Bearer", "eyJ"):
        assert value not in text, text[max(0, text.find(value) - 300) : text.find(value) + 100]


@pytest.mark.parametrize("rows", ["detector", "declared"])
@pytest.mark.parametrize("required", ["vulnerabilities", "vulnerabilities malware"])
def test_no_value_of_a_secret_is_ever_written(watched: Watched, rows: str, required: str) -> None:
    """Wherever Qualys puts it, in a verdict with findings and in one that is an error."""
    watched.pipeline.configure(REQUIRE_EXAMINED=required)
    secret = {"secretDetector": "AWS Access Key", "severity": "LOW", "value": BODY, "match": BODY}
    odd = {"value": BODY, "details": {"found": BODY}}
    watched.pipeline.qualys.behave(examines=["secrets"], secrets=[secret], secret_rows=rows)
    watched.listen()
    expected = "ERROR" if "malware" in required else "FINDINGS"
    assert watched.scan(1) == expected
    image = "/images/[0-9a-f]{64}"
    watched.pipeline.wire.rewrites[image] = lambda body: {**body, "secrets": [odd]}
    assert watched.scan(2) == ("ERROR" if "malware" in required else "CLEAN")
    text = watched.everything()
    assert ("AWS Access Key" in text) == (expected == "FINDINGS")
    assert BODY not in text, text[max(0, text.find(BODY) - 300) : text.find(BODY) + 100]


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404, 409, 429, 500])
def test_f38_no_answer_is_quoted(watched: Watched, status: int) -> None:
    """The first 500 characters of each error were logged, whatever was in them."""
    paths = (
        ("POST", "/registry/aws/connector"),
        ("POST", "/registry"),
        ("GET", "/registry/[^/]+/schedule"),
        ("GET", "/images/[0-9a-f]{64}"),
        ("GET", "/images/[0-9a-f]{64}/vuln"),
        ("POST", "/registry/[^/]+/schedule"),
    )
    watched.listen()
    failed = 0
    for number, (method, path) in enumerate(paths, 1):
        spoiled = watched.pipeline.spoil(path, method, status=status, body=REFUSAL, times=0)
        failed += watched.scan(number) != "CLEAN"
        watched.pipeline.qualys.fix(spoiled)
        watched.pipeline.functions.forget()
    assert failed >= 3
    text = watched.everything()
    assert BODY not in text, text[max(0, text.find(BODY) - 300) : text.find(BODY) + 100]


@pytest.mark.parametrize("fault", [{"garble": True}, {"truncate": 40}], ids=str)
def test_f38_half_an_answer_is_not_quoted_either(watched: Watched, fault: dict[str, Any]) -> None:
    watched.pipeline.find(5, result=BODY, title=BODY)
    watched.listen()
    watched.pipeline.spoil("/images/[0-9a-f]{64}/vuln", times=0, **fault)
    assert watched.scan(1) == "ERROR"
    assert BODY not in watched.everything()
