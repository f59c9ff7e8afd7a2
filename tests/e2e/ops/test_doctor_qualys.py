"""The way to Qualys, and Qualys' way to images. Each is broken and seen."""

import base64
import itertools
import json
import re
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from ops.doctor.findings import Verdict
from sandbox import images
from sandbox.aws import ACCOUNT, REGION, REPOSITORY
from sandbox.installation import Installation
from tests.e2e.registration import register

from .examination import PREFIX, Break, assert_seen, failing, look

ROLE = f"{PREFIX}-registry-{REGION}"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/{ROLE}"
POLICY = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly"
DAY = 86_400
_numbers = itertools.count(1)


def token(seconds: float) -> str:
    """An access token that ends in so many seconds, as a JWT."""
    parts = ({"alg": "none"}, {"exp": int(time.time() + seconds), "n": next(_numbers)}, {"s": 1})
    return ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts
    )


def store(installation: Installation, text: str) -> None:
    installation.client("secretsmanager").put_secret_value(
        SecretId=installation.outputs["qualys_secret_arn"], SecretString=text
    )


@pytest.fixture(scope="module")
def scanned(installation: Installation) -> Installation:
    """A token that says its end, and a first scan, so that nothing is unknown."""
    grant(90 * DAY)(installation)
    scan(installation)
    installation.client("ecr").register_pull_time_update_exclusion(principalArn=ROLE_ARN)
    return installation


def scan(installation: Installation, **behaviour: Any) -> None:
    """Has a new image scanned, and waits for the end."""
    name = f"doctor-{next(_numbers)}"
    installation.client("ecr").create_repository(repositoryName=name)
    pushed = images.push(installation.client("ecr"), name, images.build(name), "1")
    if behaviour:
        installation.qualys.control.behave(name, **behaviour)
    installation.ecs.register_task_definition(
        family=name, containerDefinitions=[{"name": "app", "image": pushed.by_tag}]
    )
    installation.wait_until_idle()


def test_all_is_well(scanned: Installation) -> None:
    found = look(scanned.aws)
    assert {name: each.reason for name, each in found.items() if each.verdict != "pass"} == {}
    assert not [each for each in found.values() if each.remedy]


def fail(**fault: Any) -> Any:
    return lambda installation: installation.qualys.control.fail(times=0, **fault)


def change(**values: Any) -> Any:
    """Another scenario at Qualys."""
    return lambda installation: installation.qualys.control.scenario(**values)


def delete_secret(installation: Installation) -> None:
    installation.client("secretsmanager").delete_secret(
        SecretId=installation.outputs["qualys_secret_arn"], RecoveryWindowInDays=7
    )


def put(text: str) -> Any:
    """Something else in the secret."""
    return lambda installation: store(installation, text)


def grant(seconds: float) -> Any:
    """Another token that Qualys takes, for so many seconds."""

    def store_granted(installation: Installation) -> None:
        made = token(seconds)
        installation.qualys.control.grant_token(made)
        store(installation, json.dumps({"token": made}))

    return store_granted


def detach_policy(installation: Installation) -> None:
    installation.client("iam").detach_role_policy(RoleName=ROLE, PolicyArn=POLICY)


def delete_role(installation: Installation) -> None:
    detach_policy(installation)
    installation.client("iam").delete_role(RoleName=ROLE)


def trust(**changes: Any) -> Any:
    """Replaces members of the one statement of the role's trust."""

    def update(installation: Installation) -> None:
        iam = installation.client("iam")
        policy = iam.get_role(RoleName=ROLE)["Role"]["AssumeRolePolicyDocument"]
        (statement,) = policy["Statement"]
        policy["Statement"] = [{**statement, **changes}]
        iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=json.dumps(policy))

    return update


def nothing(_installation: Installation) -> None:
    """An installation as it was applied."""


def register_with_another_role(installation: Installation) -> None:
    """After a scan, which has connected our role."""
    scan(installation)
    register(installation, f"arn:aws:iam::{ACCOUNT}:role/another")


BREAKS = [
    Break("gateway-reachable", fail(drop=True), "ConnectionError", "curl --verbose http"),
    Break("gateway-reachable", fail(status=503), "HTTP 503", "curl --verbose http"),
    Break(
        "secret-readable",
        delete_secret,
        "marked for deletion",
        "aws secretsmanager restore-secret --secret-id arn:aws:secretsmanager:",
    ),
    Break("secret-readable", put("a token"), "must be JSON with token", "aws secretsmanager put-"),
    Break(
        "credential-accepted",
        put(json.dumps({"token": token(90 * DAY)})),
        "HTTP 401",
        "aws secretsmanager put-secret-value --secret-id arn:aws:secretsmanager:",
    ),
    Break(
        "credential-accepted",
        change(denied_permissions=["CS.IMAGE.VIEW"]),
        "HTTP 403",
        "give its user or client API access",
    ),
    Break("credential-life", grant(3 * DAY), "ends in 2 days", "aws secretsmanager put-"),
    Break("credential-life", grant(3 * 3600), "ends in 2 hours", "aws secretsmanager put-"),
    Break("credential-life", grant(-60), "has ended", "aws secretsmanager put-"),
    Break(
        "registry-role",
        detach_policy,
        "may not read ECR",
        f"aws iam attach-role-policy --role-name {ROLE} --policy-arn {POLICY}",
    ),
    Break("registry-role", delete_role, "does not exist", "make deploy CREATE_ROLE=true"),
    Break(
        "registry-trust",
        trust(Principal={"AWS": "arn:aws:iam::999900009999:root"}),
        "trusts arn:aws:iam::999900009999:root, and Qualys is 900000000009",
        "make deploy CREATE_ROLE=true",
    ),
    Break(
        "external-id",
        change(external_id=4712),
        "asks for 4711004711, and Qualys presents 4712",
        "make deploy CREATE_ROLE=true",
    ),
    Break("external-id", trust(Condition={}), "no external id", "make deploy CREATE_ROLE=true"),
    Break(
        "registry-connected",
        register_with_another_role,
        "is read as arn:aws:iam::111111111111:role/another",
        "Qualys' Container Security > Assets > Registries",
    ),
    Break(
        "pull-time-excluded",
        nothing,
        f"{ROLE} is not excluded",
        "aws ecr register-pull-time-update-exclusion",
        Verdict.HINT,
    ),
    Break("sensor-alive", change(sensor="absent"), "has no sensor", "start a Registry"),
    Break("sensor-alive", change(sensor="stopped"), "no Registry Sensor runs", "start a"),
]


@pytest.mark.parametrize("broken", BREAKS, ids=lambda each: f"{each.check}: {each.reason[:30]}")
def test_exactly_that_line_fails(broken: Break, breakable: Installation) -> None:
    assert_seen(broken, breakable)


def test_a_clock_that_is_an_hour_behind(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the Date header of the simulator, which is a thread of this process."""
    an_hour_ago = formatdate(time.time() - 3600, usegmt=True)
    monkeypatch.setattr(BaseHTTPRequestHandler, "date_time_string", lambda *_: an_hour_ago)
    assert_seen(Break("clocks-agree", nothing, "s behind AWS'", "ask Qualys Support"), installation)


def test_a_token_of_unknown_life_is_unknown(breakable: Installation) -> None:
    found = look(breakable.aws)
    assert failing(found) == {}
    assert found["credential-life"].verdict is Verdict.UNKNOWN


def test_what_rests_on_the_gateway_is_unknown_without_it(breakable: Installation) -> None:
    fail(drop=True)(breakable)
    found = look(breakable.aws)
    resting = ("credential-accepted", "registry-trust", "external-id", "sensor-alive")
    assert {found[name].verdict for name in resting} == {Verdict.UNKNOWN}
    assert {found[name].reason for name in resting} == {
        "the gateway cannot be reached: see gateway-reachable"
    }


def test_who_may_not_read_is_notified_so(installation: Installation) -> None:
    """An operator without any permission: nothing fails, and nothing passes for it."""
    nothing = {"Version": "2012-10-17", "Statement": []}
    allowed = {
        "Effect": "Allow",
        "Action": ["lambda:Get*", "events:Describe*", "states:Describe*", "sqs:GetQueueUrl"],
        "Resource": "*",
    }
    operator = installation.aws.create_user("operator", {**nothing, "Statement": [allowed]})
    found = look(installation.aws, principal=operator)
    assert failing(found) == {}
    assert found["secret-readable"].verdict is Verdict.UNKNOWN
    assert "secretsmanager:GetSecretValue" in found["secret-readable"].remedy
    assert found["trail-exists"].reason == "DescribeTrails: AccessDeniedException"
    assert found["registry-trust"].reason == (
        "there is no credential to ask with: see secret-readable"
    )


def test_what_the_page_lists_is_all_it_needs_and_it_only_reads(scanned: Installation) -> None:
    page = (REPOSITORY / "docs/troubleshooting.md").read_text().split("## Permissions")[1]
    actions = page.split("```")[1].split()
    assert all(re.search(r":(Describe|Get|List|Simulate|Test|Decrypt)", each) for each in actions)
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    reader = scanned.aws.create_user("reader", policy)
    scanned.qualys.control.forget_calls()
    found = look(scanned.aws, principal=reader)
    assert {name: each.reason for name, each in found.items() if each.verdict != "pass"} == {}
    assert {call["method"] for call in scanned.qualys.control.calls()} == {"GET"}


def test_no_finding_shows_the_credential(breakable: Installation) -> None:
    text = "canary-of-the-doctor"
    contents = (
        text,
        json.dumps({"token": text}),
        json.dumps({"username": "u", "password": text}),
    )
    for content in contents:
        store(breakable, content)
        assert text not in repr(look(breakable.aws))
