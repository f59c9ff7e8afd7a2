"""Terraform on this machine: its program, the provider, and the environment of a run."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sandbox.emulator_process import SandboxError

MINIMUM = (1, 11)
INSTALL = "install Terraform 1.11 or newer: https://developer.hashicorp.com/terraform/install"
PROVIDERS = "registry.terraform.io"


def find_terraform() -> str:
    """The terraform on PATH, if it is new enough."""
    command = shutil.which("terraform")
    if not command:
        raise SandboxError(f"terraform not found: {INSTALL}")
    answer = subprocess.run(
        [command, "version", "-json"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.defpath, "CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": os.devnull},
    )
    try:
        version = str(json.loads(answer.stdout)["terraform_version"])
    except (ValueError, KeyError):
        raise SandboxError(f"{command} does not say its version: {INSTALL}") from None
    if tuple(map(int, re.findall(r"\d+", version)[:2])) < MINIMUM:
        raise SandboxError(f"{command} is {version}: {INSTALL}")
    return command


def find_mirror() -> Path | None:
    """A folder that holds the aws provider: $TF_PROVIDER_MIRROR, else one below /opt."""
    given = os.environ.get("TF_PROVIDER_MIRROR")
    if given:
        return Path(given)
    found = sorted(Path("/opt").glob(f"*/{PROVIDERS}/hashicorp/aws"))
    return found[0].parents[2] if found else None


def write_cli_configuration(path: Path, mirror: Path | None) -> Path:
    """A CLI configuration file: providers from the mirror, or from the registry without one."""
    lines = ["disable_checkpoint = true"]
    if mirror:
        source = json.dumps(str(mirror))
        lines.append(f"provider_installation {{\n  filesystem_mirror {{ path = {source} }}\n}}")
    path.write_text("\n".join(lines) + "\n")
    return path


def cli_environment(folder: Path) -> dict[str, str]:
    """Returns variables for Terraform: it finds the provider, does not call HashiCorp, and saves
    processor time. Writes its configuration file into the folder."""
    configuration = write_cli_configuration(folder / "terraform.rc", find_mirror())
    return {
        "TF_CLI_CONFIG_FILE": str(configuration),
        "CHECKPOINT_DISABLE": "1",
        # Go then collects garbage less often: a quarter less processor, a third more memory.
        "GOGC": "400",
    }


@contextmanager
def shared_provider(folder: Path, environment: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Yields variables for runs of Terraform in a folder that share one aws provider process.
    Otherwise each run starts several. Yields none if no mirror has the provider.

    The run that began last configures the process. So only one run may work at a time, and a root
    may configure it for only one account and region.
    https://developer.hashicorp.com/terraform/plugin/debugging
    """
    mirror = find_mirror()
    found = sorted(mirror.glob(f"{PROVIDERS}/hashicorp/aws/*/*/terraform-*")) if mirror else []
    if not found:
        yield {}
        return
    with (
        # It leaves its socket behind.
        tempfile.TemporaryDirectory(prefix="tf-", ignore_cleanup_errors=True) as scratch,
        subprocess.Popen(
            [found[-1], "-debug"],
            cwd=folder,
            env={**own_environment(), **environment, "TF_LOG": "off", "TMPDIR": scratch},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process,
    ):
        assert process.stdout  # noqa: S101 - it is a pipe
        wanted = (re.search(r"TF_REATTACH_PROVIDERS='(.+)'", line) for line in process.stdout)
        try:
            yield {"TF_REATTACH_PROVIDERS": next(each[1] for each in wanted if each)}
        finally:
            process.terminate()


def own_environment() -> dict[str, str]:
    """Returns the caller's variables, which the build of the Lambda zip needs (pip, proxies).
    Leaves out those that would point Terraform or its provider to another endpoint."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TF_"))}


if __name__ == "__main__":
    try:
        find_terraform()
    except SandboxError as error:
        sys.exit(f"{error}")
