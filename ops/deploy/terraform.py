"""Runs Terraform or OpenTofu in one folder, and passes its output on to the operator."""

import os
import re
import subprocess
import sys
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ops.deploy import project
from ops.deploy.terraform_command import Command
from ops.errors import Failed
from ops.printing import write

_PLAN = "change.tfplan"
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_REMEMBERED_LINES = 400  # at the end of the output
# Patterns in the output of a failed run, and the remedy for each.
_REMEDIES = (
    (
        r"package\.py",
        "By make: run `make package` where Python reaches a package index, bring "
        "functions/dist/image_scan.zip here, and add "
        """VAR_lambda_package='{"path": "/path/to/image_scan.zip"}'.""",
    ),
    (
        r"registry\.(terraform\.io|opentofu\.org)|releases\.hashicorp\.com|Failed to query",
        "The provider could not be fetched. Without a way to the registry, have a mirror in "
        "TF_CLI_CONFIG_FILE: https://developer.hashicorp.com/terraform/cli/config/config-file",
    ),
)


@dataclass(frozen=True)
class Changes:
    """The changes of a plan. `counts` reads "2 to add, 0 to change, 0 to destroy"."""

    any: bool
    counts: str


class Terraform:
    """One root module and its state.

    `secrets` are TF_VAR_... of ephemeral variables. They are only in Terraform's environment.
    """

    def __init__(
        self,
        command: Command,
        folder: Path,
        secrets: Mapping[str, str],
        variables_file: Path | None,
    ) -> None:
        self.folder = folder
        self._command = command
        self._variables = [f"-var-file={variables_file}"] if variables_file else []
        cache = project.DEPLOYMENTS / ".plugins"
        cache.mkdir(parents=True, exist_ok=True)
        self._environment = {
            # One copy of the provider for all roots.
            "TF_PLUGIN_CACHE_DIR": str(cache),
            # The Python that builds the functions' zip by default: this one has pip.
            "PYTHON": sys.executable,
            **os.environ,
            **secrets,
            "TF_IN_AUTOMATION": "1",
        }

    def init(self) -> None:
        # The location of the state is already decided, so nothing is migrated here.
        code, printed = self._run("init", "-input=false", "-reconfigure", quiet=True)
        if code:
            raise Failed(
                f"{self._command} init failed in {self.folder}:\n{printed.strip()}"
                f"{_remedy(printed)}"
            )

    def plan(self, *, destroy: bool) -> Changes:
        """Shows the plan."""
        options = ["-destroy"] if destroy else []
        code, printed = self._run(
            "plan",
            "-input=false",
            f"-out={_PLAN}",
            "-detailed-exitcode",
            *options,
            *self._variables,
        )
        if code not in (0, 2):
            raise Failed(f"{self._command} plan failed in {self.folder}.{_remedy(printed)}")
        counted = re.findall(r"^Plan: (.+)\.$", printed, re.MULTILINE)
        return Changes(code == 2, counted[-1] if counted else "")

    def apply(self, name: str = "") -> None:
        """Carries out the plan. With a name, each line of output begins with it."""
        code, printed = self._run("apply", "-input=false", _PLAN, name=name)
        if code:
            raise Failed(
                f"{self._command} apply failed in {self.folder}: run the same command again."
                f"{_remedy(printed)}"
            )

    def forget_plan(self) -> None:
        (self.folder / _PLAN).unlink(missing_ok=True)

    def _run(self, *arguments: str, name: str = "", quiet: bool = False) -> tuple[int, str]:
        """Returns the exit status, and the end of the output without colours."""
        colour = sys.stdout.isatty() and not name and not quiet
        options = [] if colour else ["-no-color"]
        stored: deque[str] = deque(maxlen=_REMEMBERED_LINES)
        sys.stdout.flush()
        with subprocess.Popen(
            [self._command.path, arguments[0], *options, *arguments[1:]],
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process:
            assert process.stdout  # noqa: S101 - it is a pipe
            for line in process.stdout:
                stored.append(_COLOUR.sub("", line))
                if not quiet:
                    shown = line if colour else stored[-1]
                    write(f"[{name}] {shown}" if name else shown, colours=colour)
        return process.returncode, "".join(stored)


def _remedy(printed: str) -> str:
    found = (remedy for pattern, remedy in _REMEDIES if re.search(pattern, printed))
    return next((f"\n{remedy}" for remedy in found), "")
