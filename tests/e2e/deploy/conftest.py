"""The real make and Terraform: each module has a restored copy of a first deployment."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox.aws import ACCOUNT, REPOSITORY, Aws
from sandbox.qualys import Credentials, EcrImages, QualysSimulator, make_sensor_user
from sandbox.restored import use_qualys
from sandbox.snapshots import Snapshot, copy_of
from sandbox.terraform import cli_environment, shared_provider

TOKEN = "canary-token-deploy"
CLIENT = ("client-of-deploy", "canary-client-secret-deploy")
HOME = "us-east-1"
DEPLOY = ("QUALYS_POD=US2", "CREATE_ROLE=true")
LEFT_BEHIND = shutil.ignore_patterns("__pycache__", ".terraform*", "*.tfstate*", "dist")
# What is found or built again.
FOUND_AGAIN = shutil.ignore_patterns(".plugins", "providers", "modules", ".image-scan")
SOURCES = ("ops/**/*", "Makefile", "image-scan", "tests/e2e/deploy/conftest.py")


class Project:
    """A copy of the repository, and make in it."""

    def __init__(self, folder: Path, aws: Aws, gateway_url: str) -> None:
        self.folder = folder
        self.aws = aws
        self.gateway = gateway_url
        for part in ("ops", "modules", "functions"):
            shutil.copytree(REPOSITORY / part, folder / part, ignore=LEFT_BEHIND)
        tools = (REPOSITORY / "Makefile", REPOSITORY / "image-scan")
        for file in (*REPOSITORY.glob("*.tf"), *REPOSITORY.glob("*.json"), *tools):
            shutil.copy2(file, folder)
        (folder / ".venv").symlink_to(REPOSITORY / ".venv")
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TF_", "MAKE"))},
            **aws.environment(ACCOUNT, HOME),
            **cli_environment(folder),
            "QUALYS_API_TOKEN": TOKEN,
            "QUALYS_GATEWAY_URL": gateway_url,
        }

    def make(self, target: str, *settings: str, code: int = 0, **environment: str) -> str:
        """What the target prints; settings stand on its command line."""
        # Several roots at a time have a provider each.
        if any(each.startswith("REGION=") and "," in each for each in settings):
            environment |= {"TF_REATTACH_PROVIDERS": ""}
        answer = subprocess.run(
            ["make", "-s", target, *settings],
            cwd=self.folder,
            env=self.environment | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert (answer.returncode == 0) == (code == 0), answer.stdout[-6000:]
        return answer.stdout

    def secret(self) -> Any:
        return json.loads(self._secrets.get_secret_value(SecretId=self._secret)["SecretString"])

    def rotate(self, token: str) -> None:
        text = json.dumps({"token": token})
        self._secrets.put_secret_value(SecretId=self._secret, SecretString=text)

    @property
    def _secrets(self) -> Any:
        return self.aws.client("secretsmanager")

    @property
    def _secret(self) -> str:
        (found,) = self._secrets.list_secrets()["SecretList"]
        return str(found["ARN"])

    @property
    def deployments(self) -> Path:
        return self.folder / "deployments"

    def left(self) -> list[Path]:
        """The folders of deployments that this clone knows."""
        return sorted(self.deployments.glob("[!.]*/*/*/*"))

    def clone(self, folder: Path) -> "Project":
        """Another machine, which has none of the files of this one, on the same AWS."""
        folder.mkdir()
        made = Project(folder, self.aws, self.gateway)
        made.environment |= {"TF_REATTACH_PROVIDERS": self.environment["TF_REATTACH_PROVIDERS"]}
        return made


@contextmanager
def project_in(folder: Path, state: Path | None = None) -> Iterator[Project]:
    """A project on an AWS of its own, which begins from `state`."""
    with Aws(wait_scale=0, state=state) as aws:
        sensor = make_sensor_user(aws.endpoint)
        images = EcrImages(aws.endpoint, lambda: sensor)
        accepted = Credentials(tokens=(TOKEN,), clients=dict([CLIENT]))
        with QualysSimulator(accepted, images) as qualys:
            made = Project(folder, aws, qualys.url)
            # Which builds the zip.
            root = made.deployments / "qualys-image-scan" / ACCOUNT / HOME / "installation"
            root.mkdir(parents=True)
            with shared_provider(root, made.environment) as queued:
                made.environment |= queued
                yield made


@dataclass(frozen=True)
class Deployed:
    """A project after its first deployment, and what that printed."""

    project: Project
    printed: str


@contextmanager
def deployment_in(folder: Path) -> Iterator[Deployed]:
    """A copy of the first deployment, restored; whoever needs one first deploys it."""

    def deploy(snapshot: Snapshot) -> None:
        with project_in(folder / "first", snapshot.state) as first:
            path = _without_pip(folder)
            printed = first.make("deploy", *DEPLOY, "AUTO_APPROVE=1", PATH=path)
            first.aws.keep()
            queued = snapshot.folder / "deployments"
            shutil.copytree(first.deployments, queued, ignore=FOUND_AGAIN, symlinks=True)
            snapshot.note({"printed": printed, "gateway": first.gateway})

    with (
        copy_of("deployment", deploy, *SOURCES) as snapshot,
        project_in(folder / "restored", snapshot.state) as restored,
    ):
        queued = snapshot.folder / "deployments"
        shutil.copytree(queued, restored.deployments, dirs_exist_ok=True)
        for file in restored.deployments.rglob("*.tfstate"):  # Qualys has another port now
            file.write_text(file.read_text().replace(snapshot.facts["gateway"], restored.gateway))
        use_qualys(restored.aws, restored.gateway)
        yield Deployed(restored, snapshot.facts["printed"])


def _without_pip(folder: Path) -> str:
    """A PATH whose python3 cannot build the zip."""
    python = folder / "bin/python3"
    python.parent.mkdir()
    refused = 'case "$*" in *package.py*) echo no pip >&2; exit 1; esac'
    python.write_text(f'#!/bin/sh\n{refused}\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    return f"{python.parent}{os.pathsep}{os.environ['PATH']}"


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project that has deployed nothing, and does not."""
    with project_in(tmp_path_factory.mktemp("project") / "empty") as made:
        yield made


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """For tests that change nothing."""
    with deployment_in(tmp_path_factory.mktemp("project")) as restored:
        yield restored


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A first deployment for one test, to be changed at will."""
    with deployment_in(tmp_path) as restored:
        yield restored.project
