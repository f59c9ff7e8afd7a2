"""Terraform in one folder. What it prints goes to the operator as it comes."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ops.errors import OpsError

MINIMUM = (1, 11)
_PLAN = "change.tfplan"


def require_terraform() -> None:
    """Raises OpsError when Terraform is missing or too old."""
    command = shutil.which("terraform")
    if not command:
        raise OpsError(
            "Terraform is not installed: https://developer.hashicorp.com/terraform/install"
        )
    answer = subprocess.run(
        [command, "version", "-json"], capture_output=True, text=True, check=False
    )
    try:
        version = str(json.loads(answer.stdout)["terraform_version"])
    except (ValueError, KeyError):
        raise OpsError(f"{command} does not tell its version.") from None
    if tuple(int(part) for part in re.findall(r"\d+", version)[:2]) < MINIMUM:
        raise OpsError(f"Terraform {version} is too old: 1.11 or newer is needed.")


class Terraform:
    """One root module and its state.

    `secrets` are TF_VAR_... of ephemeral variables; they reach Terraform by its environment alone.
    """

    def __init__(
        self, folder: Path, secrets: Mapping[str, str], variables_file: Path | None
    ) -> None:
        self.folder = folder
        self._variables = [f"-var-file={variables_file}"] if variables_file else []
        cache = folder.parents[1] / ".plugins"
        cache.mkdir(parents=True, exist_ok=True)
        self._environment = {
            # One copy of the provider for all roots.
            "TF_PLUGIN_CACHE_DIR": str(cache),
            # What builds the functions' zip, unless another is named: this one has pip.
            "PYTHON": sys.executable,
            **os.environ,
            **secrets,
            "TF_IN_AUTOMATION": "1",
        }

    def init(self) -> None:
        answer = self._capture("init", "-input=false", "-no-color")
        if answer.returncode:
            raise OpsError(f"terraform init failed in {self.folder}:\n{answer.stdout.strip()}")

    def plan(self, *, destroy: bool) -> bool:
        """Shows the plan; whether there is something to do."""
        options = ["-destroy"] if destroy else []
        code = self._show(
            "plan",
            "-input=false",
            f"-out={_PLAN}",
            "-detailed-exitcode",
            *options,
            *self._variables,
        )
        if code not in (0, 2):
            raise OpsError(f"terraform plan failed in {self.folder}.")
        return code == 2

    def apply(self, name: str = "") -> None:
        """Carries out the plan; with a name, each line begins with it."""
        arguments = ("apply", "-input=false", _PLAN)
        code = self._prefixed(name, *arguments) if name else self._show(*arguments)
        if code:
            raise OpsError(f"terraform apply failed in {self.folder}: run the same command again.")

    def forget_plan(self) -> None:
        (self.folder / _PLAN).unlink(missing_ok=True)

    def outputs(self) -> dict[str, Any]:
        answer = self._capture("output", "-json", "-no-color")
        if answer.returncode:
            raise OpsError(f"terraform output failed in {self.folder}:\n{answer.stdout.strip()}")
        return {name: each["value"] for name, each in json.loads(answer.stdout).items()}

    def _capture(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["terraform", *arguments],
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def _show(self, *arguments: str) -> int:
        sys.stdout.flush()
        colour = [] if sys.stdout.isatty() else ["-no-color"]
        answer = subprocess.run(
            ["terraform", arguments[0], *colour, *arguments[1:]],
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        return answer.returncode

    def _prefixed(self, name: str, *arguments: str) -> int:
        with subprocess.Popen(
            ["terraform", arguments[0], "-no-color", *arguments[1:]],
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            assert process.stdout  # noqa: S101 - it is a pipe
            for line in process.stdout:
                sys.stdout.write(f"[{name}] {line}")
                sys.stdout.flush()
        return process.returncode
