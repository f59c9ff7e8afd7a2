"""docs/permissions.md lists what each command needs: a user with no more can run it."""

from __future__ import annotations

import re
from contextlib import nullcontext
from typing import TYPE_CHECKING

import pytest

from ops.commands import COMMANDS
from sandbox.aws import REPOSITORY
from tests.support import people_policies

from .conftest import left

if TYPE_CHECKING:
    from sandbox.installation import Installation

    from .conftest import Operate, Pushed

LEFT = "444455556666"
PAGE = (REPOSITORY / "docs/permissions.md").read_text().split("## Whoever operates")[1]
_ACTION = re.compile(r"`([a-z]+:[A-Z]\w+)`")
EVERY = _ACTION.findall(PAGE.split("\n| command")[0])
# Beside what it asks for: settings, and the statuses that say that it could work.
RUNS: dict[str, tuple[dict[str, str], set[int]]] = {
    "status": ({}, {0}),
    "logs": ({"SINCE": "5m"}, {0}),
    "scan": ({"WAIT": "1", "FORCE": "1"}, {0}),
    "where": ({}, {0}),
    "gate": ({}, {0}),
    "admit": ({}, {0, 1, 3}),
    "coverage": ({}, {0, 1, 3}),
    "backfill": ({}, {0}),
    "in-use": ({}, {0, 1}),
    "forget": ({"ACCOUNT": LEFT}, {0}),  # with CONFIRM=1, it also does what `backfill` does
    "report": ({}, {0}),
    "redrive": ({}, {0}),
}
# Each has its own test, on the page that it links to.
ELSEWHERE = {"doctor", "smoke"}


def documented(command: str) -> list[str]:
    (row,) = re.findall(rf"^\| `{command}` \| (.*) \|$", PAGE, re.MULTILINE)
    return [*EVERY, *_ACTION.findall(row)]


def test_every_command_has_a_row() -> None:
    asking = {name for name in COMMANDS if not name.startswith("deploy")} - {"completion"}
    assert set(re.findall(r"^\| `([a-z-]+)`", PAGE, re.MULTILINE)) == asking
    assert RUNS.keys() | ELSEWHERE == asking


@pytest.mark.parametrize("command", RUNS)
def test_what_is_documented_is_enough(
    operate: Operate, pushed: Pushed, installation: Installation, command: str
) -> None:
    operate("scan", IMAGE=pushed.image.by_tag, WAIT="1")
    statement = {"Effect": "Allow", "Action": documented(command), "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    user = installation.aws.create_user(f"operator-{command}", policy)
    settings, statuses = RUNS[command]
    environment = installation.aws.environment(principal=user)
    with left(installation, LEFT) if command == "forget" else nullcontext():
        done = operate(command, IMAGE=pushed.image.by_tag, JSON="1", **settings, **environment)
    assert (done.errors, done.status in statuses) == ("", True), done.output
    if command == "status":
        assert done.json["refused"] == {}


def test_the_document_names_the_resources(
    operate: Operate, pushed: Pushed, installation: Installation
) -> None:
    actions = people_policies.of_commands()
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    user = installation.aws.create_user("operator", policy)
    environment = installation.aws.environment(principal=user)
    for command in (*RUNS, "doctor"):
        settings, statuses = RUNS.get(command, ({}, {0, 1}))
        with left(installation, LEFT) if command == "forget" else nullcontext():
            done = operate(command, IMAGE=pushed.image.by_tag, JSON="1", **settings, **environment)
        assert (done.errors, done.status in statuses) == ("", True), done.output
    noted = installation.aws.ask("/_sandbox/permissions")["by_users"]
    seen = {(action, arn) for name, action, arn in noted if name == "operator"}
    assert len({action for action, _ in seen}) > 20
    document = people_policies.documents()["operate.json"]
    assert people_policies.not_allowed(document, seen) == set()


def test_status_shows_what_it_may_read(operate: Operate, installation: Installation) -> None:
    actions = [each for each in documented("status") if not each.startswith("cloudwatch:")]
    statement = {"Effect": "Allow", "Action": actions, "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    user = installation.aws.create_user("reader-of-some", policy)
    done = operate("status", JSON="1", **installation.aws.environment(principal=user))
    assert done.status == 0, done.errors
    assert done.json["refused"].keys() == {"intake_last_day", "alarms"}
    assert done.json["alarms"] is None
