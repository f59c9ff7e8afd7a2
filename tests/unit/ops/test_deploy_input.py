"""Wrong input of the deploy wrapper ends in a sentence, before anybody is asked for anything."""

import os

import pytest

from ops.__main__ import main

GOOD = {"QUALYS_POD": "US2", "CREATE_ROLE": "true", "QUALYS_API_TOKEN": "t"}
HUB = GOOD | {"OrganizationId": "o-a1b2c3d4e5"}
STACKSET = {
    "OrganizationId": "o-a1b2c3d4e5",
    "OrgUnitIds": "ou-ab12-cdef3456",
    "SecurityAccountId": "111122223333",
    "CentralEventBusArn": "arn:aws:events:us-east-1:111122223333:event-bus/qualys-image-scan-hub",
    "EXISTING_ROLE_NAME": "qualys",
}


def told(
    command: str,
    given: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> str:
    """The sentence on standard error."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "QUALYS_", "VAR_", "TF_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert main([command]) == 2
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "given", "sentence"),
    [
        ("deploy", {}, "QUALYS_POD is missing: give QUALYS_POD=US2."),
        (
            "deploy",
            GOOD | {"QUALYS_POD": "US9"},
            "QUALYS_POD=US9 is no Qualys platform: one of US1,",
        ),
        ("deploy", GOOD | {"CREATE_ROLE": ""}, "Say which role the Registry Sensor assumes"),
        ("deploy", GOOD | {"CREATE_ROLE": "maybe"}, "CREATE_ROLE=maybe cannot be right"),
        ("deploy", GOOD | {"EXISTING_ROLE_ARN": "arn:aws:iam::1:role/a"}, "one of them."),
        (
            "deploy",
            GOOD | {"CREATE_ROLE": "", "EXISTING_ROLE_ARN": "qualys"},
            "EXISTING_ROLE_ARN=qualys cannot be right: it looks like arn:aws:iam::",
        ),
        ("deploy", GOOD | {"QUALYS_API_TOKEN": ""}, "No credential: Put a Qualys credential into"),
        ("deploy", GOOD | {"QUALYS_USERNAME": "u"}, "More than one Qualys credential"),
        (
            "deploy",
            GOOD | {"QUALYS_API_TOKEN": "", "QUALYS_USERNAME": "u"},
            "QUALYS_PASSWORD is missing from the environment.",
        ),
        (
            "deploy",
            GOOD | {"VAR_nmae": "x"},
            "VAR_nmae is no variable here. There are: cache_ttl_days",
        ),
        ("deploy", GOOD | {"VAR_qualys_credentials": "{}"}, "taken from the environment alone"),
        ("deploy", GOOD | {"TFVARS": "nowhere.tfvars"}, "nowhere.tfvars cannot be read"),
        ("deploy", GOOD, "No region is given: set AWS_REGION."),
        ("deploy", GOOD | {"AWS_REGION": "us-east-1"}, "AWS does not take your credentials"),
        ("deploy-hub", GOOD, "OrganizationId is missing: give OrganizationId=o-a1b2c3d4e5."),
        ("deploy-hub", GOOD | {"OrganizationId": "1234"}, "OrganizationId=1234 cannot be right"),
        ("deploy-hub", HUB | {"QUALYS_POD": ""}, "QUALYS_POD is missing"),
        ("deploy-region", {}, "REGION is missing: give REGION=us-west-2,eu-west-1."),
        ("deploy-region", {"REGION": "us-west-2,Ireland"}, "REGION=Ireland cannot be right"),
        *(
            ("deploy-spoke-stackset", STACKSET | {name: ""}, f"{name} is missing: give {name}=")
            for name in STACKSET
            if name != "EXISTING_ROLE_NAME"
        ),
        ("deploy-spoke-stackset", STACKSET | {"OrgUnitIds": "ou-1"}, "OrgUnitIds=ou-1 cannot be"),
        (
            "deploy-spoke-stackset",
            STACKSET | {"SecurityAccountId": "444455556666"},
            "CentralEventBusArn is not a bus of SecurityAccountId=444455556666.",
        ),
    ],
)
def test_one_sentence(
    command: str,
    given: dict[str, str],
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = told(command, given, monkeypatch, capsys)
    assert sentence in said
    assert len(said.strip().splitlines()) == 1
