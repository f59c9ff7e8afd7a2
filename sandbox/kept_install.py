"""Installations that are restored from snapshots; whoever needs one first applies it."""

import json
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from sandbox.aws import Aws, Principal
from sandbox.install import Install
from sandbox.organization import Organization
from sandbox.snapshots import Snapshot, copy_of
from sandbox.terraform import Terraform, copy_project

Json = dict[str, Any]
SINGLE, HUB = "single-account", "organization/hub"
SECOND = "second"
_SPOKES = "spokes"


@contextmanager
def kept_install(*, wait_scale: float, concurrency: int = 32) -> Iterator[Install]:
    """An installation of examples/single-account.

    Its `facts` say how it was applied: `plan` and the `lines` that Terraform printed.
    """

    def apply(install: Install, _snapshot: Snapshot) -> Json:
        install.prepare()
        plan = install.terraform.plan()
        install.apply()
        return {"plan": plan}

    with _kept(SINGLE, SINGLE, apply, wait_scale, concurrency) as (install, _snapshot):
        yield install


@contextmanager
def kept_neighbours(*, wait_scale: float) -> Iterator[tuple[Install, Terraform]]:
    """An installation of examples/single-account, and beside it one with the prefix `second`."""

    def apply(install: Install, snapshot: Snapshot) -> Json:
        install.prepare()
        second = _second(install)
        with ThreadPoolExecutor() as pool:  # most of an apply is waiting
            for each in [pool.submit(root) for root in (install.apply, second.apply)]:
                each.result()
        second.keep(snapshot.folder / SECOND)
        return {}

    with _kept("neighbours", SINGLE, apply, wait_scale) as (install, snapshot):
        second = _second(install)
        second.resume(snapshot.folder / SECOND)
        yield install, second


def _second(install: Install) -> Terraform:
    """Another root of the same example, which needs no trail of its own."""
    folder = copy_project(install.scratch / SECOND) / "examples" / SINGLE
    credential = {"TF_VAR_qualys_credentials": json.dumps({"token": install.token})}
    environment = install.aws.environment() | credential
    root = Terraform(folder, environment, lifetime=install.providers)
    root.set_variables(install.given(name_prefix=SECOND, create_trail=False))
    return root


@contextmanager
def kept_organization(*, wait_scale: float) -> Iterator[Organization]:
    """An organization whose hub is an installation of examples/organization/hub, connected."""

    def apply(install: Install, snapshot: Snapshot) -> Json:
        made = Organization.create(install)
        install.prepare(organization_id=made.id)
        install.apply()
        made.connect()
        return {"organization": made.keep(snapshot.folder / _SPOKES)}

    with _kept("organization", HUB, apply, wait_scale) as (install, snapshot):
        organization = snapshot.facts["organization"]
        yield Organization.resume(install, snapshot.folder / _SPOKES, organization)


@contextmanager
def _kept(
    name: str,
    example: str,
    apply: Callable[[Install, Snapshot], Json],
    wait_scale: float,
    concurrency: int = 32,
) -> Iterator[tuple[Install, Snapshot]]:
    """An installation of an example, restored. `apply` makes the first one, and returns facts."""

    def run(token: str, snapshot: Snapshot, **more: Any) -> Install:
        options: Json = {"wait_scale": wait_scale, "concurrency": concurrency, **more}
        return Install(token, example=example, state=snapshot.state, **options)

    def make(snapshot: Snapshot) -> None:
        lines: list[str] = []
        token = f"canary-{secrets.token_hex(16)}"  # nothing may ever show it
        with run(token, snapshot, on_line=lines.append) as first:
            facts = apply(first, snapshot)
            _keep(first, snapshot, lines=lines, **facts)

    with copy_of(name, make) as snapshot, run(snapshot.facts["token"], snapshot) as restored:
        _restore(restored, snapshot)
        yield restored, snapshot


def _keep(install: Install, snapshot: Snapshot, **facts: Any) -> None:
    """Writes what `_restore` needs, and the state of the embedded AWS."""
    install.aws.keep()
    install.terraform.keep(snapshot.terraform)
    own = {
        "token": install.token,
        "outputs": install.outputs,
        "inbox": install.inbox,
        "deployer": vars(install.deployer),
        "variables": install.variables,
    }
    snapshot.note({**own, **facts})


def _restore(install: Install, snapshot: Snapshot) -> None:
    """Gives a new installation what the snapshot knows, and its functions the new Qualys."""
    facts = snapshot.facts
    install.facts, install.outputs, install.inbox = facts, facts["outputs"], facts["inbox"]
    install.deployer = Principal(**facts["deployer"])
    install.terraform.resume(snapshot.terraform)
    install.set_variables(facts["variables"])
    use_qualys(install.aws, install.qualys.url)


def use_qualys(aws: Aws, gateway_url: str) -> None:
    """Points the functions of a restored account at Qualys' present address."""
    functions, changed = aws.client("lambda"), []
    for page in functions.get_paginator("list_functions").paginate():
        for function in page["Functions"]:
            values = function.get("Environment", {}).get("Variables", {})
            if "QUALYS_GATEWAY_URL" in values:
                functions.update_function_configuration(
                    FunctionName=function["FunctionName"],
                    Environment={"Variables": {**values, "QUALYS_GATEWAY_URL": gateway_url}},
                )
                changed.append(function["FunctionName"])
    for name in changed:
        updated = functions.get_waiter("function_updated_v2")
        updated.wait(FunctionName=name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 300})
