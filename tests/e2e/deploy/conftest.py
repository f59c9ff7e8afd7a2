"""The real make and Terraform, on an AWS of their own for each group of tests."""

import os
import shutil
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from sandbox.aws import ACCOUNT, REPOSITORY, Aws
from sandbox.qualys import Credentials, EcrImages, QualysSimulator, make_sensor_user
from sandbox.terraform import cli_environment, kept_provider

TOKEN = "canary-token-deploy"
HOME = "us-east-1"
LEFT_BEHIND = shutil.ignore_patterns("__pycache__", ".terraform*", "*.tfstate*", "dist")


class Project:
    """A copy of the repository, and make in it."""

    def __init__(self, folder: Path, aws: Aws, gateway_url: str) -> None:
        self.folder = folder
        self.aws = aws
        for part in ("ops", "modules", "functions"):
            shutil.copytree(REPOSITORY / part, folder / part, ignore=LEFT_BEHIND)
        for file in (*REPOSITORY.glob("*.tf"), REPOSITORY / "Makefile"):
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
        if target.endswith("-region"):  # several roots at a time, each with its own provider
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

    def left(self) -> list[Path]:
        return list((self.folder / "deployments").glob("[!.]*/*"))


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with Aws(wait_scale=0) as aws:
        sensor = make_sensor_user(aws.endpoint, "900000000009")
        images = EcrImages(aws.endpoint, lambda: sensor)
        with QualysSimulator(Credentials(tokens=(TOKEN,)), images) as qualys:
            made = Project(tmp_path_factory.mktemp("project"), aws, qualys.url)
            with kept_provider(_with_zip(made.folder), made.environment) as kept:
                made.environment |= kept
                yield made


def _with_zip(project: Path) -> Path:
    """A folder for the provider that all roots share, with the zip that each builds in its own."""
    functions, folder = project / "functions", project / "provider"
    sources = [
        path for kind in ("*.py", "*.txt", "image_scan/**/*.py") for path in functions.glob(kind)
    ]
    names = sorted((path.relative_to(functions).as_posix(), path) for path in sources)
    lines = [f"{name} {sha256(path.read_bytes()).hexdigest()}" for name, path in names]
    digest = sha256("\n".join(["python3.12", "arm64", *lines]).encode()).digest()
    name = sha256(b64encode(digest)).hexdigest()[:16]
    built = folder / f".image-scan/{name}.zip"
    subprocess.run([sys.executable, functions / "package.py", "--output", built], check=True)
    return folder


@pytest.fixture(scope="session")
def deployed(project: Project, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the first deployment prints. The python3 of the machine cannot build the zip."""
    python = tmp_path_factory.mktemp("bin") / "python3"
    refused = 'case "$*" in *package.py*) echo no pip >&2; exit 1; esac'
    python.write_text(f'#!/bin/sh\n{refused}\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    given = ("QUALYS_POD=US2", "CREATE_ROLE=true", "AUTO_APPROVE=1")
    path = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    return project.make("deploy", *given, PATH=path)
