"""An installation of examples/single-account for each module here, or for a test that breaks it."""

import io
import itertools
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from image_scan.aws.dynamodb import marshal
from ops.__main__ import main
from sandbox import images
from sandbox.aws import REGION, REPOSITORY
from sandbox.installation import Installation
from sandbox.restored import restored_installation
from tests.support.json_pages import require_documented
from tests.support.stored_items import COURSE, ROW

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def installation() -> Iterator[Installation]:
    with restored_installation(wait_scale=0.005) as running:
        running.qualys.control.scenario(scan_seconds=0.2)
        yield running


@pytest.fixture
def breakable() -> Iterator[Installation]:
    """An installation for one test alone."""
    with restored_installation(wait_scale=0.005) as running:
        running.qualys.control.scenario(scan_seconds=0.2)
        yield running


@dataclass(frozen=True)
class Ended:
    """A command of ours that has ended."""

    status: int
    output: str
    errors: str

    @property
    def json(self) -> Any:
        return json.loads(self.output)


Operate = Callable[..., Ended]


@contextmanager
def as_an_operator(installation: Installation, **settings: str) -> Iterator[None]:
    """The environment and the working folder of an operator of the installation's account."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [each for each in os.environ if each.startswith(("AWS_", "TF_"))]:
            patch.delenv(name)
        for name, value in {**installation.aws.environment(), **settings}.items():
            patch.setenv(name, value)
        patch.chdir(REPOSITORY)
        yield


def operated(installation: Installation, command: str, *options: str, **settings: str) -> Ended:
    """Runs a command in this process, as an operator of the installation's account."""
    printed, errors = io.StringIO(), io.StringIO()
    with (
        as_an_operator(installation, **settings),
        redirect_stdout(printed),
        redirect_stderr(errors),
    ):
        status = main([command, *options])
    output = printed.getvalue()
    assert installation.token not in output + errors.getvalue()
    if "JSON" in settings or "--json" in options:
        kind = "doctor --shapes" if {"SHAPES", "--shapes"} & {*settings, *options} else command
        for document in output.splitlines() if command == "logs" else [output]:
            require_documented(kind, json.loads(document))
    return Ended(status, output, errors.getvalue())


@pytest.fixture
def operate(installation: Installation) -> Operate:
    """Runs a command; values are its settings. `make` itself is in `test_make`."""
    return partial(operated, installation)


@contextmanager
def left(installation: Installation, account: str) -> Iterator[None]:
    """A member that has run something does not answer any more, for a moment."""
    dynamodb, now = installation.client("dynamodb"), datetime.now(UTC).isoformat()
    where = {"account": account, "account_region": f"{account}#{REGION}", "uri": "shop/app:1"}
    row = {**ROW, **where, "region": REGION, "workload": f"{account}#{REGION}#prod#web"}
    course = {**COURSE, "key": f"coverage#{now}", "at": now, "ttl": 2**33}
    course["unreadable"] = {f"{account}#{REGION}": "sts:AssumeRole: AccessDenied"}
    rows = installation.outputs["inventory_table"]["name"]
    state = installation.outputs["state_table"]["name"]
    dynamodb.put_item(TableName=rows, Item=marshal(row))
    dynamodb.put_item(TableName=state, Item=marshal(course))
    yield
    key = {name: row[name] for name in ("digest", "workload")}
    dynamodb.delete_item(TableName=rows, Key=marshal(key))
    dynamodb.delete_item(TableName=state, Key=marshal({"key": course["key"]}))


@dataclass(frozen=True)
class Pushed:
    """An image of its own in a repository of its own."""

    installation: Installation
    repository: str
    image: images.PushedImage

    def find(self, *findings: dict[str, Any]) -> None:
        """What Qualys finds in it."""
        self.installation.qualys.control.set_findings(self.repository, list(findings))

    def behave(self, **values: Any) -> None:
        self.installation.qualys.control.behave(self.repository, **values)

    @property
    def verdict(self) -> dict[str, Any]:
        return self.installation.verdicts().get(self.image.digest, {})


@pytest.fixture
def pushed(installation: Installation) -> Pushed:
    """A new image, where nothing runs and no message waits."""
    installation.wait_until_idle()
    installation.notifications()
    installation.failed_events()
    repository = f"ops/app-{next(_numbers)}"
    installation.client("ecr").create_repository(repositoryName=repository)
    image = images.push(installation.client("ecr"), repository, images.build(repository), "1")
    return Pushed(installation, repository, image)
