"""A shell in which a reader of the pages types commands, with Terraform and `aws` on PATH."""

import json
import os
import re
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from sandbox.aws import Aws
from sandbox.terraform import cli_environment, shared_provider
from tests.support import aws_cli


@dataclass(frozen=True)
class Shell:
    """Runs commands in a folder, with credentials of an emulated account."""

    folder: Path
    environment: dict[str, str]

    @classmethod
    def of(
        cls,
        aws: Aws,
        folder: Path,
        scratch: Path,
        account: str,
        region: str,
        lifetime: ExitStack | None = None,
    ) -> "Shell":
        """All runs of Terraform share a process of the provider until `lifetime` ends."""
        stored = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TF_", "MAKE"))}
        path = {"PATH": f"{aws_cli.install(scratch)}{os.pathsep}{os.environ['PATH']}"}
        own = aws.environment(account, region) | cli_environment(scratch)
        environment = stored | path | own
        if lifetime:
            environment |= lifetime.enter_context(shared_provider(folder, own))
        return cls(folder, environment)

    def type(self, text: str, *, answer: str = "", **variables: str) -> str:
        """What the commands print. Each has to succeed; `answer` is what they read."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", text],
            cwd=self.folder,
            env=self.environment | variables,
            input=answer,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=500,
        )
        assert done.returncode == 0, f"{text}\n{done.stdout[-6000:]}"
        return done.stdout


def fill_in(file: Path, **values: object) -> None:
    """Writes values into a file of variables, and removes the lines that set them."""
    text = file.read_text()
    for name, value in values.items():
        text, found = re.subn(rf"(?m)^( *{name} *=) .*$", rf"\1 {json.dumps(value)}", text)
        assert found == 1, name
    file.write_text(text)
