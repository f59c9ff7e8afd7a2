"""The command `redrive`: processes events again that were not processed.

A message is deleted only after its event was processed, or queued again by the intake. If the run
ends earlier, the message stays. A second run does no harm: the cache knows the image.
"""

import argparse
import json
import os
import re
import uuid
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from rich.console import Console

from image_scan.notifications.facts import error_message
from image_scan.notifications.plain_text import counted
from ops.answers import answers, new_session
from ops.errors import OpsError
from ops.event_queue import EventQueue, Message
from ops.installation import Installation, add_options, is_set
from ops.intake import Intake
from ops.listed_events import drop, listed
from ops.queued_events import IMPORT, NOBODY, NOTIFICATION, described, event_of
from ops.redrive_page import is_left, show

Json = dict[str, Any]
_LOOKS_FOR_COPIES = 3
_AT_ONCE = 10  # functions that a new account may run at a time


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Sends the events of the failed-events and undelivered-events queues to the intake again. "
        "It can be stopped at any time, and repeated. With --drop it deletes messages that nothing "
        "can process. The exit status is 1 if some events are left."
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        default=is_set("DRY_RUN"),
        help="only list them (DRY_RUN=1)",
    )
    parser.add_argument(
        "--drop",
        default=os.environ.get("DROP", ""),
        help="delete the messages with these ids, which nothing can process (DROP=<id>,<id>)",
    )
    add_options(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Raises OpsError."""
    here = Installation.here(new_session(), arguments.name_prefix, arguments.region)
    redrive = _redrive_of(here)
    notes = Console(stderr=True) if arguments.json else console
    ids = list(dict.fromkeys(re.findall(r"[^,\s]+", arguments.drop)))
    if ids and arguments.dry_run:
        raise OpsError("Give DRY_RUN=1, which lists the messages, or DROP=, which deletes some.")
    results: list[Json] = []
    if ids:
        results = drop(redrive.queues, ids, notes)
    elif not redrive.is_empty(notes):
        drive = partial(listed, redrive.queues) if arguments.dry_run else redrive.driven
        results = drive(notes)
    if arguments.json:
        console.print_json(json.dumps({"events": results}))
    else:
        show(results, here.make, console)
    return 1 if any(is_left(each) for each in results) else 0


@dataclass
class Redrive:
    """Queues, and the installation that their events belong to; None if that is in another
    account."""

    installation: Installation | None
    queues: list[EventQueue]
    _started: set[str] = field(default_factory=set)
    _requeued: set[str] = field(default_factory=set)

    def is_empty(self, console: Console) -> bool:
        """Whether no event waits. All queues are asked at once: an empty one takes a second."""
        with (
            console.status("Reading the queues"),
            ThreadPoolExecutor(len(self.queues)) as pool,
        ):
            return all([*pool.map(EventQueue.is_empty, self.queues)])

    def driven(self, console: Console) -> list[Json]:
        """Processes every event. Adds its `result`: done, failed again (and queued), or left."""
        if self.installation is None:
            raise OpsError(
                "The hub of this spoke is in another account, whose intake cannot be started from "
                "here: list the events with DRY_RUN=1, and run `make scan IMAGE=<uri>` for each "
                "image there."
            )
        results: list[Json] = []
        failed: list[tuple[EventQueue, Message, Json]] = []
        try:
            for queue in self.queues:
                with console.status(queue.name) as status:
                    for message, result in self._drain(queue, self.installation):
                        results.append(result)
                        if result["result"] == "failed":
                            failed.append((queue, message, result))
                        status.update(f"{queue.name}: {counted(len(results), 'event')} processed")
        except BaseException:
            for queue, message, _ in failed:
                queue.release([message])
            raise
        self._delete_copied(failed, self.installation)
        return results

    def _drain(
        self, queue: EventQueue, installation: Installation
    ) -> Iterator[tuple[Message, Json]]:
        """Receives every message that was there at the start. Later messages are left."""
        began = queue.now()
        intake = Intake(installation)
        held: dict[str, Message] = {}
        try:
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                working: dict[Future[Json], Message] = {}
                is_empty = False
                while working or not is_empty:
                    if not is_empty and len(working) < _AT_ONCE:
                        batch = queue.receive()
                        is_empty = not batch
                        old = [
                            message
                            for message in batch
                            if not self._is_copy(message)
                            and message.sent_at < began
                            and message.id not in held
                        ]
                        held |= {message.id: message for message in batch}
                        for message in old:
                            work = pool.submit(self._drive, queue, message, intake, installation)
                            working[work] = message
                        continue
                    for work in wait(working, return_when=FIRST_COMPLETED).done:
                        message, result = working.pop(work), work.result()
                        if result["result"] != "left":
                            del held[message.id]
                        yield message, result
        finally:
            queue.release(held.values())

    def _is_copy(self, message: Message) -> bool:
        """Checks whether the intake has queued this event again, after we had sent it there."""
        execution = message.attributes.get("Execution", "")
        names = {name for name in self._started if name in execution}
        self._requeued |= names
        return bool(names)

    def _drive(
        self, queue: EventQueue, message: Message, intake: Intake, installation: Installation
    ) -> Json:
        result = described(queue, message)
        event, goes_to = event_of(message.body)
        if goes_to == NOBODY:
            return {**result, "result": "left", "reason": "unknown kind of event"}
        if goes_to in (NOTIFICATION, IMPORT):
            return {**result, **_invoke(queue, message, event, goes_to, installation)}
        name = f"redrive-{uuid.uuid4()}"
        self._started.add(name)
        outcome = intake.run(event, name)
        if outcome.succeeded:
            queue.delete(message)
            return {**result, "result": "done", "reason": ""}
        words = f"{outcome.error}: {outcome.cause}".rstrip(": ")
        return {**result, "result": "failed", "reason": words, "execution": name}

    def _delete_copied(
        self, failed: list[tuple[EventQueue, Message, Json]], installation: Installation
    ) -> None:
        """Deletes only messages whose event the intake has queued again."""
        keeper = EventQueue(installation, installation.failed_events_queue)
        for _ in range(_LOOKS_FOR_COPIES):
            if all(result["execution"] in self._requeued for _, _, result in failed):
                break
            found: list[Message] = []
            try:
                while batch := keeper.receive(wait_seconds=1):
                    found += batch
                    if not [each for each in batch if self._is_copy(each)]:
                        break
            finally:
                keeper.release(found)
        for queue, message, result in failed:
            if result["execution"] in self._requeued:
                queue.delete(message)
            else:
                queue.release([message])
                result["result"] = "left"


def _redrive_of(here: Installation) -> Redrive:
    """Returns the queues of this account and region. Raises OpsError if there are none."""
    installation = here if here.exists() else None
    queues = [here.undelivered_events_queue, here.failed_events_queue] if installation else []
    if here.has_queue(here.unforwarded_events_queue):
        queues.append(here.unforwarded_events_queue)
        installation = installation or _hub_of(here)
    elif not installation:
        Installation.find(here.session, here.name_prefix, here.region)
    return Redrive(installation, [EventQueue(here, name) for name in queues])


def _hub_of(spoke: Installation) -> Installation | None:
    """Returns the hub's installation if it is in the spoke's account. Raises OpsError."""
    with answers():
        answer = spoke.client("events").list_targets_by_rule(Rule=spoke.forward_rule_name)
    for target in answer["Targets"]:
        _, _, service, region, account_id, resource = target["Arn"].split(":", 5)
        if service == "events" and account_id == spoke.account_id:
            prefix = resource.removeprefix("event-bus/").removesuffix("-hub")
            return Installation.find(spoke.session, prefix, region)
    return None


def _invoke(
    queue: EventQueue, message: Message, event: Any, goes_to: str, installation: Installation
) -> Json:
    """Invokes the function that reports a crashed scan, or the function that imports findings."""
    imports = goes_to == IMPORT
    name = installation.function_name(goes_to)
    client = installation.client("lambda")
    with answers():
        try:
            answer = client.invoke(FunctionName=name, Payload=json.dumps(event))
        except client.exceptions.ResourceNotFoundException:
            if not imports:
                raise
            return {"result": "left", "reason": "Security Hub is switched off (security_hub)"}
    reported = answer["Payload"].read().decode()
    if answer.get("FunctionError"):
        return {"result": "left", "reason": error_message(reported)}
    queue.delete(message)
    return {"result": "done", "reason": ""}
