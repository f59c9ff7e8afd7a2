"""Deploys written roots: init, plan, a question, apply."""

import argparse
import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from rich.console import Console

from ops.deploy import locations, project
from ops.deploy.remembered import Remembered
from ops.deploy.roots import Root
from ops.deploy.settings import Settings
from ops.deploy.states import LocalStates
from ops.deploy.target import Target
from ops.deploy.terraform import Changes, Terraform
from ops.deploy.terraform_command import Command, require_command
from ops.errors import OpsError

APPLY, PLAN, DESTROY = "apply", "plan", "destroy"
# Not used: a destroy writes no secret, but the module requires a credential.
_UNUSED = {"token": "unused"}
Planned = tuple[Root, Terraform, Changes]


def add_actions(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_mutually_exclusive_group()
    actions.add_argument(
        "--plan",
        dest="action",
        action="store_const",
        const=PLAN,
        help="show the plan, and change nothing",
    )
    actions.add_argument(
        "--destroy",
        dest="action",
        action="store_const",
        const=DESTROY,
        help="destroy the deployment",
    )
    parser.set_defaults(action=APPLY)


def refuse_if_nobody_can_be_asked(action: str, given: Settings) -> None:
    if action == APPLY and not given.is_set("AUTO_APPROVE") and not sys.stdin.isatty():
        raise OpsError("Nobody can be asked here: give AUTO_APPROVE=1 to apply without a question.")


def roll_out(
    roots: Sequence[Root], action: str, given: Settings, console: Console, after: Sequence[str]
) -> int:
    """Plans all roots, asks once, and applies those that change, in parallel.

    `after` are lines about the next steps. Raises OpsError, also if nobody can be asked.
    """
    if not roots:
        return 0
    command = require_command()
    terraforms = [terraform_of(command, root, action) for root in roots]
    planned: list[Planned] = []
    try:
        for root, terraform in zip(roots, terraforms, strict=True):
            _show(root, action, console)
            terraform.init()
            planned.append((root, terraform, terraform.plan(destroy=action == DESTROY)))
        if action == PLAN:
            return 0
        changing = [each for each in planned if each[2].any]
        _ask(action, changing, given)
        for root in roots:
            locations.remember(root.target.states, root.target.deployment)
        _apply(changing)
    finally:
        for terraform in terraforms:
            terraform.forget_plan()
    if action == DESTROY:
        for root in roots:
            _forget(root.target)
        console.print("Destroyed." if changing else "There was nothing to destroy.")
        return 0
    counted = any(changes.counts for *_, changes in changing)
    console.print("Applied." if counted else "Nothing to change.", style="green")
    for line in after:
        console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)
    return 0


def terraform_of(command: Command, root: Root, action: str) -> Terraform:
    """Writes a root's folder. Returns Terraform with the credential in its environment. Raises
    OpsError."""
    secrets: Mapping[str, str] = {}
    if root.takes_credential:
        credential = _UNUSED if action == DESTROY else root.target.settings.credential()
        secrets = {"TF_VAR_qualys_credentials": json.dumps(credential)}
    return Terraform(command, root.write(), secrets, root.inputs.file)


def nothing_to_destroy(target: Target, action: str, console: Console) -> bool:
    """Checks whether there is nothing to destroy. Then prints that, and removes local files."""
    if action != DESTROY or target.state:
        return False
    _forget(target)
    text = f"There was nothing to destroy. No {target.deployment} is in {target.where}."
    console.print(text, highlight=False, soft_wrap=True)
    return True


def _show(root: Root, action: str, console: Console) -> None:
    target = root.target
    console.print(
        f"{target.deployment}: state in {target.where}",
        style="bold",
        highlight=False,
        soft_wrap=True,
    )
    if action == DESTROY:
        return
    now = Remembered(root.record["settings"], root.record["file"])
    for line in target.remembered.shown(now, target.given, root.inputs.from_file):
        console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)


def _ask(action: str, changing: Sequence[Planned], given: Settings) -> None:
    """Asks before changes in AWS. A plan that only stores settings in the state needs no answer."""
    lines = [
        f"{root.target.deployment}: {changes.counts}"
        for root, _, changes in changing
        if changes.counts
    ]
    if not lines or given.is_set("AUTO_APPROVE"):
        return
    if not sys.stdin.isatty():
        raise OpsError("Nobody can be asked here: give AUTO_APPROVE=1.")
    question = "\n".join([f"{action.capitalize()}?", *(f"  {line}" for line in lines)])
    if input(f"{question}\nType yes to continue: ").strip() != "yes":
        raise OpsError("Nothing was changed.")


def _apply(changing: Sequence[Planned]) -> None:
    if len(changing) == 1:
        changing[0][1].apply()
        return
    failures = []
    with ThreadPoolExecutor() as pool:
        runs = [
            (root, pool.submit(terraform.apply, _name(root))) for root, terraform, _ in changing
        ]
        for root, run in runs:
            try:
                run.result()
            except OpsError as error:
                failures.append(f"{_name(root)}: {error}")
    if failures:
        raise OpsError("\n".join(failures))


def _name(root: Root) -> str:
    return f"{root.target.deployment.kind} {root.target.deployment.region}"


def _forget(target: Target) -> None:
    """Removes local files of a destroyed deployment. An empty state in a bucket does no harm."""
    folder = project.DEPLOYMENTS / target.deployment.path
    if isinstance(target.states, LocalStates):
        shutil.rmtree(folder, ignore_errors=True)
    else:
        (folder / "main.tf.json").unlink(missing_ok=True)
