"""Reads how the gate of an installation is set up, from the environment of its function."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from image_scan.events.scope import EVERYTHING, Scope
from image_scan.gate.inputs import Policy, Rules
from ops.answers import answers
from ops.errors import OpsError

if TYPE_CHECKING:
    from ops.installation import Installation

Json = dict[str, Any]
_STEP = "deployment_gate"


@dataclass(frozen=True)
class GateSettings:
    """`rules` are those of enforce mode; `mode` is the one that is set. `hook` is what a service
    needs to have the gate, in the words of the API."""

    function_arn: str
    mode: str
    rules: Rules
    deadline_minutes: int
    rollback_days: int
    hook: Json
    scope: Scope = EVERYTHING

    def as_json(self) -> Json:
        return {
            "mode": self.mode,
            "on_undecided": self.rules.on_undecided,
            "policy": vars(self.rules.policy),
            "deadline_minutes": self.deadline_minutes,
            "rollback_days": self.rollback_days,
        }


def find(installation: Installation) -> GateSettings | None:
    """Returns None where the installation has no gate. Raises OpsError."""
    name = installation.function_name(_STEP)
    try:
        with answers():
            found = installation.client("lambda").get_function_configuration(FunctionName=name)
    except OpsError as error:
        cause = error.__cause__
        code = cause.response["Error"]["Code"] if isinstance(cause, ClientError) else ""
        if code == "ResourceNotFoundException":
            return None
        raise
    values = found["Environment"]["Variables"]
    policy = Policy(**json.loads(values["GATE_POLICY"]))
    return GateSettings(
        function_arn=found["FunctionArn"],
        mode=values["GATE_MODE"],
        rules=Rules("enforce", values["GATE_ON_UNDECIDED"], policy),
        deadline_minutes=int(values["GATE_DEADLINE_MINUTES"]),
        rollback_days=int(values["GATE_ROLLBACK_DAYS"]),
        hook={**json.loads(values["GATE_HOOK"]), "hookTargetArn": found["FunctionArn"]},
        scope=Scope.read(json.loads(values.get("SCOPE") or "{}")),
    )


def require(installation: Installation) -> GateSettings:
    """Raises OpsError where the installation has no gate."""
    found = find(installation)
    if found is None:
        raise OpsError(
            f"{installation.name_prefix} has no deployment gate: set deployment_gate = {{}} and "
            "apply, see docs/deployment-gate.md."
        )
    return found
