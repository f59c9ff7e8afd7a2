"""Finds the target of a command: a deployment, its state and its last settings."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from rich.console import Console

from ops.deploy.deployment import Deployment
from ops.deploy.locations import remember
from ops.deploy.remembered import Remembered
from ops.deploy.settings import Settings
from ops.deploy.state import State
from ops.deploy.states import States
from ops.errors import OpsError


@dataclass(frozen=True)
class Target:
    """`given` is what the operator gave now; `settings` adds what was remembered."""

    deployment: Deployment
    states: States
    state: State | None
    given: Settings

    @classmethod
    def found(
        cls, deployment: Deployment, locations: Sequence[States], given: Settings, show: Console
    ) -> "Target":
        """Looks in all locations. Asks, and moves a state from another location into the first.

        Raises OpsError if the state belongs to another deployment, or if the answer is no.
        """
        states = locations[0]
        state = states.read(deployment.path)
        if state:
            state.refuse_unless_of(deployment)
        for elsewhere, path in _elsewhere(deployment, locations):
            other = elsewhere.read(path)
            if other is None:
                continue
            if not other.is_of(deployment):
                note = f"{other.where} is of {other.scope} and stays as it is."
                show.print(note, highlight=False, soft_wrap=True)
                continue
            if state:
                raise OpsError(
                    f"There are two states of the {deployment}: {state.where} and {other.where}. "
                    "Remove the one that is out of date."
                )
            _agree(other, states.where(deployment.path), given)
            _move(elsewhere, path, states, deployment.path)
            remember(states, deployment)
            state = states.read(deployment.path)
        return cls(deployment, states, state, given)

    @cached_property
    def remembered(self) -> Remembered:
        return Remembered.of(self.state)

    @cached_property
    def settings(self) -> Settings:
        return self.remembered.under(self.given)

    @property
    def where(self) -> str:
        return self.states.where(self.deployment.path)


def _elsewhere(deployment: Deployment, locations: Sequence[States]) -> Iterator[tuple[States, str]]:
    """Returns the other locations that may have a state of the deployment."""
    for number, location in enumerate(locations):
        if number:
            yield location, deployment.path
        yield location, deployment.old_path


def _agree(state: State, to: str, given: Settings) -> None:
    if given.is_set("AUTO_APPROVE"):
        return
    question = f"Move the state of {state.scope} from {state.where} to {to}?"
    if not sys.stdin.isatty():
        raise OpsError(f"{question} Nobody can be asked here: give AUTO_APPROVE=1 to move it.")
    if input(f"{question} Type yes to continue: ").strip() != "yes":
        raise OpsError("Nothing was changed.")


def _move(source: States, path: str, target: States, new_path: str) -> None:
    """Moves a state under the lock of the old location. The new location must be empty."""
    with source.locked(path):
        state = source.read(path)
        if state:
            target.write_new(new_path, state.body)
            source.remove(path)
