"""An installation that is restored from a snapshot, and applied by whoever needs it first."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sandbox.aws import Principal
from sandbox.install import Install
from sandbox.snapshots import Snapshot, copy_of

Json = dict[str, Any]


@contextmanager
def kept_install(
    *, wait_scale: float, concurrency: int = 32, **variables: Any
) -> Iterator[Install]:
    """An installation of examples/single-account, restored from a snapshot of an applied account.

    Its `facts` tell how it was applied: `plan` and the `lines` that Terraform printed.
    """

    def make(snapshot: Snapshot) -> None:
        lines: list[str] = []
        token = f"canary-{secrets.token_hex(16)}"  # nothing may ever show it
        options: Json = {"state": snapshot.state, "on_line": lines.append}
        with Install(token, wait_scale=wait_scale, **options) as first:
            first.prepare(**variables)
            plan = first.terraform.plan()
            first.apply()
            _keep(first, snapshot, variables=variables, plan=plan, lines=lines)

    with copy_of("single-account", make, **variables) as snapshot:
        token = snapshot.facts["token"]
        options: Json = {"concurrency": concurrency, "state": snapshot.state}
        with Install(token, wait_scale=wait_scale, **options) as restored:
            _restore(restored, snapshot)
            yield restored


def _keep(install: Install, snapshot: Snapshot, **facts: Any) -> None:
    """Writes what `_restore` needs, beside the state that the embedded AWS writes in the end."""
    install.terraform.keep(snapshot.terraform)
    own = {"outputs": install.outputs, "inbox": install.inbox, "deployer": vars(install.deployer)}
    snapshot.note({"token": install.token, **own, **facts})


def _restore(install: Install, snapshot: Snapshot) -> None:
    """Gives a new installation what the snapshot knows, and its functions the new Qualys."""
    facts = snapshot.facts
    install.facts, install.outputs, install.inbox = facts, facts["outputs"], facts["inbox"]
    install.deployer = Principal(**facts["deployer"])
    install.terraform.resume(snapshot.terraform)
    install.set_variables(facts["variables"])
    functions = install.client("lambda")
    for name in install.outputs["function_names"].values():
        found = functions.get_function_configuration(FunctionName=name)["Environment"]
        if "QUALYS_GATEWAY_URL" in found["Variables"]:
            values = {**found["Variables"], "QUALYS_GATEWAY_URL": install.qualys.url}
            functions.update_function_configuration(
                FunctionName=name, Environment={"Variables": values}
            )
