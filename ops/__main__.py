"""Runs a command of the operator's tool, as ./image-scan and the targets of the Makefile do."""

import sys
import traceback

from ops.commands import COMMANDS, parser, take_settings
from ops.errors import NoAnswer, OpsError
from ops.printing import Output, refuse, to_stderr


def main(given: list[str] | None = None) -> int:
    """Returns the exit status: the command's own, or that of the error that has ended it."""
    as_json, command = False, ""
    try:
        words = take_settings(sys.argv[1:] if given is None else given)
        arguments = parser().parse_args(words)
        as_json, command = getattr(arguments, "json", False), arguments.command
        entry = COMMANDS[command]
        return int(entry.function(entry.run)(arguments, Output()))
    except OpsError as error:
        refuse(str(error), error.status, as_json=as_json)
        return error.status
    except KeyboardInterrupt:
        again = " The same command goes on from here." if command.startswith("deploy") else ""
        to_stderr(f"Interrupted.{again}")
        return 130


def run() -> int:
    """Ends as without a result where the tool itself fails: Python's own status means findings."""
    try:
        return main()
    except Exception:
        to_stderr(traceback.format_exc().rstrip())
        return NoAnswer.status


if __name__ == "__main__":
    sys.exit(run())
