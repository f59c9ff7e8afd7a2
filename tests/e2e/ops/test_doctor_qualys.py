"""The way to Qualys, and Qualys' way to images. Each is broken, seen, and mended."""

import base64
import itertools
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
import requests

from ops.doctor.findings import Verdict
from sandbox import images
from sandbox.aws import ACCOUNT, REGION, REPOSITORY
from sandbox.install import Install

from .examination import PREFIX, Break, assert_seen, failing, look

ROLE = f"{PREFIX}-registry-{REGION}"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/{ROLE}"
URI = f"https://{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
POLICY = "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly"
DAY = 86_400
_numbers = itertools.count(1)


def token(seconds: float) -> str:
    """An access token that ends in so many seconds, as a JWT."""
    parts = ({"alg": "none"}, {"exp": int(time.time() + seconds), "n": next(_numbers)}, {"s": 1})
    return ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts
    )


def store(install: Install, text: str) -> None:
    install.client("secretsmanager").put_secret_value(
        SecretId=install.outputs["qualys_secret_arn"], SecretString=text
    )


@pytest.fixture(scope="module", autouse=True)
def scanned(install: Install) -> Iterator[None]:
    """A token that tells its end, and a first scan, so that nothing is unknown."""
    long = token(90 * DAY)
    install.qualys.control.grant_token(long)
    store(install, json.dumps({"token": long}))
    scan(install)
    install.client("ecr").register_pull_time_update_exclusion(principalArn=ROLE_ARN)
    yield
    install.client("ecr").deregister_pull_time_update_exclusion(principalArn=ROLE_ARN)
    store(install, json.dumps({"token": install.token}))
    install.qualys.control.revoke_token(long)


def scan(install: Install, **behaviour: Any) -> None:
    """Has a new image scanned, and waits for the end."""
    name = f"doctor-{next(_numbers)}"
    install.client("ecr").create_repository(repositoryName=name)
    pushed = images.push(install.client("ecr"), name, images.build(name), "1")
    if behaviour:
        install.qualys.control.behave(name, **behaviour)
    install.ecs.register_task_definition(
        family=name, containerDefinitions=[{"name": "app", "image": pushed.by_tag}]
    )
    install.settle()


def test_all_is_well(install: Install) -> None:
    found = look(install.aws)
    assert {name: each.reason for name, each in found.items() if each.verdict != "pass"} == {}
    assert not [each for each in found.values() if each.remedy]


@contextmanager
def faulty(install: Install, **fault: Any) -> Iterator[None]:
    number = install.qualys.control.fail(times=0, **fault)
    try:
        yield
    finally:
        install.qualys.control.mend(number)


def gateway(**fault: Any) -> Any:
    return lambda install: faulty(install, **fault)


@contextmanager
def an_hour_behind(install: Install) -> Iterator[None]:
    """By the Date header of the simulator, which is a thread of this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            BaseHTTPRequestHandler,
            "date_time_string",
            lambda *_: formatdate(time.time() - 3600, usegmt=True),
        )
        yield


def subscription(**values: Any) -> Any:
    """Another scenario at Qualys, for a while."""

    @contextmanager
    def change(install: Install) -> Iterator[None]:
        now = install.qualys.control.scenario()
        install.qualys.control.scenario(**values)
        try:
            yield
        finally:
            install.qualys.control.scenario(**{name: now[name] for name in values})

    return change


@contextmanager
def secret_deleted(install: Install) -> Iterator[None]:
    secrets, arn = install.client("secretsmanager"), install.outputs["qualys_secret_arn"]
    secrets.delete_secret(SecretId=arn, RecoveryWindowInDays=7)
    try:
        yield
    finally:
        if "DeletedDate" in secrets.describe_secret(SecretId=arn):
            secrets.restore_secret(SecretId=arn)


def secret(text: str, granted: str = "") -> Any:
    """Something else in the secret, for a while; a token that Qualys accepts."""

    @contextmanager
    def change(install: Install) -> Iterator[None]:
        secrets, arn = install.client("secretsmanager"), install.outputs["qualys_secret_arn"]
        before = secrets.get_secret_value(SecretId=arn)["SecretString"]
        if granted:
            install.qualys.control.grant_token(granted)
        store(install, text)
        try:
            yield
        finally:
            store(install, before)

    return change


def ending_in(seconds: float) -> Any:
    made = token(seconds)
    return secret(json.dumps({"token": made}), granted=made)


@contextmanager
def detached(install: Install) -> Iterator[None]:
    iam = install.client("iam")
    iam.detach_role_policy(RoleName=ROLE, PolicyArn=POLICY)
    try:
        yield
    finally:
        iam.attach_role_policy(RoleName=ROLE, PolicyArn=POLICY)


@contextmanager
def not_excluded(install: Install) -> Iterator[None]:
    """The remedy excludes it again."""
    install.client("ecr").deregister_pull_time_update_exclusion(principalArn=ROLE_ARN)
    yield


@contextmanager
def no_role(install: Install) -> Iterator[None]:
    iam = install.client("iam")
    role = iam.get_role(RoleName=ROLE)["Role"]
    iam.detach_role_policy(RoleName=ROLE, PolicyArn=POLICY)
    iam.delete_role(RoleName=ROLE)
    try:
        yield
    finally:
        trust = json.dumps(role["AssumeRolePolicyDocument"])
        iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=trust)
        iam.attach_role_policy(RoleName=ROLE, PolicyArn=POLICY)


def trust(**changes: Any) -> Any:
    """The one statement of the role's trust, with some of its members replaced."""

    @contextmanager
    def change(install: Install) -> Iterator[None]:
        iam = install.client("iam")
        before = iam.get_role(RoleName=ROLE)["Role"]["AssumeRolePolicyDocument"]
        (statement,) = before["Statement"]
        changed = {**before, "Statement": [{**statement, **changes}]}
        iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=json.dumps(changed))
        try:
            yield
        finally:
            iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=json.dumps(before))

    return change


@contextmanager
def registered_with_another_role(install: Install) -> Iterator[None]:
    register(install, f"arn:aws:iam::{ACCOUNT}:role/another")
    try:
        yield
    finally:
        register(install, f"arn:aws:iam::{ACCOUNT}:role/{ROLE}")


def register(install: Install, role_arn: str) -> None:
    """The registry at Qualys anew, with a connector for a role."""
    api, headers = f"{install.qualys.url}/csapi/v1.3", {"Authorization": f"Bearer {install.token}"}
    for row in install.qualys.control.state()["registries"]:
        requests.delete(
            f"{api}/registry",
            params={"registryIds": row["registryUuid"]},
            headers=headers,
            timeout=9,
        ).raise_for_status()
    time.sleep(0.2)  # the deletion is a job
    aws = {"accountId": ACCOUNT, "arn": role_arn, "region": REGION, "accountType": "Global"}
    body = {"registryType": "AWS", "credentialType": "AWS", "registryUri": URI, "aws": aws}
    requests.post(f"{api}/registry", json=body, headers=headers, timeout=9).raise_for_status()


BREAKS = [
    Break("gateway-reachable", gateway(drop=True), "ConnectionError", "curl --verbose http"),
    Break("gateway-reachable", gateway(status=503), "HTTP 503", "curl --verbose http"),
    Break(
        "secret-readable",
        secret_deleted,
        "marked for deletion",
        "aws secretsmanager restore-secret --secret-id arn:aws:secretsmanager:",
    ),
    Break("secret-readable", secret("a token"), "no JSON with token", "aws secretsmanager put-"),
    Break(
        "credential-accepted",
        secret(json.dumps({"token": token(90 * DAY)})),
        "HTTP 401",
        "aws secretsmanager put-secret-value --secret-id arn:aws:secretsmanager:",
    ),
    Break(
        "credential-accepted",
        subscription(denied_permissions=["CS.IMAGE.VIEW"]),
        "HTTP 403",
        "give its user or client API access",
    ),
    Break("credential-life", ending_in(3 * DAY), "ends in 2 days", "aws secretsmanager put-"),
    Break("credential-life", ending_in(3 * 3600), "ends in 2 hours", "aws secretsmanager put-"),
    Break("credential-life", ending_in(-60), "has ended", "aws secretsmanager put-"),
    Break(
        "registry-role",
        detached,
        "may not read ECR",
        f"aws iam attach-role-policy --role-name {ROLE} --policy-arn {POLICY}",
    ),
    Break("registry-role", no_role, "does not exist", "make deploy CREATE_ROLE=true"),
    Break(
        "registry-trust",
        trust(Principal={"AWS": "arn:aws:iam::999900009999:root"}),
        "trusts arn:aws:iam::999900009999:root, and Qualys is 900000000009",
        "make deploy CREATE_ROLE=true",
    ),
    Break(
        "external-id",
        subscription(external_id=4712),
        "asks for 4711004711, and Qualys presents 4712",
        "make deploy CREATE_ROLE=true",
    ),
    Break("external-id", trust(Condition={}), "no external id", "make deploy CREATE_ROLE=true"),
    Break(
        "registry-connected",
        registered_with_another_role,
        "is read as arn:aws:iam::111111111111:role/another",
        "Qualys' Container Security > Configurations > Registries",
    ),
    Break(
        "pull-time-excluded",
        not_excluded,
        f"{ROLE} is not excluded",
        "aws ecr register-pull-time-update-exclusion",
        Verdict.HINT,
    ),
    Break("sensor-alive", subscription(sensor="absent"), "has no sensor", "start a Registry"),
    Break("sensor-alive", subscription(sensor="stopped"), "no Registry Sensor runs", "start a"),
    Break(
        "clocks-agree",
        an_hour_behind,
        "s behind AWS'",
        "tell Qualys Support",
    ),
]


@pytest.mark.parametrize("broken", BREAKS, ids=lambda each: f"{each.check}: {each.reason[:30]}")
def test_exactly_that_line_fails(broken: Break, install: Install) -> None:
    assert_seen(broken, install)


def test_a_token_of_unknown_life_is_unknown(install: Install) -> None:
    with secret(json.dumps({"token": install.token}))(install):
        found = look(install.aws)
    assert failing(found) == {}
    assert found["credential-life"].verdict is Verdict.UNKNOWN


def test_what_rests_on_the_gateway_is_unknown_without_it(install: Install) -> None:
    with faulty(install, drop=True):
        found = look(install.aws)
    resting = ("credential-accepted", "registry-trust", "external-id", "sensor-alive")
    assert {found[name].verdict for name in resting} == {Verdict.UNKNOWN}
    assert {found[name].reason for name in resting} == {
        "the gateway cannot be reached: see gateway-reachable"
    }


def test_who_may_not_read_is_told_so(install: Install) -> None:
    """An operator without any permission: nothing fails, and nothing passes for it."""
    nothing = {"Version": "2012-10-17", "Statement": []}
    allowed = {
        "Effect": "Allow",
        "Action": ["lambda:Get*", "events:Describe*", "states:Describe*", "sqs:GetQueueUrl"],
        "Resource": "*",
    }
    operator = install.aws.create_user("operator", {**nothing, "Statement": [allowed]})
    found = look(install.aws, principal=operator)
    assert failing(found) == {}
    assert found["secret-readable"].verdict is Verdict.UNKNOWN
    assert "secretsmanager:GetSecretValue" in found["secret-readable"].remedy
    assert found["trail-exists"].reason == "DescribeTrails: AccessDeniedException"
    assert found["registry-trust"].reason == (
        "there is no credential to ask with: see secret-readable"
    )


def test_what_the_page_lists_is_all_it_needs_and_it_only_reads(install: Install) -> None:
    page = (REPOSITORY / "docs/troubleshooting.md").read_text().split("## Permissions")[1]
    actions = page.split("```")[1].split()
    assert all(re.search(r":(Describe|Get|List|Simulate|Test|Decrypt)", each) for each in actions)
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    reader = install.aws.create_user("reader", policy)
    install.qualys.control.forget_calls()
    found = look(install.aws, principal=reader)
    assert {name: each.reason for name, each in found.items() if each.verdict != "pass"} == {}
    assert {call["method"] for call in install.qualys.control.calls()} == {"GET"}


def test_no_finding_shows_the_credential(install: Install) -> None:
    text = "canary-of-the-doctor"
    for content in (
        text,
        json.dumps({"token": text}),
        json.dumps({"username": "u", "password": text}),
    ):
        with secret(content)(install):
            assert text not in repr(look(install.aws))
