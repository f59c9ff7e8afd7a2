"""The operator's targets, by make itself."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from sandbox import gated
from sandbox.aws import REPOSITORY
from sandbox.installation import Installation

from .conftest import Pushed, left

LEFT = "444455556666"
BAD = "critical or high findings, malware or secrets"


def make(
    installation: Installation, target: str, **settings: str
) -> subprocess.CompletedProcess[str]:
    """Settings go on make's command line, as an operator types them."""
    keep = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TF_", "MAKE"))}
    command = shutil.which("make") or "make"
    return subprocess.run(
        [command, "--no-print-directory", target, *(f"{k}={v}" for k, v in settings.items())],
        cwd=REPOSITORY,
        env=keep | installation.aws.environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def answer(done: subprocess.CompletedProcess[str]) -> Any:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_day_of_an_operator(installation: Installation, pushed: Pushed) -> None:
    image = pushed.image.by_tag
    scanned = answer(make(installation, "scan", IMAGE=image, WAIT="1", JSON="1"))
    assert scanned["verdict"] == "CLEAN"
    assert (
        answer(make(installation, "where", IMAGE=image, JSON="1"))["known"][0]["verdict"] == "CLEAN"
    )
    smoked = answer(make(installation, "smoke", IMAGE=image, JSON="1"))
    assert (smoked["result"], smoked["verdict"]) == ("passed", "CLEAN")
    forced = answer(make(installation, "scan", IMAGE=image, WAIT="1", FORCE="1", JSON="1"))
    assert forced["result"] == "started"
    assert make(installation, "tool").returncode == 0
    assert answer(make(installation, "status", JSON="1"))["scans"][0]["image"] == image
    assert answer(make(installation, "redrive", DRY_RUN="1", JSON="1")) == {"events": []}
    lines = make(installation, "logs", SINCE="5m", FUNCTION="check_cache", JSON="1")
    assert lines.returncode == 0, lines.stderr
    assert pushed.repository in lines.stdout
    assert answer(make(installation, "doctor", JSON="1"))["healthy"] is True


def test_what_runs_is_compared_and_reported(
    installation: Installation, pushed: Pushed, tmp_path: Path
) -> None:
    ecs = installation.ecs
    ecs.create_cluster(clusterName="day")
    container = {"name": "app", "image": pushed.image.by_tag}
    ecs.register_task_definition(family="day", containerDefinitions=[container])
    ecs.run_task(cluster="day", taskDefinition="day")
    installation.wait_until_idle()
    compared = answer(make(installation, "backfill", JSON="1"))
    (shown,) = answer(make(installation, "coverage", JSON="1"))["reconciliations"]
    assert (compared["running_images"], compared["fresh_verdicts"], compared["sent"]) == (1, 1, 0)
    assert (shown["at"], shown["running_images"]) == (compared["at"], 1)
    listed = make(installation, "in-use", FORMAT="digests")
    assert (listed.returncode, listed.stdout) == (0, f"{pushed.image.digest}\n")
    page = tmp_path / "report.html"
    done = make(installation, "report", OUT=str(page))
    assert done.stdout == f"{page}: 1 image runs, 0 of them with {BAD}.\n"
    assert pushed.repository in page.read_text()
    with left(installation, LEFT):
        shown = make(installation, "forget", ACCOUNT=LEFT)
    assert (shown.returncode, "Nothing is changed." in shown.stdout) == (0, True), shown.stderr


def test_a_pipeline_asks_the_gate_before_it_deploys(
    installation: Installation, pushed: Pushed
) -> None:
    pushed.find({"qid": 1, "severity": 5, "title": "a critical finding"})
    image = pushed.image.by_tag
    unknown = make(installation, "admit", IMAGE=image, JSON="1")
    assert (unknown.returncode, json.loads(unknown.stdout)["waiting"]) == (2, True)
    refused = make(installation, "admit", IMAGE=image, WAIT="1", JSON="1")
    assert (refused.returncode, json.loads(refused.stdout)["effect"]) == (2, "blocked")

    # It runs already when its service gets the gate.
    ecs, names = installation.ecs, {"cluster": "gated", "serviceName": "web"}
    ecs.create_cluster(clusterName="gated")
    container = {"name": "app", "image": image}
    ecs.register_task_definition(family="web", containerDefinitions=[container])
    ecs.create_service(**names, taskDefinition="web", desiredCount=1)
    hook = gated.hook(installation)
    ecs.update_service(
        cluster="gated", service="web", forceNewDeployment=True, deploymentConfiguration=hook
    )
    assert gated.ended(ecs, "gated", "web")["status"] == "SUCCESSFUL"
    admitted = answer(make(installation, "admit", IMAGE=image, SERVICE="gated/web", JSON="1"))
    assert admitted["why"] == ["runs or ran in this service"]
    shown = answer(make(installation, "gate", SINCE="1h", JSON="1"))
    assert [(each["service"], each["mode"]) for each in shown["services"]] == [("web", "enforce")]
    assert [each["effect"] for each in shown["decisions"]] == ["allowed", "allowed"]
    assert "gated/web" in make(installation, "gate").stdout
    installation.wait_until_idle()


def test_wrong_input_is_one_sentence(installation: Installation) -> None:
    done = make(installation, "redrive", NAME_PREFIX="another")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("There is no installation named another")
