"""`make doctor`: what is printed, and the exit status."""

import json
import os
import subprocess

import pytest

from ops.doctor.checks import CHECKS
from sandbox.aws import REPOSITORY
from sandbox.installation import Installation
from tests.support.documents import block

from .conftest import Operate, operated
from .test_doctor_events import TRAIL_ARN, stop_trail


def run(installation: Installation, *command: str) -> subprocess.CompletedProcess[str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "MAKE"))}
    return subprocess.run(
        command,
        cwd=REPOSITORY,
        env=inherited | installation.aws.environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def test_make_doctor_prints_a_line_for_each_check(installation: Installation) -> None:
    answer = run(installation, "bash", "-c", block("docs/troubleshooting.md#troubleshooting"))
    assert answer.returncode == 0, answer.stdout + answer.stderr
    title, *lines, total = answer.stdout.splitlines()
    assert title.startswith(
        "installation qualys-image-scan in 111111111111 us-east-1; Terraform 1."
    )
    expected = [check.name for check in CHECKS if "installation" in check.kinds]
    assert [line.split()[1] for line in lines] == expected
    assert {line.split()[0] for line in lines} <= {"pass", "hint", "unknown"}
    assert " pass" in total
    assert "\x1b" not in answer.stdout


def test_a_failing_check_is_one_line_and_exit_status_1(breakable: Installation) -> None:
    stop_trail(breakable)
    answer = operated(breakable, "doctor")
    assert answer.status == 1
    (line,) = [each for each in answer.output.splitlines() if each.startswith("fail")]
    assert line.split()[1] == "trail-logging"
    assert line.endswith(
        f"  ->  aws cloudtrail start-logging --name {TRAIL_ARN} --region us-east-1"
    )


def test_json_is_all_of_standard_output(installation: Installation) -> None:
    answer = run(installation, "make", "-s", "doctor", "JSON=1")
    assert answer.returncode == 0
    sent = json.loads(answer.stdout)
    assert (sent["account_id"], sent["region"]) == ("111111111111", "us-east-1")
    assert (sent["kinds"], sent["healthy"]) == (["installation"], True)
    assert set(sent["checks"][0]) == {"check", "verdict", "reason", "remedy"}
    assert installation.token not in answer.stdout


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (
            {"NAME_PREFIX": "another"},
            "Nothing named another-... is deployed in account 111111111111, region us-east-1",
        ),
        ({"AWS_REGION": "eu-west-1"}, "is deployed in account 111111111111, region eu-west-1"),
        ({"AWS_ACCESS_KEY_ID": "AKIANOBODY"}, "AWS does not accept your credentials (Invalid"),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": ""}, "No region is given: set AWS_REGION."),
    ],
)
def test_a_wrong_region_is_one_sentence(
    operate: Operate, changed: dict[str, str], sentence: str
) -> None:
    answer = operate("doctor", **changed)
    assert (answer.status, answer.output) == (2, "")
    (line,) = answer.errors.splitlines()
    assert sentence in line
