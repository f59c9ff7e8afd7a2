"""Asks each repository of an event separately, so that a failure does not affect the others.

Whoever deploys an image chooses the account and the region of its registry. A region that does not
exist must not cost the other repositories their answer, nor the function its time.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from image_scan import log
from image_scan.aws import clients
from image_scan.errors import AwsRejected, AwsUnavailable, ImageUnread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from image_scan.contracts import Image

    Address = tuple[str, str, str]  # account, region, repository

# After this time no further call starts. The last one may take CALL_SECONDS; both fit into the
# function's timeout.
SECONDS = 17
CALL_SECONDS = 11  # by the timeouts and tries of the clients
# While others wait, a question starts no further call after this time. So even if its last call is
# not answered, two seconds are left for the questions after it. Those that need longer are asked
# again after all others, each time in another order: the first has all the time that is left.
_TURN_SECONDS = SECONDS - CALL_SECONDS - 2
_PAUSE_SECONDS = 1  # before failed questions are asked again

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Unanswered:
    """Why a repository did not answer. `silent`: nothing in its region answered. `passing`: another
    try may succeed."""

    reason: str
    silent: bool = False
    passing: bool = False


def each(
    addresses: Iterable[Address],
    ask: Callable[[Address, Callable[[], None]], Answer],
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[Address, Answer | Unanswered]:
    """Returns what `ask` answers, by address. In a silent region, only one address is asked in a
    round. `ask` gets a function to call before each of its calls: it raises AwsUnavailable when the
    time of the question is over.

    Regions that the SDK does not know may be new. They are asked last, and only once.
    """
    answers: dict[Address, Answer | Unanswered] = {}
    ends = clock() + SECONDS
    waiting = sorted(addresses, key=lambda address: not _is_known(address))
    for pause in (0, _PAUSE_SECONDS):
        if waiting and pause:
            sleep(pause)
            turn = int(clock()) % len(waiting)
            waiting = waiting[turn:] + waiting[:turn]
        silent: dict[str, Unanswered] = {}
        again = []
        for address in waiting:
            answer: Answer | Unanswered
            if known := silent.get(address[1]):
                answer = known
            else:
                is_alone = len(waiting) == 1 or pause
                until = ends if is_alone else min(ends, clock() + _TURN_SECONDS)
                answer = _asked(address, ask, partial(_require_time, clock, until))
            answers[address] = answer
            if isinstance(answer, Unanswered) and answer.silent:
                silent[address[1]] = answer
            if isinstance(answer, Unanswered) and answer.passing and _is_known(address):
                again.append(address)
        waiting = again
    for address, answer in answers.items():
        if isinstance(answer, Unanswered):
            log.warning("repository not read", repository="/".join(address), reason=answer.reason)
    return answers


def require_answer(image: Image) -> None:
    """Raises ImageUnread for an image that ECR did not answer for. Its event is then queued for
    redrive; the scans of the event's other images have already started. Nobody waits for an image
    that is out of scope."""
    is_needed = "out_of_scope" not in image or image.get("wanted")
    if is_needed and (unread := image.get("unread")):
        raise ImageUnread(unread)


def _require_time(clock: Callable[[], float], until: float) -> None:
    if clock() >= until:
        raise AwsUnavailable("no time was left to ask ECR")


def _asked(
    address: Address,
    ask: Callable[[Address, Callable[[], None]], Answer],
    require_time: Callable[[], None],
) -> Answer | Unanswered:
    try:
        require_time()
        return ask(address, require_time)
    except AwsRejected as error:
        return Unanswered(str(error))
    except AwsUnavailable as error:
        return Unanswered(str(error), silent=clients.is_silent(error), passing=True)


def _is_known(address: Address) -> bool:
    return address[1] in clients.regions()
