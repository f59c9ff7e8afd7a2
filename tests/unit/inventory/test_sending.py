"""What is handed to the intake, as far as the time of an account reaches."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import pytest

from image_scan.inventory.sending import Intake
from image_scan.inventory.shares import TimeShares
from tests.support.builders import client_error
from tests.support.doubles import Clock

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

Json = dict[str, Any]
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:intake"


class States:
    """Each execution takes a second to start."""

    def __init__(self, clock: Clock, refused: str = "") -> None:
        self.started: list[str] = []
        self._clock = clock
        self._refused = refused

    def start_execution(self, **request: str) -> Json:
        self._clock.now += 1
        event = json.loads(request["input"])
        if event["account"] == self._refused:
            raise client_error("ValidationException", operation="StartExecution")
        self.started.append(event["account"])
        return {}


def left(states: States, clock: Clock, **events: int) -> list[str]:
    """The accounts of what is left, of so many events each; there are 60 seconds."""
    intake = Intake(cast("SFNClient", states), MACHINE)
    sent = [{"account": name} for name, number in events.items() for _ in range(number)]
    return [each["account"] for each in intake.start_each(sent, TimeShares(60, clock))]


@pytest.mark.attack(15)
def test_what_an_account_has_to_send_takes_nobody_elses_time() -> None:
    clock = Clock()
    states = States(clock)
    assert left(states, clock, a=1000, b=5) == ["a"] * 995
    assert states.started == ["a"] * 5 + ["b"] * 5


@pytest.mark.attack(15)
def test_what_is_refused_stops_nothing_else() -> None:
    clock = Clock()
    states = States(clock, refused="a")
    assert left(states, clock, a=1, b=3) == ["a"]
    assert states.started == ["b"] * 3
    assert left(states, clock) == []
