"""What the sandbox does not show: shapes of answers, refusals, installations of other kinds."""

import base64
import io
import json
import ssl
import time
from collections.abc import Mapping
from typing import Any, NoReturn

import pytest
import requests
from botocore.exceptions import EndpointConnectionError
from rich.console import Console

from image_scan.errors import ConfigurationError, QualysForbidden, QualysUnavailable
from ops.deploy import terraform_command
from ops.deploy.terraform_command import Command, described
from ops.doctor import activity, clocks, credential, hub, parts, pull_times, registry, trails
from ops.doctor.checks import CHECKS, Check
from ops.doctor.findings import Finding, Unanswered, Verdict
from ops.doctor.here import INSTALLATION, Here
from ops.doctor.report import is_healthy, show
from ops.doctor.subscription import AwsBase, Secret, Subscription
from ops.installation import Installation
from tests.support.builders import NOW, client_error

ACCOUNT, REGION, PREFIX = "111111111111", "eu-west-1", "qualys-image-scan"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/qualys"


class Client:
    """Answers each operation with a value, or an error to be raised."""

    def __init__(self, **answers: Any) -> None:
        self._answers = answers

    def __getattr__(self, operation: str) -> Any:
        def call(**arguments: Any) -> Any:
            answer = self._answers[operation]
            answer = answer(arguments) if callable(answer) else answer
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


class Session:
    region_name = REGION

    def __init__(self, clients: Mapping[str, Client]) -> None:
        self._clients = clients

    def client(self, service: str, **_: str) -> Client:
        return self._clients[service]


def make_here(environment: Mapping[str, str] | None = None, /, **clients: Client) -> Here:
    return here_of(PREFIX, REGION, environment, **clients)


def here_of(
    prefix: str, region: str, environment: Mapping[str, str] | None = None, /, **clients: Client
) -> Here:
    session: Any = Session(clients)
    here = Here(Installation(session, ACCOUNT, "aws", region, prefix))
    here.kinds = frozenset({"installation"})
    here.environment = environment or {}
    return here


# Trails


def selectors(**answer: Any) -> Here:
    trail = {"Name": "audit", "TrailARN": "arn:trail", "IsOrganizationTrail": True}
    return make_here(
        cloudtrail=Client(
            describe_trails={"trailList": [trail]},
            get_trail_status={"IsLogging": True},
            get_event_selectors=answer,
        )
    )


def advanced(**fields: Any) -> Finding:
    stated = [{"Field": name, **how} for name, how in fields.items()]
    return trails.trail_write_events(selectors(AdvancedEventSelectors=[{"FieldSelectors": stated}]))


MANAGEMENT = {"eventCategory": {"Equals": ["Management"]}}


@pytest.mark.parametrize(
    "fields",
    [
        MANAGEMENT,
        {**MANAGEMENT, "readOnly": {"Equals": ["false"]}},
        {**MANAGEMENT, "eventSource": {"NotEquals": ["kms.amazonaws.com"]}},
        {**MANAGEMENT, "eventSource": {"Equals": ["ecs.amazonaws.com"]}},
    ],
)
def test_advanced_selectors_that_record_ecs_writes(fields: dict[str, Any]) -> None:
    assert advanced(**fields).verdict is Verdict.PASS


@pytest.mark.parametrize(
    "fields",
    [
        {"eventCategory": {"Equals": ["Data"]}},
        {**MANAGEMENT, "readOnly": {"Equals": ["true"]}},
        {**MANAGEMENT, "eventSource": {"NotEquals": ["ecs.amazonaws.com"]}},
        {**MANAGEMENT, "eventSource": {"Equals": ["iam.amazonaws.com"]}},
    ],
)
def test_advanced_selectors_that_do_not(fields: dict[str, Any]) -> None:
    """Of a trail that is not ours: it is left alone, and one of our own is proposed."""
    found = advanced(**fields)
    assert found.verdict is Verdict.FAIL
    assert found.remedy == "make deploy VAR_create_trail=true"


@pytest.mark.parametrize("code", ["AccessDeniedException", "TrailNotFoundException"])
def test_what_a_member_may_not_read_of_the_organizations_trail(code: str) -> None:
    here = make_here(
        cloudtrail=Client(
            describe_trails={"trailList": [{"Name": "audit", "TrailARN": "arn:trail"}]},
            get_trail_status=client_error(code),
            get_event_selectors=client_error(code),
        )
    )
    assert trails.trail_logging(here).verdict is Verdict.UNKNOWN
    assert trails.trail_write_events(here).verdict is Verdict.UNKNOWN


# The hub's bus


def bus(here: Here, *statements: Mapping[str, Any]) -> Finding:
    stated = [
        {"Effect": "Allow", "Action": "events:PutEvents", "Principal": "*", **each}
        for each in statements
    ]
    policy = json.dumps({"Statement": stated})
    clients = {"events": Client(describe_event_bus={"Policy": policy} if statements else {})}
    clients["organizations"] = Client(describe_organization={"Organization": {"Id": "o-ours"}})
    return hub.hub_bus(make_here(here.environment, **clients))


def root(account: str) -> dict[str, Any]:
    return {"Principal": {"AWS": f"arn:aws:iam::{account}:root"}}


REGIONAL = make_here()
LISTED = make_here({"HUB_ACCOUNT_ID": ACCOUNT, "SPOKE_ACCOUNT_IDS": "222222222222 333333333333"})
WHOLE = make_here({"HUB_ACCOUNT_ID": ACCOUNT, "SPOKE_ACCOUNT_IDS": ""})
ORGANIZATION = {"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-ours"}}}


@pytest.mark.parametrize(
    ("here", "statements"),
    [
        (REGIONAL, [root(ACCOUNT)]),
        (LISTED, [root("222222222222"), root("333333333333")]),
        (WHOLE, [ORGANIZATION]),
    ],
)
def test_a_bus_that_lets_in_whom_it_should(here: Here, statements: list[dict[str, Any]]) -> None:
    assert bus(here, *statements).verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("here", "statements", "missing", "remedy"),
    [
        (REGIONAL, [], ACCOUNT, "make deploy"),
        (REGIONAL, [root("222222222222")], ACCOUNT, "make deploy"),
        (LISTED, [root("222222222222")], "333333333333", "make deploy-hub"),
        (WHOLE, [root("222222222222")], "o-ours", "make deploy-hub"),
    ],
)
def test_a_bus_that_does_not(
    here: Here, statements: list[dict[str, Any]], missing: str, remedy: str
) -> None:
    found = bus(here, *statements)
    assert (found.verdict, found.remedy) == (Verdict.FAIL, remedy)
    assert found.reason.endswith(missing)


# Qualys


def ask(here: Here, **answers: Any) -> Here:
    """Its subscription answers with these."""
    made = Subscription(here)
    for name, value in answers.items():
        made.__dict__[name] = value
    here.qualys = made
    return here


def sensor(**row: Any) -> Finding:
    return registry.sensor_alive(ask(make_here(), refusal=None, client=None, sensors=lambda: [row]))


def ago(seconds: float) -> str:
    return str(int((time.time() - seconds) * 1000))


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        ({"sensorType": "REGISTRY", "status": "Running", "lastCheckedIn": ago(60)}, "pass"),
        ({"sensorType": "Registry", "status": "RUNNING", "lastCheckedIn": ago(60)}, "pass"),
        ({"sensorType": "REGISTRY", "status": "Running", "lastCheckedIn": ago(7200)}, "fail"),
        ({"sensorType": "REGISTRY", "status": "Running", "lastCheckedIn": None}, "unknown"),
        ({"sensorType": "REGISTRY", "status": "Unknown", "lastCheckedIn": ago(60)}, "fail"),
        ({"sensorType": "REGISTRY", "status": None, "lastCheckedIn": ago(60)}, "fail"),
        ({"sensorType": "GENERAL", "status": "Running", "lastCheckedIn": ago(60)}, "fail"),
        ({}, "fail"),
    ],
)
def test_a_sensor(row: dict[str, Any], verdict: str) -> None:
    assert sensor(**row).verdict == verdict


def brought(external_id: str = "1", stated: str = "") -> Here:
    """A role that somebody else made, with Qualys' account 9 and its external id 7."""
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": "arn:aws:iam::999999999999:root"},
        "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
    }
    role = {"Arn": ROLE, "AssumeRolePolicyDocument": {"Statement": [statement]}}
    here = make_here(
        {"QUALYS_ROLE_ARN": ROLE, "QUALYS_EXTERNAL_ID": stated},
        iam=Client(get_role={"Role": role}),
    )
    return ask(here, client=None, refusal=None, base=AwsBase("999999999999", "7"))


def test_a_role_that_was_brought_is_fixed_where_it_is() -> None:
    found = registry.external_id(brought())
    assert found.verdict is Verdict.FAIL
    assert found.remedy.startswith("aws iam update-assume-role-policy --role-name qualys ")
    document = json.loads(found.remedy.split("'")[1])
    (statement,) = document["Statement"]
    assert statement["Condition"] == {"StringEquals": {"sts:ExternalId": "7"}}
    assert statement["Principal"] == {"AWS": "arn:aws:iam::999999999999:root"}


def test_functions_that_have_another_external_id() -> None:
    found = registry.external_id(brought("7", stated="6"))
    assert (found.verdict, found.remedy) == (Verdict.FAIL, "make deploy CREATE_ROLE=true")
    assert registry.external_id(brought("7", stated="7")).verdict is Verdict.PASS


def test_a_brought_role_that_is_gone() -> None:
    here = make_here({"QUALYS_ROLE_ARN": ROLE}, iam=Client(get_role=client_error("NoSuchEntity")))
    found = registry.registry_role(here)
    assert found.remedy == "make deploy EXISTING_ROLE_ARN=<of a role that exists>"


def test_a_role_of_another_account_is_looked_at_there() -> None:
    here = make_here({"QUALYS_ROLE_ARN": ROLE.replace(ACCOUNT, "2" * 12)})
    with pytest.raises(Unanswered, match="222222222222: run the doctor there"):
        registry.registry_role(here)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('{"token": "t"}', ("token",)),
        ('{"username": "u", "password": "p"}', ("username", "password")),
        ('{"client_id": "c", "client_secret": "s"}', ("client_id", "client_secret")),
    ],
)
def test_kinds_of_credential(text: str, names: tuple[str, ...]) -> None:
    here = make_here(
        {"QUALYS_SECRET_ARN": "arn:aws:secretsmanager:eu-west-1:1:secret:q"},
        secretsmanager=Client(get_secret_value={"SecretString": text}),
    )
    assert here.qualys.secret.names == names
    found = credential.credential_life(here)
    assert found.verdict == ("unknown" if names == ("token",) else "pass")


@pytest.mark.parametrize(
    "text",
    [
        *("", "token", "null", "[]", '{"token": ""}', '{"token": 1}', '{"username": "u"}'),
        '{"token": "two\\nlines"}',
        '{"token": "t", "proxy_user": "u"}',
        '{"token": "t", "proxy_user": "CORP:svc", "proxy_password": "p"}',
    ],
)
def test_what_is_no_credential(text: str) -> None:
    here = make_here(
        {"QUALYS_SECRET_ARN": "arn:aws:secretsmanager:eu-west-1:1:secret:q"},
        secretsmanager=Client(get_secret_value={"SecretString": text}),
    )
    with pytest.raises(ConfigurationError):
        _ = here.qualys.secret
    found = credential.secret_readable(here)
    assert (found.verdict, "put-secret-value" in found.remedy) == (Verdict.FAIL, True)
    with pytest.raises(Unanswered, match="see secret-readable"):
        credential.credential_life(here)
    with pytest.raises(Unanswered, match="see secret-readable"):
        _ = ask(here, greeting=requests.Response()).qualys.transport


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("AccessDeniedException", "unknown"),
        ("ResourceNotFoundException", "fail"),
        ("InvalidRequestException", "fail"),
    ],
)
def test_a_secret_that_is_not_given(code: str, verdict: str) -> None:
    here = make_here(
        {"QUALYS_SECRET_ARN": "arn:aws:secretsmanager:eu-west-1:1:secret:q"},
        secretsmanager=Client(get_secret_value=client_error(code)),
    )
    assert credential.secret_readable(here).verdict == verdict


@pytest.mark.parametrize("claims", [[], {}, {"exp": None}, {"exp": "soon"}, "text"])
def test_a_token_of_which_no_end_is_known(claims: Any) -> None:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    here = ask(make_here(), secret=Secret("arn", json.dumps({"token": f"a.{body}.c"}), ("token",)))
    assert credential.credential_life(here).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException"])
def test_a_ca_bundle_that_cannot_be_read(code: str) -> None:
    here = make_here(
        {
            "QUALYS_GATEWAY_URL": "https://gateway.example.com",
            "CA_BUNDLE_ARN": "arn:aws:secretsmanager:eu-west-1:1:secret:ca",
            "CA_BUNDLE_VERSION": "1",
        },
        secretsmanager=Client(get_secret_value=client_error(code)),
    )
    with pytest.raises(Unanswered, match=f"the CA bundle .* cannot be read: {code}"):
        credential.gateway_reachable(here)


def test_a_ca_bundle_without_a_certificate() -> None:
    here = make_here(
        {
            "QUALYS_GATEWAY_URL": "https://gateway.example.com",
            "CA_BUNDLE_ARN": "arn:aws:secretsmanager:eu-west-1:1:secret:ca",
            "CA_BUNDLE_VERSION": "1",
        },
        secretsmanager=Client(
            get_secret_value={
                "SecretString": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"
            }
        ),
    )
    here.kinds = frozenset({INSTALLATION})
    found = credential.gateway_reachable(here)
    assert found == Finding(
        Verdict.FAIL,
        "the CA bundle has no certificate that can be read",
        "make deploy CA_BUNDLE=<file>",
    )
    with pytest.raises(Unanswered, match="see gateway-reachable"):
        _ = here.qualys.transport


def test_a_wrong_configuration_fails_whatever_check_meets_it() -> None:
    def check(_: Here) -> NoReturn:
        raise ConfigurationError("it cannot be read")

    here = make_here()
    here.kinds = frozenset({INSTALLATION})
    found = Check(check, here.kinds).run(here)
    assert found == Finding(Verdict.FAIL, "it cannot be read", "make deploy")


def test_a_certificate_that_is_not_trusted() -> None:
    reason = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED]")
    reason.verify_message = "unable to get local issuer certificate"
    here = make_here({"QUALYS_GATEWAY_URL": "https://gateway.example.com"})
    here = ask(here, greeting=requests.exceptions.SSLError(reason))
    here.kinds = frozenset({INSTALLATION})
    found = credential.gateway_reachable(here)
    assert found.verdict is Verdict.FAIL
    assert "is not trusted (unable to get local issuer certificate)" in found.reason
    assert found.remedy == "make deploy CA_BUNDLE=<file>"


@pytest.mark.parametrize(
    ("cause", "remedy"),
    [
        ("QualysUntrusted: GET /registry: ...", "make deploy CA_BUNDLE=<file>"),
        ("ProxyUnauthorized: GET /registry: ...", "proxy_user and proxy_password into the secret"),
        ("ScanFailed: of the image", "make status"),
    ],
)
def test_what_fails_all_scans_has_its_remedy(cause: str, remedy: str) -> None:
    states = Client(
        list_executions={"executions": [{"status": "FAILED", "executionArn": "arn"}]},
        describe_execution={"status": "FAILED", "error": "ERROR", "cause": cause},
    )
    here = make_here(stepfunctions=states)
    here.kinds = frozenset({INSTALLATION})
    found = activity.scans_succeed(here)
    assert found.verdict is Verdict.FAIL
    assert remedy in found.remedy


@pytest.mark.held("the credential")
def test_no_representation_of_a_secret_shows_it() -> None:
    assert "canary" not in repr(Secret("arn", '{"token": "canary"}', ("token",)))


def test_an_environment_that_may_not_be_decrypted() -> None:
    here = make_here()
    here.functions = {"parse-event": {"Environment": {"Error": {"ErrorCode": "AccessDenied"}}}}
    with pytest.raises(Unanswered, match="cannot be decrypted"):
        here.setting("QUALYS_ROLE_ARN")


# Pull times


class OldEcr(Client):
    """Of an SDK that does not know the operation."""

    def __getattr__(self, operation: str) -> NoReturn:
        raise AttributeError(operation)


def exclusions(answer: Any) -> Finding:
    ecr = OldEcr() if answer is None else Client(list_pull_time_update_exclusions=answer)
    check = Check(pull_times.pull_time_excluded, frozenset({"installation"}))
    return check.run(make_here({"QUALYS_ROLE_ARN": ROLE}, ecr=ecr))


def in_pages(arguments: dict[str, str]) -> dict[str, Any]:
    if "nextToken" not in arguments:
        return {"pullTimeUpdateExclusions": [f"{ROLE}-other"], "nextToken": "2"}
    return {"pullTimeUpdateExclusions": [ROLE]}


DENIED = client_error("AccessDeniedException", operation="ListPullTimeUpdateExclusions")
UNSUPPORTED = client_error("UnsupportedCommandException", operation="ListPullTimeUpdateExclusions")


@pytest.mark.parametrize(
    ("answer", "verdict", "reason", "remedy"),
    [
        (in_pages, "pass", "leave the pull times", ""),
        (
            {"pullTimeUpdateExclusions": [f"{ROLE}-other"]},
            "hint",
            "each scan moves the last pull time",
            f"aws ecr register-pull-time-update-exclusion --principal-arn {ROLE} --region {REGION}",
        ),
        (DENIED, "unknown", "you may not read", "be allowed ecr:ListPullTimeUpdateExclusions"),
        (UNSUPPORTED, "unknown", "ListPullTimeUpdateExclusions: UnsupportedCommand", ""),
        (None, "unknown", "this boto3 is too old", "pip install --upgrade boto3"),
    ],
    ids=["excluded", "not excluded", "denied", "unsupported", "old SDK"],
)
def test_whether_the_sensors_pulls_are_recorded(
    answer: Any, verdict: str, reason: str, remedy: str
) -> None:
    found = exclusions(answer)
    assert (found.verdict, found.remedy) == (verdict, remedy)
    assert reason in found.reason


def test_a_hint_does_not_make_an_installation_unhealthy() -> None:
    check = Check(pull_times.pull_time_excluded, frozenset({"installation"}))
    assert is_healthy([(check, exclusions({"pullTimeUpdateExclusions": []}))])


# Clocks


def at(seconds: float) -> str:
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(NOW + seconds))


@pytest.mark.parametrize(
    ("aws", "qualys", "verdict", "words"),
    [
        (0, 0, "pass", "0 s apart"),
        (100, 100, "pass", "0 s apart"),
        (600, 600, "fail", "this machine's clock is -"),
        (-600, 0, "fail", "this machine's clock is +"),
        (0, 300, "fail", "ahead of"),
        (0, -300, "fail", "behind"),
        (60, -90, "fail", "behind"),
    ],
)
def test_clocks(
    monkeypatch: pytest.MonkeyPatch, aws: float, qualys: float, verdict: str, words: str
) -> None:
    monkeypatch.setattr(time, "time", lambda: NOW)
    headers = {"ResponseMetadata": {"HTTPHeaders": {"date": at(aws)}}}
    here = make_here(sts=Client(get_caller_identity=headers))
    answer = requests.Response()
    answer.headers["Date"] = at(qualys)
    ask(here, greet=lambda: answer)
    found = clocks.clocks_agree(here)
    assert found.verdict == verdict
    assert words in found.reason


def test_an_answer_without_a_date() -> None:
    here = make_here(sts=Client(get_caller_identity={"ResponseMetadata": {"HTTPHeaders": {}}}))
    with pytest.raises(Unanswered):
        clocks.clocks_agree(here)


# Parts, and what is run


@pytest.mark.parametrize(
    ("state", "verdict"),
    [
        ({"State": "Active", "LastUpdateStatus": "Successful"}, "pass"),
        ({"State": "Inactive"}, "pass"),
        ({"State": "Pending"}, "unknown"),
        ({"State": "Failed", "StateReason": "no role"}, "fail"),
        ({"State": "Active", "LastUpdateStatus": "Failed"}, "fail"),
    ],
)
def test_states_of_a_function(state: dict[str, str], verdict: str) -> None:
    here = make_here(
        **{"lambda": Client(get_function_configuration={"FunctionName": "f", **state})}
    )
    assert parts.functions_active(here).verdict == verdict


@pytest.mark.parametrize(
    ("state", "remedy"),
    [("Disabled", "enable-key"), ("PendingDeletion", "cancel-key-deletion")],
)
def test_states_of_the_key(state: str, remedy: str) -> None:
    here = make_here(
        sqs=Client(
            get_queue_url={"QueueUrl": "url"},
            get_queue_attributes={"Attributes": {"KmsMasterKeyId": "key"}},
        ),
        kms=Client(describe_key={"KeyMetadata": {"KeyState": state}}),
    )
    found = parts.key_enabled(here)
    assert found.verdict is Verdict.FAIL
    assert found.remedy == f"aws kms {remedy} --key-id key --region {REGION}"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Unanswered("nobody knows"), "nobody knows"),
        (
            client_error("ThrottlingException", operation="DescribeRule"),
            "DescribeRule: ThrottlingException",
        ),
        (EndpointConnectionError(endpoint_url="u"), "AWS cannot be asked: EndpointConnectionError"),
        (
            QualysUnavailable("GET /sensors: HTTP 503"),
            "Qualys cannot be asked: QualysUnavailable: GET /sensors: HTTP 503",
        ),
        (
            QualysForbidden("GET /sensors: HTTP 403"),
            "Qualys cannot be asked: QualysForbidden: GET /sensors: HTTP 403",
        ),
    ],
)
def test_what_cannot_be_answered_is_unknown(error: Exception, reason: str) -> None:
    def some_check(_here: Here) -> Finding:
        raise error

    check = Check(some_check, frozenset({"installation"}))
    assert check.name == "some-check"
    assert check.run(make_here()) == Finding(Verdict.UNKNOWN, reason)


@pytest.mark.parametrize(
    ("prefix", "region", "command"),
    [
        (PREFIX, REGION, "make deploy"),
        ("second", REGION, "make deploy NAME_PREFIX=second"),
        ("second", "us-east-1", "make deploy NAME_PREFIX=second REGION=us-east-1"),
    ],
)
def test_a_remedy_finds_the_same_installation(prefix: str, region: str, command: str) -> None:
    here = here_of(prefix, region)
    assert here.deploy == command
    assert here.deploy_members.startswith("make deploy-spoke-stackset")
    assert ("NAME_PREFIX=second" in here.deploy_members) == (prefix == "second")


def test_the_first_line_names_the_terraform_here_and_what_is_supported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        terraform_command, "find_command", lambda: Command("/opt/tofu", "OpenTofu", "1.11.0")
    )
    console = Console(record=True, width=200, file=io.StringIO())
    show(make_here(), [(CHECKS[0], Finding(Verdict.PASS, "is there"))], described(), console)
    assert console.export_text().splitlines()[0] == (
        f"installation {PREFIX} in {ACCOUNT} {REGION}; OpenTofu 1.11.0 (supported: Terraform 1.11 "
        "or newer, or OpenTofu 1.11 or newer)"
    )
    monkeypatch.setattr(terraform_command, "find_command", lambda: None)
    assert described().startswith("no Terraform here (supported: Terraform 1.11 or newer")
