"""make smoke: one event of its own to its verdict, and stuck at each stage in turn."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from sandbox import images
from sandbox.aws import REPOSITORY
from sandbox.installation import Installation
from sandbox.restored import restored_installation
from tests.support.documents import block

from .conftest import Operate, Pushed
from .examination import PREFIX
from .test_doctor_command import run
from .test_doctor_events import disable, stop_trail
from .test_doctor_qualys import put

CRITICAL = {"qid": 1, "severity": 5, "title": "a critical finding", "cveids": ["CVE-2026-0001"]}
FAMILY = f"{PREFIX}-smoke"
OURS = [sys.executable, "-m", "ops", "smoke"]


def left_of(installation: Installation) -> dict[str, Any]:
    """What a run has left: task definitions that are not deleted, and messages in queues."""
    listed = {
        status: installation.ecs.list_task_definitions(familyPrefix=FAMILY, status=status)
        for status in ("ACTIVE", "INACTIVE")
    }
    queues = ("failed_events_queue", "undelivered_events_queue")
    waiting = {name: installation.messages(installation.outputs[name]["url"]) for name in queues}
    definitions = {name: each["taskDefinitionArns"] for name, each in listed.items()}
    return {name: found for name, found in {**definitions, **waiting}.items() if found}


def test_an_event_comes_to_its_verdict(
    operate: Operate, pushed: Pushed, installation: Installation
) -> None:
    done = operate("smoke", IMAGE=pushed.image.by_tag, JSON="1")
    assert (done.status, done.errors) == (0, "")
    notified = done.json
    assert (notified["result"], notified["verdict"], notified["image"]) == (
        "passed", "CLEAN", pushed.image.by_tag,
    )  # fmt: skip
    assert [each["stage"] for each in notified["stages"]] == [
        "trail", "rule", "intake", "scan", "verdict",
    ]  # fmt: skip
    seconds = [each["seconds"] for each in notified["stages"]]
    assert seconds == sorted(seconds)
    arn = notified["task_definition"]
    (definition,) = [
        installation.ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]
    ]
    assert (definition["family"], definition["status"]) == (FAMILY, "DELETE_IN_PROGRESS")
    assert left_of(installation) == {}
    assert pushed.verdict["status"] == "CLEAN"


def test_the_documented_command(installation: Installation, pushed: Pushed) -> None:
    command = block("docs/troubleshooting.md#after-a-deployment", image=pushed.image.by_tag)
    done = run(installation, "bash", "-c", command)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines[:-1]] == [
        "registered", "trail", "rule", "intake", "scan", "verdict",
    ]  # fmt: skip
    assert lines[-1].strip() == "The task definition is deregistered and deleted."


def test_it_is_registered_and_never_running(
    operate: Operate, pushed: Pushed, installation: Installation
) -> None:
    pushed.find(CRITICAL)
    done = operate("smoke", IMAGE=pushed.image.by_tag)
    assert (done.status, done.errors) == (0, "")
    assert "FINDINGS" in done.output
    (notified,) = installation.notifications()
    assert notified["workloads"] == []
    assert [
        each["task_definition"].split("/")[-1].split(":")[0] for each in notified["registered"]
    ] == [FAMILY]
    (known,) = operate("where", IMAGE=pushed.image.by_tag, JSON="1").json["known"]
    assert known["runs"] == []
    assert [each["task_definition"] for each in known["registered"]] != []
    compared = operate("backfill", JSON="1").json
    assert (compared["running_images"], compared["sent"]) == (0, 0)


def test_a_known_image_is_answered_by_the_cache(operate: Operate, pushed: Pushed) -> None:
    assert operate("scan", IMAGE=pushed.image.by_tag, WAIT="1").status == 0
    done = operate("smoke", IMAGE=pushed.image.by_tag)
    assert (done.status, done.errors) == (0, "")
    assert "so the cache will answer" in done.output
    assert f"make scan IMAGE={pushed.image.by_tag} FORCE=1 WAIT=1" in done.output
    assert "its verdict is known: the cache has answered" in done.output
    assert "CLEAN: it was not scanned again" in done.output


def shell(
    installation: Installation, image: str, **settings: str
) -> subprocess.CompletedProcess[str]:
    given = {"IMAGE": image, "JSON": "1", **settings}
    return run(installation, "env", *(f"{name}={value}" for name, value in given.items()), *OURS)


def push(installation: Installation, name: str = "smoke/app") -> str:
    installation.client("ecr").create_repository(repositoryName=name)
    return images.push(installation.client("ecr"), name, images.build(name), "1").by_tag


def delete_function(installation: Installation) -> None:
    installation.client("lambda").delete_function(FunctionName=f"{PREFIX}-check-cache")


def fail_scans(installation: Installation) -> None:
    installation.qualys.control.behave("smoke/app", job_error="SENSOR_ERROR")


def no_deliveries(installation: Installation) -> None:
    """The rule starts another machine, that does not exist, by a role that may."""
    installation.client("stepfunctions").delete_state_machine(
        stateMachineArn=installation.outputs["intake_state_machine_arn"]
    )


STUCK: list[tuple[Callable[[Installation], Any], str, str, str]] = [
    (stop_trail, "trail", "so nothing was registered", "aws cloudtrail start-logging"),
    (disable("ecs-deployments"), "rule", "so nothing was registered", "aws events enable-rule"),
    (no_deliveries, "rule", "so nothing was registered", "make deploy"),
    (delete_function, "intake", "the intake could not process it: ", "make deploy"),
    (put(json.dumps({"token": "dead"})), "scan", "ERROR: QualysUnauthorized", "aws secretsm"),
    (fail_scans, "scan", "ERROR: ScanFailed: the scan job ended as Error", "make status"),
]


@pytest.mark.parametrize(("broken", "stage", "why", "remedy"), STUCK)
def test_stuck_at_each_stage(
    breakable: Installation,
    broken: Callable[[Installation], Any],
    stage: str,
    why: str,
    remedy: str,
) -> None:
    image = push(breakable)
    broken(breakable)
    done = shell(breakable, image, WAIT_MINUTES="2")
    assert done.returncode == 1, done.stdout + done.stderr
    notified = json.loads(done.stdout)
    assert (notified["result"], notified["stage"]) == ("stuck", stage)
    assert why in notified["why"]
    named = [each["remedy"] for each in notified["remedies"]] or [notified["advice"]]
    assert [each for each in named if each.startswith(remedy)], named
    assert bool(notified["task_definition"]) == ("nothing was registered" not in notified["why"])
    assert left_of(breakable) == {}


def test_a_scan_that_does_not_end_is_late() -> None:
    """Here 30 checks take a minute and a half."""
    with restored_installation(wait_scale=0.05) as installation:
        image = push(installation)
        installation.qualys.control.behave("smoke/app", never_ends=True)
        done = shell(installation, image, WAIT_MINUTES="0.4")
        assert done.returncode == 3, done.stdout + done.stderr
        notified = json.loads(done.stdout)
        assert (notified["result"], notified["stage"]) == ("late", "verdict")
        assert notified["why"] == "the scan has not ended"
        assert notified["advice"] == "make status, or wait longer with WAIT_MINUTES=60"
        assert left_of(installation) == {}


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_takes_its_definition_away(
    installation: Installation, pushed: Pushed, ending: signal.Signals
) -> None:
    pushed.behave(never_ends=True)
    keep = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "MAKE"))}
    # Tests that run in the background ignore SIGINT, and what they start would ignore it, too.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        OURS,
        cwd=REPOSITORY,
        env=keep | installation.aws.environment() | {"IMAGE": pushed.image.by_tag},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    signal.signal(signal.SIGINT, before)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("registered")
    process.send_signal(ending)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (130, "Interrupted.\n")
    assert "The task definition is deregistered and deleted." in output
    assert not {"ACTIVE", "INACTIVE"} & left_of(installation).keys()
    pushed.behave()
    installation.wait_until_idle()


def documented() -> set[str]:
    """The permissions that the page names for this command."""
    page = (REPOSITORY / "docs/troubleshooting.md").read_text()
    section = page.split("## After a deployment")[1].split("\n## ")[0]
    doctors = page.split("## Permissions")[1].split("```")[1].split()
    return {*doctors, *re.findall(r"`([a-z]+:[A-Z]\w+)`", section)}


def as_user(installation: Installation, name: str, actions: set[str]) -> dict[str, str]:
    """The environment of a user who may do no more."""
    statement = {"Effect": "Allow", "Action": sorted(actions), "Resource": "*"}
    user = installation.aws.create_user(name, {"Version": "2012-10-17", "Statement": [statement]})
    return installation.aws.environment(principal=user)


def test_the_documented_permissions_are_enough(
    operate: Operate, pushed: Pushed, installation: Installation
) -> None:
    user = as_user(installation, "smoker", documented())
    done = operate("smoke", IMAGE=pushed.image.by_tag, JSON="1", **user)
    assert (done.status, done.errors) == (0, "")
    assert done.json["verdict"] == "CLEAN"
    assert left_of(installation) == {}


def test_what_is_left_is_said_and_the_next_run_deletes_it(
    operate: Operate, pushed: Pushed, installation: Installation
) -> None:
    user = as_user(installation, "keeper", documented() - {"ecs:DeleteTaskDefinitions"})
    done = operate("smoke", IMAGE=pushed.image.by_tag, JSON="1", **user)
    assert (done.status, done.json["verdict"]) == (3, "CLEAN")
    assert done.json["left"] == [done.errors.rstrip()]
    assert done.errors.startswith(
        f"A task definition of {FAMILY} is left, remove it by hand: AWS refused "
        "DeleteTaskDefinitions: AccessDenied"
    )
    assert left_of(installation).keys() == {"INACTIVE"}
    assert operate("smoke", IMAGE=pushed.image.by_tag).status == 0
    assert left_of(installation) == {}


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({}, "No image is given: IMAGE="),
        ({"IMAGE": "docker.io/library/nginx:1"}, "docker.io/library/nginx:1 cannot be scanned"),
        ({"IMAGE": "no/such:1"}, "There is no image no/such:1"),
        ({"IMAGE": "a:1", "WAIT_MINUTES": "soon"}, "WAIT_MINUTES=soon is no number of minutes"),
        ({"IMAGE": "a:1", "NAME_PREFIX": "another"}, "There is no installation named another"),
    ],
)
def test_wrong_use_is_one_sentence(
    operate: Operate, settings: dict[str, str], sentence: str
) -> None:
    done = operate("smoke", **settings)
    assert (done.status, done.output) == (2, "")
    assert done.errors.startswith(sentence)
    assert len(done.errors.splitlines()) == 1
