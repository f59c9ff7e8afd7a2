"""Lists the commands of the operator's tool, and reads their command line."""

import argparse
import importlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ops.errors import OpsError

PROGRAM = "./image-scan"
_EXAMPLES = "examples:"
# The same words as make takes; a secret on a command line is seen by everybody on the machine.
_SETTING = re.compile(r"([A-Za-z_]+)=(.*)", re.DOTALL)
_SECRETS = (
    "QUALYS_API_TOKEN",
    "QUALYS_PASSWORD",
    "QUALYS_CLIENT_SECRET",
    "QUALYS_PROXY_PASSWORD",
)


@dataclass(frozen=True)
class Entry:
    """A command: its module, the names of its two functions there, its line in `--help`, and
    examples of its options."""

    module: str
    help: str
    examples: tuple[str, ...]
    configure: str = "configure"
    run: str = "run"

    def function(self, name: str) -> Any:
        return getattr(importlib.import_module(self.module), name)


_IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/shop/app:1.4.2"
COMMANDS = {
    "deploy": Entry(
        "ops.deploy.installation",
        "one region of one account",
        ("QUALYS_POD=US2 CREATE_ROLE=true", "--plan", "--destroy"),
    ),
    "deploy-hub": Entry(
        "ops.deploy.installation",
        "the hub of an organization",
        ("QUALYS_POD=US2 OrganizationId=o-a1b2c3d4e5 EXISTING_ROLE_NAME=qualys-role", "--destroy"),
        "configure_hub",
        "run_hub",
    ),
    "deploy-region": Entry(
        "ops.deploy.spokes",
        "more regions of the account",
        ("REGION=us-west-2,eu-west-1", "--destroy REGION=eu-west-1"),
        "configure_region",
        "run_region",
    ),
    "deploy-spoke-stackset": Entry(
        "ops.deploy.spokes",
        "the members of an organization",
        ("--plan", "--destroy"),
        "configure_stackset",
        "run_stackset",
    ),
    "doctor": Entry(
        "ops.doctor.command", "what is wrong, and how to fix it", ("", "--json", "--shapes")
    ),
    "status": Entry(
        "ops.status", "executions, verdicts, queues and alarms", ("", "--region eu-west-1 --json")
    ),
    "logs": Entry(
        "ops.logs",
        "what functions and state machines log, in order",
        ("--since 15m", "--function parse_event --follow"),
    ),
    "scan": Entry(
        "ops.scan",
        "scan one image now",
        ("--image shop/app:1.4.2 --wait", f"--image {_IMAGE} --force --json"),
    ),
    "smoke": Entry(
        "ops.smoke.command",
        "send one event the whole way",
        ("--image shop/app:1.4.2", "--image shop/app:1.4.2 --wait-minutes 10 --json"),
    ),
    "where": Entry(
        "ops.where",
        "what is known of an image, and where it runs",
        ("--image shop/app:1.4.2", "--repository shop/app", "--cve CVE-2022-3602 --json"),
    ),
    "gate": Entry(
        "ops.gate.command", "which services are gated, and the last decisions", ("--since 1d",)
    ),
    "admit": Entry(
        "ops.gate.admit",
        "what the gate decides about an image",
        ("--image shop/app:1.4.2 --wait", "--image shop/app:1.4.2 --service prod/web --json"),
    ),
    "coverage": Entry("ops.coverage", "how much of what runs has a verdict", ("", "--json")),
    "backfill": Entry("ops.backfill", "scan what runs without a result", ("", "--json")),
    "in-use": Entry(
        "ops.in_use.command",
        "images that run, for clean-ups and auditors",
        ("--repository shop/app", "--format digests --days 30", "--format csv --out in-use.csv"),
    ),
    "forget": Entry(
        "ops.forget",
        "close what ran in an account that has left",
        ("--account 444455556666", "--account 444455556666 --confirm"),
    ),
    "report": Entry("ops.report.command", "a page of what runs where", ("--out report.html",)),
    "redrive": Entry(
        "ops.redrive",
        "queued events through the intake again",
        ("--dry-run", "", "--drop 5fea7756-0ea4-451a-a703-a558b933e274"),
    ),
    "completion": Entry(
        "ops.completion", "completion of commands and options in a shell", ("bash", "zsh")
    ),
}


class Formatter(argparse.HelpFormatter):
    """Wraps a description, and leaves the lines of examples as they are."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if text.startswith(_EXAMPLES):
            return text
        return super()._fill_text(text, width, indent)


class Command(argparse.ArgumentParser):
    """Adds its options only when it parses, so that a command loads its own imports only."""

    def __init__(self, *, entry: Entry | None = None, **options: Any) -> None:
        super().__init__(**options)
        self._entry = entry

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        if self._entry:
            self._entry.function(self._entry.configure)(self)
        return super().parse_known_args(args, namespace)


def parser() -> argparse.ArgumentParser:
    """Returns the parser of all commands."""
    top = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Deploys and operates installations of the image scan.",
        epilog="Exit status: 0 as it should be; 1 findings, or checks that failed; 2 wrong use; "
        f"3 no result. `{PROGRAM} <command> --help` shows options and examples. Every setting of "
        "make can be given as make takes it, such as NAME_PREFIX=other.",
    )
    commands = top.add_subparsers(
        dest="command", required=True, metavar="command", parser_class=Command
    )
    for name, entry in COMMANDS.items():
        lines = [f"  {PROGRAM} {name} {each}".rstrip() for each in entry.examples]
        commands.add_parser(
            name,
            help=entry.help,
            epilog="\n".join([_EXAMPLES, *lines]),
            formatter_class=Formatter,
            entry=entry,
        )
    return top


def take_settings(words: Sequence[str]) -> list[str]:
    """Puts each NAME=value into the environment, as make does, and returns the other words.

    Raises OpsError for a secret.
    """
    others = []
    for word in words:
        match = _SETTING.fullmatch(word)
        if match is None:
            others.append(word)
        elif match[1] in _SECRETS or match[1].startswith("TF_VAR_"):
            raise OpsError(f"{match[1]} belongs into the environment, not on the command line.")
        else:
            os.environ[match[1]] = match[2]
    return others
