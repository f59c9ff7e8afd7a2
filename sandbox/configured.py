"""Sets environment variables of a function that is deployed, and what its role may do, for inputs
that no example has."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.installation import Installation


def configure(installation: Installation, step: str, **values: str) -> None:
    functions = installation.client("lambda")
    name = installation.outputs["function_names"][step]
    known = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    changed = {"Variables": {**known, **values}}
    functions.update_function_configuration(FunctionName=name, Environment=changed)
    updated = functions.get_waiter("function_updated_v2")
    updated.wait(FunctionName=name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 300})


def permit(installation: Installation, step: str, action: str) -> None:
    """Lets the role of a function do this with every resource."""
    role = installation.outputs["role_arns"][step].rsplit("/", 1)[-1]
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    installation.client("iam").put_role_policy(
        RoleName=role,
        PolicyName="of-the-sandbox",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
