"""An installation of examples/single-account for each module here, or for a test that breaks it."""

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from sandbox import images
from sandbox.aws import REPOSITORY
from sandbox.install import Install
from sandbox.kept_install import kept_install

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def install() -> Iterator[Install]:
    with kept_install(wait_scale=0.005) as running:
        running.qualys.control.scenario(scan_seconds=0.2)
        yield running


@pytest.fixture
def breakable() -> Iterator[Install]:
    """An installation for one test alone."""
    with kept_install(wait_scale=0.005) as running:
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


@pytest.fixture
def operate(install: Install) -> Operate:
    """Runs `python -m ops` as an operator of the install's account; values are its settings."""

    def run(command: str, *options: str, **settings: str) -> Ended:
        keep = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TF_"))}
        environment = keep | install.aws.environment() | settings
        done = subprocess.run(
            [sys.executable, "-m", "ops", command, *options],
            cwd=REPOSITORY,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert install.token not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        return Ended(done.returncode, done.stdout, done.stderr)

    return run


@dataclass(frozen=True)
class Pushed:
    """An image of its own in a repository of its own."""

    install: Install
    repository: str
    image: images.PushedImage

    def find(self, *findings: dict[str, Any]) -> None:
        """What Qualys finds in it."""
        self.install.qualys.control.tell_findings(self.repository, list(findings))

    def behave(self, **values: Any) -> None:
        self.install.qualys.control.behave(self.repository, **values)

    @property
    def verdict(self) -> dict[str, Any]:
        return self.install.verdicts().get(self.image.digest, {})


@pytest.fixture
def pushed(install: Install) -> Pushed:
    """A new image, where nothing runs and no message waits."""
    install.settle()
    install.notifications()
    install.failed_events()
    repository = f"ops/app-{next(_numbers)}"
    install.client("ecr").create_repository(repositoryName=repository)
    image = images.push(install.client("ecr"), repository, images.build(repository), "1")
    return Pushed(install, repository, image)
