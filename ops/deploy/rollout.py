"""From written roots to what is deployed: init, plan, a question, apply."""

import argparse
import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console

from ops.deploy.project import REPOSITORY
from ops.deploy.roots import Root
from ops.deploy.settings import Settings
from ops.deploy.terraform import Terraform, require_terraform
from ops.errors import OpsError

APPLY, PLAN, DESTROY = "apply", "plan", "destroy"
# Nothing reads it: a destroy writes no secret, but the module asks for one.
_UNUSED = {"token": "unused"}


def add_actions(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_mutually_exclusive_group()
    actions.add_argument(
        "--plan", dest="action", action="store_const", const=PLAN, help="show, and change nothing"
    )
    actions.add_argument(
        "--destroy", dest="action", action="store_const", const=DESTROY, help="take it away again"
    )
    parser.set_defaults(action=APPLY)


def roll_out(
    roots: Sequence[Root], action: str, settings: Settings, console: Console, after: Sequence[str]
) -> int:
    """Plans all, asks once, applies all that change, side by side. `after` says what comes next.

    Raises OpsError, also where nobody can be asked.
    """
    require_terraform()
    if action == APPLY and not settings.is_set("AUTO_APPROVE") and not sys.stdin.isatty():
        raise OpsError("Nobody can be asked here: give AUTO_APPROVE=1 to apply without a question.")
    planned = {root.name: terraform_of(root, settings, action) for root in roots}
    try:
        changing = {}
        for name, terraform in planned.items():
            where = _state(settings, terraform.folder)
            console.print(f"{name}: state in {where}", style="bold", soft_wrap=True)
            terraform.init()
            if terraform.plan(destroy=action == DESTROY):
                changing[name] = terraform
        if action == PLAN:
            return 0
        if changing:
            _ask(action, changing, settings)
            _apply(changing)
        if action == DESTROY:
            for terraform in planned.values():
                _forget(terraform.folder, settings)
            console.print("Destroyed." if changing else "There was nothing to destroy.")
            return 0
        console.print("Applied." if changing else "Nothing to change.", style="green")
        for line in after:
            console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)
    finally:
        for terraform in planned.values():
            terraform.forget_plan()
    return 0


def terraform_of(root: Root, settings: Settings, action: str = APPLY) -> Terraform:
    """Its folder written, its credential in Terraform's environment. Raises OpsError."""
    folder = root.write(settings)
    secrets: Mapping[str, str] = {}
    if root.takes_credential:
        credential = _UNUSED if action == DESTROY else settings.credential()
        secrets = {"TF_VAR_qualys_credentials": json.dumps(credential)}
    given = settings.variables_file(list(root.from_file)) if root.from_file else None
    return Terraform(folder, secrets, given[0] if given else None)


def _apply(changing: Mapping[str, Terraform]) -> None:
    if len(changing) == 1:
        next(iter(changing.values())).apply()
        return
    failures = []
    with ThreadPoolExecutor() as pool:
        runs = {name: pool.submit(root.apply, name) for name, root in changing.items()}
        for name, run in runs.items():
            try:
                run.result()
            except OpsError as error:
                failures.append(f"{name}: {error}")
    if failures:
        raise OpsError("\n".join(failures))


def _ask(action: str, changing: Mapping[str, Terraform], settings: Settings) -> None:
    if settings.is_set("AUTO_APPROVE"):
        return
    if not sys.stdin.isatty():
        raise OpsError("Nobody can be asked here: give AUTO_APPROVE=1.")
    answer = input(f"{action.capitalize()} {', '.join(changing)}? Only yes goes on: ")
    if answer.strip() != "yes":
        raise OpsError("Nothing was changed.")


def _state(settings: Settings, folder: Path) -> str:
    if bucket := settings.get("STATE_BUCKET"):
        return f"s3://{bucket}/{settings.name_prefix}/{folder.name}.tfstate"
    return f"{folder.relative_to(REPOSITORY)}/terraform.tfstate, on this machine alone"


def _forget(folder: Path, settings: Settings) -> None:
    """What lies elsewhere now may be deployed anywhere again."""
    if not settings.get("STATE_BUCKET"):
        shutil.rmtree(folder)
    else:
        (folder / "main.tf.json").unlink()
