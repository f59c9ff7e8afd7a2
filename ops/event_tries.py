"""Tries queued events once more: each goes to what processes it.

The intake queues an event that fails again, as a new message. Only then is the old one deleted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ops import failed_functions, repeated_failures
from ops.event_queue import EventQueue, Message
from ops.installation import Installation
from ops.intake import Intake
from ops.queued_events import IMPORT, NOBODY, NOTIFICATION, described, event_of

Json = dict[str, Any]
Failed = tuple[EventQueue, Message, Json]
AT_ONCE = 10  # functions that a new account may run at a time
_LOOKS_FOR_COPIES = 3


@dataclass
class EventTries:
    """Every method raises OpsError if AWS does not answer."""

    installation: Installation
    _intake: Intake = field(init=False)
    _started: set[str] = field(default_factory=set)
    _requeued: dict[str, Message] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._intake = Intake(self.installation)

    def run(self, queue: EventQueue, message: Message) -> Json:
        """Describes a message and how its try ends, as `result`: done (then it is deleted), left,
        or failed; `complete` then sees to the two messages."""
        result = described(queue, message)
        event, goes_to = event_of(message.body)
        if goes_to == NOBODY:
            return {**result, "result": "left", "reason": "unknown kind of event"}
        if goes_to in (NOTIFICATION, IMPORT):
            return {**result, **failed_functions.invoke(queue, message, self.installation)}
        name = repeated_failures.execution_name(message)
        self._started.add(name)
        outcome = self._intake.run(event, name)
        if outcome.succeeded:
            queue.delete(message)
            return {**result, "result": "done", "reason": ""}
        after = repeated_failures.after(message, outcome.error)
        return {
            **result,
            "result": "failed",
            "error": after.error,
            "failures": after.times,
            "reason": f"{outcome.error}: {outcome.cause}".rstrip(": "),
            "execution": name,
        }

    def is_copy(self, message: Message) -> bool:
        """Checks whether the intake has queued this event again, after we had sent it there."""
        execution = message.attributes.get("Execution", "")
        names = {name for name in self._started if name in execution}
        self._requeued |= dict.fromkeys(names, message)
        return bool(names)

    def complete(self, failed: Sequence[Failed], *, deletes_final: bool = False) -> None:
        """Deletes only messages whose event the intake has queued again. The new message has
        another id. With `deletes_final` it is deleted, too, if its error is final."""
        if not failed:
            return
        keeper = EventQueue(self.installation, self.installation.failed_events_queue)
        held: list[Message] = []
        try:
            self._find_copies(keeper, {result["execution"] for *_, result in failed}, held)
            for queue, message, result in failed:
                copy = self._requeued.get(result["execution"])
                if copy is None:
                    queue.release([message])
                    result["result"] = "left"
                    continue
                queue.delete(message)
                result.update(described(keeper, copy))
                if deletes_final and repeated_failures.of(copy).is_final:
                    keeper.delete(copy)
                    result |= {"result": "dropped", "queue": queue.name, "id": message.id}
        finally:
            keeper.release(held)

    def _find_copies(self, keeper: EventQueue, names: set[str], held: list[Message]) -> None:
        """Holds what it receives: a message that is visible again may be received by another."""
        for _ in range(_LOOKS_FOR_COPIES):
            if names <= self._requeued.keys():
                break
            while batch := keeper.receive(wait_seconds=1):
                held += batch
                if not [each for each in batch if self.is_copy(each)]:
                    break
