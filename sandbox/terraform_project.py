"""Runs Terraform on a copy of the repository, against the endpoint in the environment.

The working tree stays as it is: configuration, state, plans and provider caches live in a scratch
folder. Values never go through the command line, where others could read them.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sandbox.emulator_process import REPOSITORY
from sandbox.terraform import cli_environment, find_terraform, own_environment, shared_provider

# The parts of a configuration in this repository; nothing else is copied.
PARTS = ("modules", "functions", "examples")
LEFT_BEHIND = shutil.ignore_patterns(
    ".terraform",
    ".terraform.lock.hcl",
    "*.tfstate*",
    "*.tfplan",
    "__pycache__",
    ".*_cache",
    ".image-scan",
)

Line = Callable[[str], None]


class TerraformError(Exception):
    """Terraform failed; the message is Terraform's own."""


def copy_project(target: Path, repository: Path = REPOSITORY) -> Path:
    """Copies the repository's Terraform, without the files of earlier runs."""
    target.mkdir(parents=True, exist_ok=True)
    for file in (*repository.glob("*.tf"), *repository.glob("*.json")):
        shutil.copy2(file, target)
    for part in PARTS:
        shutil.copytree(repository / part, target / part, ignore=LEFT_BEHIND, dirs_exist_ok=True)
    return target


class Terraform:
    """One configuration and its state.

    folder       the root module to run in, usually below what `copy_project` made
    environment  what reaches the provider, such as `Aws.environment()`; secrets belong here
    on_line      called with each line that Terraform prints, as it prints it
    lifetime     until it ends, all runs share a process of the provider; else each has its own
    """

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        on_line: Line | None = None,
        lifetime: ExitStack | None = None,
    ) -> None:
        self.folder = folder
        self._command = find_terraform()
        self._on_line = on_line or (lambda _line: None)
        self._lifetime = lifetime
        self._provider: dict[str, str] = {}
        self._environment = {
            **own_environment(),
            **cli_environment(folder),
            "TF_IN_AUTOMATION": "1",
            "TF_INPUT": "0",
            **environment,
        }

    def set_variables(self, variables: Mapping[str, Any]) -> None:
        """Sets variables for all later commands, in a file that only its owner can read.

        Secrets do not belong in it: give them as TF_VAR_... in the environment.
        """
        path = self.folder / "sandbox.auto.tfvars.json"
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
            json.dump(variables, file)

    def add_inputs(self, **inputs: Any) -> None:
        """Gives the module of an example inputs that the example does not pass on."""
        merged = {"module": {"image_scan": inputs}}
        (self.folder / "sandbox_override.tf.json").write_text(json.dumps(merged))

    def keep(self, folder: Path) -> None:
        """Copies the state, to be resumed in another copy of the project."""
        folder.mkdir()
        shutil.copy2(self.folder / "terraform.tfstate", folder)

    def resume(self, folder: Path) -> None:
        """Copies a stored state into the project. The first command finds the providers again."""
        shutil.copy2(folder / "terraform.tfstate", self.folder)

    def init(self) -> None:
        self._run("init", "-backend=false", "-no-color")

    def validate(self) -> None:
        self._run("validate", "-no-color")

    def plan(self, *, destroy: bool = False) -> dict[str, Any]:
        """The plan, as `terraform show -json` renders it."""
        options = ["-destroy"] if destroy else []
        self._run("plan", "-no-color", "-out=sandbox.tfplan", *options)
        shown = self._run("show", "-json", "sandbox.tfplan", quiet=True)
        plan: dict[str, Any] = json.loads(shown)
        return plan

    def apply(self) -> None:
        self._run("apply", "-no-color", "-auto-approve")

    def destroy(self) -> None:
        self._run("destroy", "-no-color", "-auto-approve")

    def outputs(self) -> dict[str, Any]:
        answer = json.loads(self._run("output", "-json", quiet=True))
        return {name: output["value"] for name, output in answer.items()}

    def _run(self, *arguments: str, quiet: bool = False) -> str:
        """Runs Terraform, passes its lines on, and returns them."""
        if arguments[0] != "init" and not (self.folder / ".terraform").exists():
            self.init()
        with subprocess.Popen(
            [self._command, *arguments],
            cwd=self.folder,
            env=self._environment | self._shared_provider(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process:
            printed = []
            assert process.stdout  # noqa: S101 - it is a pipe
            for line in process.stdout:
                printed.append(line)
                if not quiet:
                    self._on_line(line.rstrip("\n"))
        if process.returncode:
            raise TerraformError(f"terraform {arguments[0]}: {_failure(printed)}")
        return "".join(printed)

    def _shared_provider(self) -> dict[str, str]:
        """Variables for a run; the first run begins the provider."""
        if self._lifetime and not self._provider:
            stored = shared_provider(self.folder, self._environment)
            self._provider = self._lifetime.enter_context(stored)
        return self._provider


def changes(plan: Mapping[str, Any]) -> dict[str, list[str]]:
    """What a plan would do, by address; empty when there is nothing to do."""
    return {
        change["address"]: change["change"]["actions"]
        for change in plan.get("resource_changes", [])
        if change["change"]["actions"] not in (["no-op"], ["read"])
    }


def _failure(printed: list[str]) -> str:
    """Terraform's own words from its first "Error:" on."""
    first = next((n for n, line in enumerate(printed) if "Error:" in line), 0)
    return "".join(printed[first:]).strip() or "failed without a word"
