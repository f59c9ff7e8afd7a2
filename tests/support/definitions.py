"""The two state machine files: as they lie, rendered like Terraform does, and their states."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support import tables

REPOSITORY = Path(__file__).parents[2]
FOLDER = REPOSITORY / "modules" / "workflow"
MACHINES = ("intake", "scan")
FUNCTIONS = tuple(
    sorted(
        path.stem
        for path in (REPOSITORY / "functions/image_scan/handlers").glob("*.py")
        if path.stem != "__init__"
    )
)
SCAN_ARN = "arn:aws:states:us-east-1:111122223333:stateMachine:scan"
QUEUE_URL = "https://sqs.us-east-1.amazonaws.com/111122223333/failed-events"
TABLE = tables.CACHE

State = dict[str, Any]


def text(machine: str) -> str:
    return (FOLDER / f"{machine}.asl.json").read_text()


def definition(machine: str) -> dict[str, Any]:
    """The file as it lies, placeholders and all."""
    found: dict[str, Any] = json.loads(text(machine))
    return found


def rendered(machine: str, max_polls: int = 30) -> dict[str, Any]:
    """The file as Terraform's templatefile renders it; raises KeyError for an unknown name."""
    values = {
        "partition": "aws",
        "failed_events_queue_url": QUEUE_URL,
        "scan_state_machine_arn": SCAN_ARN,
        "table_name": TABLE,
        "cache_ttl_seconds": "604800",
        "poll_interval_seconds": "60",
        "max_polls": str(max_polls),
        **{f"functions.{name}": name for name in FUNCTIONS},
    }
    filled = re.sub(r"\$\{([^}]*)\}", lambda match: values[match[1]], text(machine))
    found: dict[str, Any] = json.loads(filled)
    return found


def scopes(machine: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The machine and the item processors inside it: each has a StartAt and its own States."""
    yield machine
    for state in machine["States"].values():
        if state["Type"] == "Map":
            yield from scopes(state["ItemProcessor"])


def states(machine: str) -> dict[str, State]:
    """Every state by its name, those of the item processors included."""
    return {
        name: state
        for scope in scopes(definition(machine))
        for name, state in scope["States"].items()
    }


def tasks(machine: str) -> dict[str, State]:
    return {name: state for name, state in states(machine).items() if state["Type"] == "Task"}


def function(state: State) -> str:
    """The key of the function that a Task invokes, empty when it calls a service."""
    match = re.fullmatch(r"\$\{functions\.(\w+)\}", state["Arguments"].get("FunctionName", ""))
    return match[1] if match else ""


def targets(state: State) -> list[str]:
    """Where a state may go."""
    found = [each["Next"] for each in (*state.get("Choices", []), *state.get("Catch", []))]
    return [*found, *(state[name] for name in ("Next", "Default") if name in state)]
