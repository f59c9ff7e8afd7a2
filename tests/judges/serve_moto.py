"""Serves moto on a free port of 127.0.0.1, which it writes, until its input ends.

What Terraform asks for and moto does not know is answered here.
"""

import sys

from moto.core.responses import ActionResult
from moto.server import ThreadedMotoServer
from moto.stepfunctions.responses import StepFunctionResponse

# By the name of the operation: the method, and what AWS would answer.
GAPS = {
    "ValidateStateMachineDefinition": (
        "validate_state_machine_definition",
        {"result": "OK", "diagnostics": []},
    ),
    "ListStateMachineVersions": ("list_state_machine_versions", {"stateMachineVersions": []}),
}


def fill_gaps() -> None:
    """Ends the program where moto has learnt an operation: it has to go from here."""
    for operation, (method, answer) in GAPS.items():
        if hasattr(StepFunctionResponse, method):
            sys.exit(f"moto knows {operation} by now")
        setattr(StepFunctionResponse, method, lambda _self, stated=answer: ActionResult(stated))


if __name__ == "__main__":
    fill_gaps()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    sys.stdout.write(f"{server.get_host_and_port()[1]}\n")
    sys.stdout.flush()
    sys.stdin.read()
