"""Sets environment variables of a function that is deployed, for inputs that no example has."""

from __future__ import annotations

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
