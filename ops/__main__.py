"""Runs `python -m ops <command>`, as the targets of the Makefile do."""

import argparse
import importlib
import sys
from typing import Any

from rich.console import Console

from ops.errors import OpsError

# Command -> module, the names of its two functions there, and its text in `--help`.
COMMANDS = {
    "deploy": ("ops.deploy.installation", "configure", "run", "one region of one account"),
    "deploy-hub": ("ops.deploy.installation", "configure_hub", "run_hub", "an organization's hub"),
    "deploy-region": ("ops.deploy.spokes", "configure_region", "run_region", "more regions"),
    "deploy-spoke-stackset": (
        "ops.deploy.spokes",
        "configure_stackset",
        "run_stackset",
        "an organization's members",
    ),
    "doctor": ("ops.doctor.command", "configure", "run", "what is wrong, and how to fix it"),
    "status": ("ops.status", "configure", "run", "executions, verdicts, queues and alarms"),
    "logs": ("ops.logs", "configure", "run", "what functions and machines log, in order"),
    "scan": ("ops.scan", "configure", "run", "one image now"),
    "smoke": ("ops.smoke.command", "configure", "run", "an event of our own, to its verdict"),
    "where": ("ops.where", "configure", "run", "what is known of an image"),
    "gate": ("ops.gate.command", "configure", "run", "which services are gated, last decisions"),
    "admit": ("ops.gate.admit", "configure", "run", "what the gate decides about an image"),
    "coverage": ("ops.coverage", "configure", "run", "of what runs, how much has a verdict"),
    "backfill": ("ops.backfill", "configure", "run", "scan what runs unscanned"),
    "report": ("ops.report.command", "configure", "run", "a page of what runs where"),
    "redrive": ("ops.redrive", "configure", "run", "queued events through the intake again"),
}


class Command(argparse.ArgumentParser):
    """Adds its options only when it parses, so that a command loads its own imports only."""

    def __init__(self, *, module: str = "", configure: str = "", **options: Any) -> None:
        super().__init__(**options)
        self._module, self._configure = module, configure

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        getattr(importlib.import_module(self._module), self._configure)(self)
        return super().parse_known_args(args, namespace)


def main(given: list[str] | None = None) -> int:
    """Returns the exit status: the command's own, or 2 for an error that the operator must fix."""
    parser = argparse.ArgumentParser(prog="python -m ops", description="The operator's tool.")
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="command", parser_class=Command
    )
    for name, (module, configure, _, help_text) in COMMANDS.items():
        commands.add_parser(name, help=help_text, module=module, configure=configure)
    arguments = parser.parse_args(given)
    module, _, run, _ = COMMANDS[arguments.command]
    try:
        return int(getattr(importlib.import_module(module), run)(arguments, Console()))
    except OpsError as error:
        print(f"{error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
