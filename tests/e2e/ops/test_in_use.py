"""make in-use: what runs stays when ECR is cleaned up, and an auditor gets a list of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from sandbox import images
from sandbox.aws import ACCOUNT, REGION, REPOSITORY
from tests.support.documents import block
from tests.support.shell import Shell

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.installation import Installation

    from .conftest import Operate, Pushed


@pytest.fixture
def shell(installation: Installation, tmp_path: Path) -> Shell:
    return Shell.of(installation.aws, REPOSITORY, tmp_path, ACCOUNT, REGION)


def run(installation: Installation, pushed: Pushed, family: str) -> None:
    ecs, container = installation.ecs, {"name": "app", "image": pushed.image.by_digest}
    ecs.create_cluster(clusterName="used")
    ecs.register_task_definition(family=family, containerDefinitions=[container])
    ecs.run_task(cluster="used", taskDefinition=family)
    installation.wait_until_idle()


def held(installation: Installation, pushed: Pushed) -> set[str]:
    ecr = installation.client("ecr")
    listed = ecr.list_images(repositoryName=pushed.repository)["imageIds"]
    return {each["imageDigest"] for each in listed}


def test_a_clean_up_leaves_what_runs(
    operate: Operate, installation: Installation, pushed: Pushed, shell: Shell
) -> None:
    """Both images have lost their tag; one of them runs."""
    run(installation, pushed, "in-use")
    ecr = installation.client("ecr")
    unused = images.push(ecr, pushed.repository, images.build("nobody runs it"), "1")
    images.push(ecr, pushed.repository, images.build("the newest"), "1")
    operate("backfill")
    assert {pushed.image.digest, unused.digest} < held(installation, pushed)
    try:
        shell.type(block("docs/commands.md#images-in-use", repository=pushed.repository))
        listed = (REPOSITORY / "in-use.txt").read_text().splitlines()
    finally:
        (REPOSITORY / "in-use.txt").unlink(missing_ok=True)
    assert pushed.image.digest in listed
    left = held(installation, pushed)
    assert pushed.image.digest in left
    assert unused.digest not in left


def test_each_form_lists_what_runs(
    operate: Operate, installation: Installation, pushed: Pushed, tmp_path: Path
) -> None:
    run(installation, pushed, "listed")
    operate("backfill")
    only = {"REPOSITORY": pushed.repository, "ACCOUNT": ACCOUNT}
    found = operate("in-use", JSON="1", **only)
    assert (found.status, found.errors) == (0, "")
    (image,) = found.json["images"]
    assert (image["digest"], image["verdict"]) == (pushed.image.digest, "CLEAN")
    assert [each["state"] for each in image["workloads"]] == ["running"]
    assert pushed.image.digest in operate("in-use", **only).output
    assert pushed.image.digest in operate("in-use", FORMAT="digests").output.splitlines()
    out = tmp_path / "in-use.csv"
    assert operate("in-use", FORMAT="csv", OUT=str(out), **only).output == ""
    assert len(out.read_text().splitlines()) == 2
    document: Any = json.loads(operate("in-use", FORMAT="cyclonedx", **only).output)
    assert [each["name"] for each in document["components"]] == [pushed.repository]
    assert operate("in-use", REPOSITORY="ops/none").output == "No image of these runs.\n"


def test_before_the_first_reconciliation_it_may_not_be_complete(breakable: Installation) -> None:
    from .conftest import operated  # noqa: PLC0415

    done = operated(breakable, "in-use")
    assert done.status == 1
    assert done.errors.startswith("Not complete: nothing was reconciled yet")
