"""Restores installations from snapshots. The first caller that needs one applies it."""

import json
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from sandbox.aws import Aws, Principal
from sandbox.gated import GATE
from sandbox.installation import Installation
from sandbox.organization import Organization
from sandbox.snapshots import Snapshot, copy_of
from sandbox.terraform_project import Terraform, copy_project

Json = dict[str, Any]
SINGLE, HUB = "single-account", "organization/hub"
SECOND, LEFT_OUT = "second", "opted out"
_SPOKES = "spokes"


@contextmanager
def restored_installation(*, wait_scale: float, concurrency: int = 32) -> Iterator[Installation]:
    """An installation of examples/single-account, with the deployment gate.

    Its `facts` say how it was applied: `plan` and the `lines` that Terraform printed.
    """

    def apply(installation: Installation, _snapshot: Snapshot) -> Json:
        installation.prepare(deployment_gate=GATE)
        plan = installation.terraform.plan()
        installation.apply()
        return {"plan": plan}

    with _restored(SINGLE, SINGLE, apply, wait_scale, concurrency) as (installation, _snapshot):
        yield installation


@contextmanager
def restored_neighbours(*, wait_scale: float) -> Iterator[tuple[Installation, Terraform]]:
    """An installation of examples/single-account, and beside it one with the prefix `second`, which
    has a scope and puts events of findings."""

    def apply(installation: Installation, snapshot: Snapshot) -> Json:
        installation.prepare()
        second = _second(installation)
        with ThreadPoolExecutor() as pool:  # most of an apply is waiting
            for each in [pool.submit(root) for root in (installation.apply, second.apply)]:
                each.result()
        second.keep(snapshot.folder / SECOND)
        return {}

    with _restored("neighbours", SINGLE, apply, wait_scale) as (installation, snapshot):
        second = _second(installation)
        second.resume(snapshot.folder / SECOND)
        yield installation, second


def _second(installation: Installation) -> Terraform:
    """Another root of the same example, which needs no trail of its own."""
    folder = copy_project(installation.scratch / SECOND) / "examples" / SINGLE
    credential = {"TF_VAR_qualys_credentials": json.dumps({"token": installation.token})}
    environment = installation.aws.environment() | credential
    root = Terraform(folder, environment, lifetime=installation.providers)
    rule = {"name": LEFT_OUT, "tags": {"image-scan": "skip"}}
    root.add_inputs(scope={"exclude": [rule]}, finding_events=True)
    root.set_variables(installation.given(name_prefix=SECOND, create_trail=False))
    return root


@contextmanager
def restored_organization(*, wait_scale: float, concurrency: int = 32) -> Iterator[Organization]:
    """An organization whose hub is an installation of examples/organization/hub with the deployment
    gate, connected."""

    def apply(installation: Installation, snapshot: Snapshot) -> Json:
        made = Organization.create(installation)
        installation.prepare(organization_id=made.id, deployment_gate=GATE)
        installation.apply()
        made.connect()
        return {"organization": made.keep(snapshot.folder / _SPOKES)}

    with _restored("organization", HUB, apply, wait_scale, concurrency) as (installation, snapshot):
        organization = snapshot.facts["organization"]
        yield Organization.resume(installation, snapshot.folder / _SPOKES, organization)


@contextmanager
def _restored(
    name: str,
    example: str,
    apply: Callable[[Installation, Snapshot], Json],
    wait_scale: float,
    concurrency: int = 32,
) -> Iterator[tuple[Installation, Snapshot]]:
    """An installation of an example, restored. `apply` makes the first one, and returns facts."""

    def run(token: str, snapshot: Snapshot, **more: Any) -> Installation:
        options: Json = {"wait_scale": wait_scale, "concurrency": concurrency, **more}
        return Installation(token, example=example, state=snapshot.state, **options)

    def make(snapshot: Snapshot) -> None:
        lines: list[str] = []
        token = f"canary-{secrets.token_hex(16)}"  # nothing may ever show it
        with run(token, snapshot, on_line=lines.append) as first:
            facts = apply(first, snapshot)
            _keep(first, snapshot, lines=lines, **facts)

    with copy_of(name, make) as snapshot, run(snapshot.facts["token"], snapshot) as restored:
        _restore(restored, snapshot)
        yield restored, snapshot


def _keep(installation: Installation, snapshot: Snapshot, **facts: Any) -> None:
    """Writes what `_restore` needs, and the state of the embedded AWS."""
    installation.aws.keep()
    installation.terraform.keep(snapshot.terraform)
    own = {
        "token": installation.token,
        "outputs": installation.outputs,
        "inbox": installation.inbox,
        "deployer": vars(installation.deployer),
        "variables": installation.variables,
    }
    snapshot.note({**own, **facts})


def _restore(installation: Installation, snapshot: Snapshot) -> None:
    """Restores a snapshot into a new installation, and gives its functions the new Qualys."""
    facts = snapshot.facts
    installation.facts, installation.outputs, installation.inbox = (
        facts,
        facts["outputs"],
        facts["inbox"],
    )
    installation.deployer = Principal(**facts["deployer"])
    installation.terraform.resume(snapshot.terraform)
    installation.set_variables(facts["variables"])
    use_qualys(installation.aws, installation.qualys.url)


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
