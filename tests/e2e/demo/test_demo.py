"""`make demo KEEP=1`, the commands that it names, and `make down`."""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

import boto3
import pytest
import requests

from sandbox.scenario import SECRET
from sandbox.terraform import cli_environment
from tests.support.checkout import Checkout
from tests.support.documents import block

from .conftest import table_rows

# By image, as the demo names it: the verdict of each deployment.
VERDICTS = [
    ("shop/payments:1.4.2", "FINDINGS"),
    ("shop/web:2.0.0", "CLEAN"),
    ("shop/payments:1.4.2", "FINDINGS"),
    ("shop/catalog@sha256:", "FINDINGS"),
    ("shop/gateway:3.1", "FINDINGS"),
    ("shop/worker:0.9", "CLEAN"),
    ("platform/log-router:5", "CLEAN"),
    ("redis:7.2", "UNSCANNABLE"),
    ("shop/mirror:11", "FINDINGS"),
    ("shop/billing:4", "FINDINGS"),
    ("shop/reports:stable", "CLEAN"),
    ("shop/reports:stable", "FINDINGS"),
    ("shop/broken:1", "ERROR"),
    ("shop/endless:1", "TIMEOUT"),
]
# By command, what it prints of this account.
LOOK_AROUND = {
    "make status": "6 CLEAN, 7 FINDINGS",
    "make where IMAGE=shop/payments:1.4.2": ", team payments, notified since ",
    "make where IMAGE=shop/agent:7   # out of scope": ", out of scope by the rule opted out",
    "make in-use REPOSITORY=shop/payments": "1.4.2  FINDINGS  3 workloads",
    "make scan IMAGE=shop/web:2.0.0 FORCE=1 WAIT=1": "CLEAN",
    "make logs FUNCTION=parse_event SINCE=1h": "event_name=CreateService task_definition=",
    "make report OUT=report.html": "13 images run, 5 of them with critical or high findings",
    "make gate": "shop/checkout",
    "make doctor": "pass    credential-accepted",
    "make down   # ends it": "",
}
# By feature, what the next day shows of it.
DAY_AFTER = {
    "out of scope": ("agent, shop/agent:7", "not scanned: rule opted out"),
    "new CVE": ("worker, shop/worker:0.9", "CVE-2026-0099: notified without a scan"),
    "overdue": ("payments, shop/payments:1.4.2", r"CVE-2022-25315: 10 days, due \d{4}-\d\d-\d\d"),
    "in use": ("make in-use", "13 images, exit status 0"),
    "ticket": ("gateway, shop/gateway:3.2", "CVE-2022-42916: opened, then closed"),
}


@dataclass(frozen=True)
class Shown:
    """What the demo printed, and the commands that it named in the end."""

    printed: str
    commands: list[str]

    @property
    def variables(self) -> dict[str, str]:
        return dict(word.split("=", 1) for word in shlex.split(self.commands[0])[1:])


@pytest.fixture(scope="module")
def shown(checkout: Checkout) -> Iterator[Shown]:
    assert block("README.md#try-it") == "make demo\n"
    try:
        printed = checkout.make("demo", "KEEP=1")
        found = re.search(r"^It stays up\. To look around:\n((?:  .+\n)+)", printed, re.MULTILINE)
        assert found, printed
        yield Shown(printed, [line.strip() for line in found[1].splitlines()])
    finally:
        checkout.make("down")


def test_everything_is_as_expected(shown: Shown) -> None:
    assert re.search(r"^Everything is as expected, after \d+ s\.$", shown.printed, re.MULTILINE)
    rows = table_rows(shown.printed, "workload")
    assert len(rows) == len(VERDICTS)
    for row, (image, verdict) in zip(rows, VERDICTS, strict=True):
        assert row[1].startswith(image)
        assert row[3] == verdict
    other = {row[0]: row[4].partition(", ")[2] for row in rows if ", " in row[4]}
    assert other == {"mirror": "malware", "billing": "secrets"}
    assert table_rows(shown.printed, "notification")
    assert [row[1:] for row in table_rows(shown.printed, "service")] == [
        ["shop/web:2.0.0", "SUCCESSFUL", "started"],
        ["shop/payments:1.4.2", "ROLLBACK_SUCCESSFUL", "never started"],
    ]
    assert "Deployment gate: checkout was blocked" in shown.printed


def test_the_day_after_shows_each_feature(shown: Shown) -> None:
    rows = table_rows(shown.printed, "what")
    assert [row[0] for row in rows] == list(DAY_AFTER)
    for what, where, result in rows:
        expected, pattern = DAY_AFTER[what]
        assert where == expected
        assert re.fullmatch(pattern, result), result


def test_the_value_of_a_secret_is_shown_nowhere(shown: Shown) -> None:
    names = shown.variables
    session = boto3.Session(
        names["AWS_ACCESS_KEY_ID"],
        names["AWS_SECRET_ACCESS_KEY"],
        region_name=names["AWS_REGION"],
    )
    states = session.client("stepfunctions", endpoint_url=names["AWS_ENDPOINT_URL"])
    table = session.client("dynamodb", endpoint_url=names["AWS_ENDPOINT_URL"])
    (machine,) = [
        each["stateMachineArn"]
        for each in states.list_state_machines()["stateMachines"]
        if each["name"].endswith("-scan")
    ]
    seen: list[object] = [shown.printed, table.scan(TableName="qualys-image-scan-cache")["Items"]]
    for scan in states.list_executions(stateMachineArn=machine)["executions"]:
        pages = states.get_paginator("get_execution_history")
        seen += pages.paginate(executionArn=scan["executionArn"])
    text = json.dumps(seen, default=str)
    assert "AWS Access Key" in text
    assert SECRET not in text


def test_each_command_that_is_named_works(checkout: Checkout, shown: Shown) -> None:
    export, *commands = shown.commands
    assert commands == list(LOOK_AROUND)
    for command, words in list(LOOK_AROUND.items())[:-1]:
        done = checkout.run(f"{export}\n{command}", COLUMNS="200")
        assert done.returncode == 0, done.stdout + done.stderr
        assert words in done.stdout
    assert (checkout.folder / "report.html").read_text().startswith("<!doctype html>")


def test_a_finding_has_a_package_a_fix_and_a_sign_of_exploits(shown: Shown) -> None:
    text = " ".join(re.sub(r"[│\s]+", " ", shown.printed).split())
    assert "Worst CVE-2022-25315 in expat 2.4.3, critical, exploited now" in text
    assert "Upgrade expat 2.4.3 -> 2.4.5" in text


def test_a_deployment_of_your_own_works_there(checkout: Checkout, shown: Shown) -> None:
    found = re.search(r"^  make deploy (NAME_PREFIX=.+)$", shown.printed, re.MULTILINE)
    assert found
    mirror = cli_environment(checkout.folder)
    done = checkout.run(f"{shown.commands[0]}\nmake plan {found[1]}", **mirror)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Plan: \d+ to add, 0 to change, 0 to destroy", done.stdout)


def test_a_second_one_is_refused(checkout: Checkout, shown: Shown) -> None:
    done = checkout.run("make demo KEEP=1")
    assert done.returncode == 2
    assert "a demo is up already: `make down` ends it" in done.stderr


def test_down_leaves_nothing(checkout: Checkout, shown: Shown) -> None:
    endpoint = shown.variables["AWS_ENDPOINT_URL"]
    assert requests.get(endpoint, timeout=10)
    assert list(checkout.temporary.iterdir())
    ended = checkout.make("down", COLUMNS="40")  # narrower than the path of a process
    assert ended == "the demo has ended, and nothing of it is left\n"
    with pytest.raises(requests.ConnectionError):
        requests.get(endpoint, timeout=10)
    assert list(checkout.temporary.iterdir()) == []
    assert checkout.make("down") == "no demo is up\n"
