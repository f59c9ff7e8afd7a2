"""Finds terraform on PATH, else OpenTofu."""

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass

from ops.errors import OpsError

# Both have ephemeral values and write-only arguments from this version on.
MINIMUM = (1, 11)
SUPPORTED = "Terraform 1.11 or newer, or OpenTofu 1.11 or newer"
_NAMES = {"terraform": "Terraform", "tofu": "OpenTofu"}


@dataclass(frozen=True)
class Command:
    path: str
    name: str
    version: str

    def __str__(self) -> str:
        return self.path.rsplit("/", 1)[-1]

    @property
    def is_supported(self) -> bool:
        return tuple(int(part) for part in re.findall(r"\d+", self.version)[:2]) >= MINIMUM


def find_command() -> Command | None:
    """Returns None if neither is on PATH. Raises OpsError if one does not print its version."""
    for command, name in _NAMES.items():
        if path := shutil.which(command):
            return Command(path, name, _version(path))
    return None


def described() -> str:
    """Describes the version that is here, and the supported versions."""
    try:
        command = find_command()
    except OpsError as error:
        return str(error)
    here = f"{command.name} {command.version}" if command else "no Terraform here"
    return f"{here} (supported: {SUPPORTED})"


def require_command() -> Command:
    """Returns the command. Raises OpsError if there is none, or if it is too old."""
    command = find_command()
    if not command:
        raise OpsError(
            f"Neither terraform nor tofu is on PATH: install {SUPPORTED}. "
            "https://developer.hashicorp.com/terraform/install, https://opentofu.org/docs/intro/install"
        )
    if not command.is_supported:
        raise OpsError(f"{command.name} {command.version} is too old: {SUPPORTED} is needed.")
    return command


def _version(path: str) -> str:
    answer = subprocess.run(
        [path, "version", "-json"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "CHECKPOINT_DISABLE": "1"},  # without a look for a newer one
    )
    try:
        return str(json.loads(answer.stdout)["terraform_version"])
    except (ValueError, KeyError):
        raise OpsError(f"{path} does not say its version.") from None
