"""Hands tasks to the intake, and decides from which repository an image is scanned again.

The same bytes may run from several repositories. Those from which the image cannot be scanned must
not come first each time.
"""

from __future__ import annotations

import hashlib
import json
import time
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from image_scan import log
from image_scan.aws import clients
from image_scan.cache.entries import RESULTS
from image_scan.cache.turns import deployer_of, is_elsewhere
from image_scan.errors import AwsRejected

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from mypy_boto3_stepfunctions import SFNClient

    from image_scan.contracts import Image
    from image_scan.inventory.shares import TimeShares

Json = dict[str, Any]
# Seconds after which the first execution holds the lease of an image.
_HEAD_START = 10


class Intake:
    """The intake state machine, and the account and region that it is in."""

    def __init__(self, states: SFNClient, machine_arn: str) -> None:
        self._states = states
        self._machine_arn = machine_arn
        _, _, _, region, account, *_ = machine_arn.split(":")
        self.home: tuple[str, str] = (account, region)

    def start(self, event: Json) -> None:
        """Raises AwsUnavailable or AwsRejected."""
        with clients.calls("states:StartExecution"):
            self._states.start_execution(stateMachineArn=self._machine_arn, input=json.dumps(event))

    def start_each(self, events: Collection[Json], shares: TimeShares) -> list[Json]:
        """Starts events as far as the shares of their accounts reach. Returns those that are left,
        or were refused. Raises AwsUnavailable."""
        allowance, left = shares.allowance(len({each["account"] for each in events})), []
        for event in events:
            try:
                is_done = allowance.use(event["account"], partial(self.start, event))
            except AwsRejected as error:
                log.error("not sent", account=event["account"], reason=str(error))
                is_done = False
            if not is_done:
                left.append(event)
        return left


class Ranked(NamedTuple):
    """When an image of a task has its turn among those of other tasks, and its containers."""

    rank: int
    turn: str
    containers: Sequence[str]


class Sending:
    """`start` hands an event to the intake. `now` in epoch seconds says whose turn it is among
    equals."""

    def __init__(
        self, start: Callable[[Json], None], now: float, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._start = start
        self._now = now
        self._sleep = sleep
        self._begun: set[str] = set()
        self._later: list[tuple[Json, dict[str, Ranked]]] = []

    def send(self, event: Json, images: Iterable[tuple[str, Image, Mapping[str, Any]]]) -> None:
        """`images` of the task that may have to be scanned: key, image, and entry of the cache,
        expired or not. Raises what `start` raises."""
        ranked = {}
        for key, image, entry in images:
            deployer = event["account"]
            if (rank := _rank(image, entry, deployer)) is None:
                self._begun.add(key)
            else:
                ranked[key] = Ranked(rank, self._turn(image, deployer), image["containers"])
        if ranked:
            self._later.append((event, ranked))
        else:
            self._start(event)

    def finish(self) -> Iterator[tuple[Json, AwsRejected]]:
        """Sends what has waited: each image for one task, and some time later for the others, so
        that they find its scan. A task whose images have their turns at two times is sent in two
        parts. Yields the events that were refused. Raises AwsUnavailable."""
        first: dict[str, tuple[Ranked, int]] = {}
        for number, (_, ranked) in enumerate(self._later):
            for key in ranked.keys() - self._begun:
                first[key] = min(first.get(key, (ranked[key], number)), (ranked[key], number))
        rest = []
        for number, (event, ranked) in enumerate(self._later):
            turns = {key for key in ranked if first.get(key, (None, -1))[1] == number}
            late = {name for key in ranked.keys() - turns for name in ranked[key].containers}
            listed = {each["name"] for each in event["detail"]["containers"]}
            if late and turns and listed - late:
                rest.append(_part(event, late))
                yield from self._try(_part(event, listed - late))
            elif late:
                rest.append(event)
            else:
                yield from self._try(event)
        if rest:
            self._sleep(_HEAD_START)
        for event in rest:
            yield from self._try(event)
        self._later = []

    def _try(self, event: Json) -> Iterator[tuple[Json, AwsRejected]]:
        try:
            self._start(event)
        except AwsRejected as error:
            yield event, error

    def _turn(self, image: Image, deployer: str) -> str:
        """Orders accounts, and then the repositories of each, in another way each time."""
        address = f"{image['account_id']} {image['region']} {image['repository']}"
        first, then = (f"{self._now} {each}".encode() for each in (deployer, address))
        return hashlib.sha256(first).hexdigest() + hashlib.sha256(then).hexdigest()


def _part(event: Json, containers: set[str]) -> Json:
    """Returns the event of a task as if it had only these containers."""
    listed = [each for each in event["detail"]["containers"] if each["name"] in containers]
    return {**event, "detail": {**event["detail"], "containers": listed}}


def _rank(image: Image, entry: Mapping[str, Any], deployer: str) -> int | None:
    """From which repository and tag an image is scanned: those with the lowest rank; None if it
    does not matter.

    These are those of its last scan with a result. If that had none, they are those from which
    another account deploys it, then others of the same account; those that were tried come last.
    """
    if not entry:
        return None
    if entry.get("status") in RESULTS:
        return 0 if is_elsewhere(image, entry) else None
    if not is_elsewhere(image, entry):
        return 2
    return 0 if deployer_of(entry) != deployer else 1
