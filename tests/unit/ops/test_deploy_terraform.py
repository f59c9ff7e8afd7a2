"""Which Terraform the deploy commands run, and what they say of how it ended."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from ops.deploy import project
from ops.deploy.terraform import Terraform
from ops.deploy.terraform_command import Command, find_command, require_command
from ops.errors import OpsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def on_path(monkeypatch: pytest.MonkeyPatch, **versions: str) -> None:
    """Only these commands are there, with these versions."""
    found = {name: f"/opt/{name}" for name in versions}
    monkeypatch.setattr(shutil, "which", found.get)

    def answer(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        version = versions[command[0].removeprefix("/opt/")]
        printed = json.dumps({"terraform_version": version}) if version else "?"
        return subprocess.CompletedProcess(command, 0, printed, "")

    monkeypatch.setattr(subprocess, "run", answer)


@pytest.mark.parametrize(
    ("versions", "name"),
    [
        ({"terraform": "1.11.4", "tofu": "1.11.0"}, "Terraform"),
        ({"tofu": "1.11.0"}, "OpenTofu"),
        ({"terraform": "2.0.0-alpha1"}, "Terraform"),
    ],
)
def test_terraform_goes_before_opentofu(
    monkeypatch: pytest.MonkeyPatch, versions: dict[str, str], name: str
) -> None:
    on_path(monkeypatch, **versions)
    assert require_command().name == name


@pytest.mark.parametrize(
    ("versions", "sentence"),
    [
        ({}, "Neither terraform nor tofu is on PATH: install Terraform 1.11 or newer, or OpenTofu"),
        ({"terraform": "1.10.5"}, "Terraform 1.10.5 is too old: Terraform 1.11 or newer, or"),
        ({"tofu": "1.9.0"}, "OpenTofu 1.9.0 is too old: Terraform 1.11 or newer, or OpenTofu 1.11"),
        ({"terraform": ""}, "/opt/terraform does not say its version"),
    ],
)
def test_what_cannot_be_used_is_said(
    monkeypatch: pytest.MonkeyPatch, versions: dict[str, str], sentence: str
) -> None:
    on_path(monkeypatch, **versions)
    with pytest.raises(OpsError, match=sentence):
        require_command()


def test_none_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    on_path(monkeypatch)
    assert find_command() is None


class Prints:
    """A process that prints this and ends with this status."""

    def __init__(self, printed: str, code: int) -> None:
        self.stdout = io.StringIO(printed)
        self.returncode = code

    def __enter__(self) -> Prints:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def ran(monkeypatch: pytest.MonkeyPatch, folder: Path, printed: str, code: int) -> Terraform:
    monkeypatch.setattr(project, "DEPLOYMENTS", folder)
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: Prints(printed, code))
    return Terraform(Command("/opt/tofu", "OpenTofu", "1.11.0"), folder, {}, None)


@pytest.mark.attack(12)
@pytest.mark.parametrize("on_terminal", [True, False])
def test_what_it_says_does_not_control_the_terminal(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    on_terminal: bool,
) -> None:
    """Its own colours are left, on a terminal. AWS' words are in its errors, with others' names."""
    evil = "app\x1b]0;owned\x07 \x1b[2J\x1b[8m \x9b31m \u202egnp\tend"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: on_terminal)
    ran(monkeypatch, tmp_path, f"\x1b[31mError:\x1b[0m {evil}\n", 0).apply()
    printed = capsys.readouterr().out
    for colour in ("\x1b[31m", "\x1b[0m"):
        assert (colour in printed) is on_terminal
        printed = printed.replace(colour, "")
    assert printed.startswith("Error: app")
    assert "owned" in printed
    assert all(each.isprintable() or each == "\n" for each in printed)


def test_the_numbers_of_a_plan_are_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    printed = "\x1b[1mPlan:\x1b[0m 1 to import, 2 to add, 0 to change, 3 to destroy.\n\x1b[0m\n"
    changes = ran(monkeypatch, tmp_path, printed, 2).plan(destroy=False)
    assert (changes.any, changes.counts) == (
        True,
        "1 to import, 2 to add, 0 to change, 3 to destroy",
    )
    first = "Plan: 1 to import, 2 to add, 0 to change, 3 to destroy.\n\n"
    assert capsys.readouterr().out == first
    changes = ran(monkeypatch, tmp_path, "No changes.\n", 0).plan(destroy=False)
    assert (changes.any, changes.counts) == (False, "")


@pytest.mark.parametrize(
    ("printed", "remedy"),
    [
        ("Error running command 'python3 package.py': exit status 127. Output: ", "make package"),
        ('"../functions/package.py": The zip of the functions cannot', "VAR_lambda_package="),
        ("could not connect to registry.terraform.io: dial tcp", "TF_CLI_CONFIG_FILE"),
    ],
)
@pytest.mark.parametrize("step", ["init", "plan", "apply"])
def test_a_failure_for_want_of_a_network_or_python_says_what_helps(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, printed: str, remedy: str, step: str
) -> None:
    terraform = ran(monkeypatch, tmp_path, f"{printed}\n", 1)
    run: dict[str, Callable[[], object]] = {
        "init": terraform.init,
        "plan": lambda: terraform.plan(destroy=False),
        "apply": terraform.apply,
    }
    with pytest.raises(OpsError, match=f"tofu {step} failed in (?s:.*){remedy}"):
        run[step]()


def test_another_failure_is_notified_as_it_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(OpsError) as stated:
        ran(monkeypatch, tmp_path, "Error: AccessDenied\n", 1).apply()
    assert str(stated.value) == f"tofu apply failed in {tmp_path}: run the same command again."
