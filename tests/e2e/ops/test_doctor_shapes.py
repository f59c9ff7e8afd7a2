"""`make doctor SHAPES=1`: the form of Qualys' answers, without a value."""

import json

from sandbox.aws import REPOSITORY
from sandbox.installation import Installation
from tests.support.documents import block

from .conftest import Operate, Pushed
from .test_doctor_command import run
from .test_doctor_qualys import put

CRITICAL = {"qid": 1, "severity": 5, "title": "canary-title", "cveids": ["CVE-2026-0001"]}


def test_the_answers_of_the_simulator_are_as_expected(
    operate: Operate, pushed: Pushed, installation: Installation
) -> None:
    pushed.find(CRITICAL)
    assert operate("scan", IMAGE=pushed.image.by_tag, WAIT="1").status == 1
    installation.qualys.control.forget_calls()
    command = block("docs/troubleshooting.md#the-form-of-qualys-answers")
    done = run(installation, "bash", "-c", command)
    assert done.returncode == 0, done.stdout + done.stderr
    title, *lines = done.stdout.splitlines()
    assert title.startswith("Answers of Qualys, compared with what is expected")
    assert "GET /images/{image}/vuln: HTTP 200: as expected" in lines
    assert not [line for line in lines if "expected nothing" in line or "difference" in line]
    assert {call["method"] for call in installation.qualys.control.calls()} == {"GET"}
    hidden = ("canary-title", pushed.repository, "http", "111111111111", "900000000009")
    assert [value for value in hidden if value in done.stdout] == []


def test_a_difference_is_named_and_the_status_is_1(operate: Operate, pushed: Pushed) -> None:
    operate("scan", IMAGE=pushed.image.by_tag, WAIT="1")
    pushed.installation.qualys.control.scenario(connectors_shape="connectors")
    try:
        done = operate("doctor", SHAPES="1", JSON="1")
    finally:
        pushed.installation.qualys.control.scenario(connectors_shape="array")
    assert (done.status, done.json["as_expected"]) == (1, False)
    (call,) = [each for each in done.json["calls"] if each["differences"]]
    assert call["call"] == "GET /registry/aws/connectors/{account}"
    assert call["differences"][0] == {
        "path": "",
        "expected": "array",
        "found": "object",
        "read": True,
    }
    assert "arn:" not in done.output


def test_without_a_credential_it_is_one_sentence(
    operate: Operate, installation: Installation
) -> None:
    secret = installation.client("secretsmanager").get_secret_value(
        SecretId=installation.outputs["qualys_secret_arn"]
    )["SecretString"]
    put(json.dumps({"token": "dead"}))(installation)
    try:
        done = operate("doctor", SHAPES="1")
    finally:
        put(secret)(installation)
    assert (done.status, done.output) == (3, "")
    assert done.errors.startswith("Qualys cannot be asked: Qualys refuses the credential")


def test_the_page_names_the_calls() -> None:
    page = (REPOSITORY / "docs/troubleshooting.md").read_text()
    assert "layers/malware" in page.split("## The form of Qualys' answers")[1]
