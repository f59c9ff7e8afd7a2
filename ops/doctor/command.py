"""The command `doctor`."""

import argparse

from rich.console import Console

from ops.answers import answers, new_session
from ops.deploy.terraform_command import described
from ops.doctor.here import Here
from ops.doctor.report import as_json, examine, is_healthy, show
from ops.errors import NoAnswer, OpsError
from ops.installation import Installation, add_options, is_set
from ops.printing import Notes
from ops.shapes import command as shapes


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Checks what is deployed in this account and region, and changes nothing. "
        "The exit status is 0 if no check fails, else 1. With --shapes it compares the form of "
        "Qualys' answers with the expected form instead; 1 means that an answer cannot be read."
    )
    parser.add_argument(
        "--shapes",
        action="store_true",
        default=is_set("SHAPES"),
        help="names and types of Qualys' answers, no values, to be pasted into an issue (SHAPES=1)",
    )
    add_options(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Runs the command. Raises OpsError without credentials or region, or if nothing is found."""
    here = find(arguments.name_prefix, arguments.region)
    if arguments.shapes:
        with answers():
            return shapes.run(here, console, as_json=arguments.json)
    # Standard output gets only the JSON.
    lines = examine(here, Notes() if arguments.json else console)
    if arguments.json:
        reported = as_json(here, lines, described())
        console.print(reported, markup=False, highlight=False, soft_wrap=True)
    else:
        show(here, lines, described(), console)
    return 0 if is_healthy(lines) else 1


def find(name_prefix: str, region: str | None) -> Here:
    """Finds an installation, hub bus or spoke here, complete or not. Raises OpsError."""
    here = Here(Installation.here(new_session(), name_prefix, region))
    with answers():
        found = here.kinds
    if not found and here.refused:
        raise NoAnswer(f"AWS refuses {' and '.join(here.refused)} to you: nothing can be found.")
    if not found:
        raise OpsError(
            f"Nothing named {name_prefix}-... is deployed in account {here.account_id}, region "
            f"{here.region}: set AWS_REGION, NAME_PREFIX or other credentials."
        )
    return here
