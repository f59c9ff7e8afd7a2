"""Wrong input of the deploy wrapper ends in a sentence, before anything is planned."""

import os
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

from ops.__main__ import main
from tests.support.deploying import STACKSET, Clone

GOOD = {"QUALYS_POD": "US2", "CREATE_ROLE": "true", "QUALYS_API_TOKEN": "t", "AUTO_APPROVE": "1"}
HUB = GOOD | {"OrganizationId": "o-a1b2c3d4e5"}


def stated(
    command: str,
    given: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    status: int = 2,
) -> str:
    """The sentence on standard error."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "QUALYS_", "VAR_", "TF_", "NAME_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert main([command]) == status
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "given", "sentence"),
    [
        (
            "deploy",
            GOOD | {"QUALYS_POD": "US9"},
            "QUALYS_POD=US9 is not a Qualys platform: give one of US1,",
        ),
        (
            "deploy",
            GOOD | {"EMAIL": "a@example.com,nobody"},
            "EMAIL=nobody is not valid. An example is security@example.com.",
        ),
        (
            "deploy-hub",
            HUB | {"EMAIL": "a@example.com", "VAR_notification_email_addresses": "[]"},
            "EMAIL and VAR_notification_email_addresses are one setting: give it once.",
        ),
        ("deploy", GOOD | {"CREATE_ROLE": "maybe"}, "CREATE_ROLE=maybe is not valid"),
        (
            "deploy",
            GOOD | {"CREATE_ROLE": "", "EXISTING_ROLE_ARN": "qualys"},
            "EXISTING_ROLE_ARN=qualys is not valid. An example is arn:aws:iam::",
        ),
        ("deploy", GOOD | {"QUALYS_USERNAME": "u"}, "More than one Qualys credential"),
        (
            "deploy-hub",
            GOOD | {"ORGANIZATION_ID": "organization"},
            "OrganizationId=organization is not valid. An example is o-",
        ),
        (
            "deploy-hub",
            HUB | {"ORGANIZATION_ID": "o-bbbbbbbbbb"},
            "ORGANIZATION_ID and OrganizationId are one setting: give it once.",
        ),
        (
            "deploy",
            GOOD | {"QUALYS_API_TOKEN": "", "QUALYS_USERNAME": "u"},
            "QUALYS_PASSWORD is missing from the environment.",
        ),
        (
            "deploy",
            GOOD | {"QUALYS_PROXY_USER": "u"},
            "QUALYS_PROXY_PASSWORD is missing from the environment.",
        ),
        (
            "deploy",
            GOOD | {"QUALYS_PROXY_USER": "CORP:svc", "QUALYS_PROXY_PASSWORD": "p"},
            "QUALYS_PROXY_USER cannot have a colon: a proxy would take the rest for the password.",
        ),
        (
            "deploy",
            GOOD
            | {"QUALYS_API_TOKEN": "", "QUALYS_SECRET_ARN": "arn"}
            | {"QUALYS_PROXY_USER": "u", "QUALYS_PROXY_PASSWORD": "p"},
            "write proxy_user and proxy_password into that of QUALYS_SECRET_ARN yourself.",
        ),
        (
            "deploy",
            GOOD | {"VAR_network": '{"https_proxy": "http://u:p@proxy.example.com:3128"}'},
            "VAR_network: the user and password for the proxy would be stored in the state.",
        ),
        *(
            ("deploy", GOOD | {"VAR_network": network}, sentence)
            for network, sentence in (
                ('{ https_proxy = "http://u:canary@p:3128" }', "VAR_network is not a JSON object"),
                ('["http://u:canary@p:3128"]', "VAR_network is not a JSON object"),
                ('{"no_proxy": "http://u:canary@p"}', "VAR_network holds a password or a private"),
                ('{"no_proxy": "http://u:canary\\u0040p"}', "VAR_network holds a password or a"),
                ('{"https_proxy": "u:canary@p:3128"}', "VAR_network: the user and password for"),
                (
                    '{"ca_bundle": {"pem": "-----BEGIN PRIVATE KEY-----\\ncanary\\n"}}',
                    "VAR_network holds a password or a private key, which would be stored in the",
                ),
            )
        ),
        (
            "deploy",
            GOOD | {"VAR_qualys_gateway_url": "https://u:canary@gateway.example.com"},
            "VAR_qualys_gateway_url holds a password or a private key",
        ),
        (
            "deploy",
            GOOD | {"QUALYS_GATEWAY_URL": "https://u:canary@gateway.example.com"},
            "QUALYS_GATEWAY_URL holds a password or a private key",
        ),
        *(
            ("deploy", GOOD | {name: "~nosuchuser/file"}, f"{name}=~nosuchuser/file cannot be read")
            for name in ("CA_BUNDLE", "TFVARS")
        ),
        ("deploy", GOOD | {"CA_BUNDLE": "no.pem"}, "CA_BUNDLE=no.pem cannot be read: No such file"),
        ("deploy", GOOD | {"CA_BUNDLE": os.__file__}, "os.py has no certificates in"),
        (
            "deploy",
            GOOD | {"VAR_nmae": "x"},
            "VAR_nmae is not a variable of this module. It has: cache_ttl_days",
        ),
        ("deploy", GOOD | {"VAR_qualys_credentials": "{}"}, "taken from the environment alone"),
        ("deploy", GOOD | {"VAR_name_prefix": "third"}, "VAR_name_prefix: give NAME_PREFIX="),
        ("deploy-region", {"REGION": "us-west-2", "VAR_name_prefix": "b"}, "give NAME_PREFIX="),
        ("deploy", GOOD | {"NAME_PREFIX": "../up"}, "NAME_PREFIX=../up is not valid"),
        ("deploy", GOOD | {"NAME_PREFIX": "team--prod"}, "NAME_PREFIX=team--prod is not valid"),
        ("deploy", GOOD | {"NAME_PREFIX": "sthree-x"}, "NAME_PREFIX=sthree-x is not valid"),
        ("deploy", GOOD | {"NAME_PREFIX": "p" * 29}, "is not valid"),
        ("deploy", GOOD | {"TFVARS": "nowhere.tfvars"}, "nowhere.tfvars cannot be read"),
        ("deploy", GOOD | {"AUTO_APPROVE": ""}, "Nobody can be asked here: give AUTO_APPROVE=1"),
        ("deploy", GOOD, "No region is given: set AWS_REGION."),
        ("deploy", GOOD | {"REGION": "us-west-2,eu-west-1"}, "REGION= names one region here"),
        ("deploy", GOOD | {"AWS_REGION": "us-east-1"}, "No AWS credentials are found: set AWS_"),
        ("deploy-hub", GOOD | {"OrganizationId": "1234"}, "OrganizationId=1234 is not valid"),
        ("deploy-region", {"AUTO_APPROVE": "1"}, "REGION is missing: give REGION=us-west-2."),
        ("deploy-region", {"REGION": "us-west-2,Ireland"}, "REGION=Ireland is not valid"),
        (
            "deploy-spoke-stackset",
            STACKSET | {"OrgUnitIds": "ou-1"},
            "OrgUnitIds=ou-1 is not valid",
        ),
        (
            "deploy-spoke-stackset",
            STACKSET | {"EXCLUDE_ACCOUNTS": "4444"},
            "EXCLUDE_ACCOUNTS=4444 is not valid. An example is 123456789012.",
        ),
    ],
)
def test_one_sentence_before_aws_is_asked(
    command: str,
    given: dict[str, str],
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = stated(command, given, monkeypatch, capsys)
    assert sentence in said
    assert "canary" not in said
    assert len(said.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("command", "given", "sentence"),
    [
        ("deploy", GOOD | {"QUALYS_POD": ""}, "QUALYS_POD is missing: give QUALYS_POD=US2."),
        ("deploy", GOOD | {"CREATE_ROLE": ""}, "Say which role the Registry Sensor assumes"),
        ("deploy", GOOD | {"EXISTING_ROLE_ARN": "arn:aws:iam::123456789012:role/a"}, "one of"),
        ("deploy", GOOD | {"QUALYS_API_TOKEN": ""}, "No credential: Put a Qualys credential into"),
        ("deploy-hub", GOOD, "OrganizationId is missing: give OrganizationId=o-a1b2c3d4e5."),
        ("deploy-hub", HUB | {"QUALYS_POD": ""}, "QUALYS_POD is missing"),
        *(
            ("deploy-spoke-stackset", STACKSET | {name: ""}, f"{name} is missing: give {name}=")
            for name in STACKSET
            if name not in ("EXISTING_ROLE_NAME", "AUTO_APPROVE")
        ),
        (
            "deploy-spoke-stackset",
            STACKSET | {"EXISTING_ROLE_NAME": ""},
            "Say which role the Registry Sensor assumes in members",
        ),
        (
            "deploy-spoke-stackset",
            STACKSET | {"SecurityAccountId": "444455556666"},
            "CentralEventBusArn is not a bus of SecurityAccountId=444455556666.",
        ),
    ],
)
def test_one_sentence_on_what_neither_the_operator_nor_the_state_gives(
    command: str,
    given: dict[str, str],
    sentence: str,
    cloud: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = Clone(tmp_path, monkeypatch, capsys).refuses(command, **given)
    assert sentence in said
    assert len(said.strip().splitlines()) == 1


def test_no_network(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def unreachable(**_: str) -> None:
        raise EndpointConnectionError(endpoint_url="https://sts.us-east-1.amazonaws.com")

    monkeypatch.setattr(boto3.session, "Session", unreachable)
    said = stated("deploy", GOOD | {"AWS_REGION": "us-east-1"}, monkeypatch, capsys, 3)
    assert said.startswith("AWS cannot be reached: Could not connect to the endpoint URL")
    assert said.endswith("Check the network, and HTTPS_PROXY.\n")
