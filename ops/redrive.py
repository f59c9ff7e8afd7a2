"""The command `redrive`: processes events again that were not processed.

A message is deleted only after its event was processed, or queued again by the intake, or if an
operator gives it up by its id. If the run ends earlier, the message stays. A second run does no
harm: the cache knows the image.
"""

import argparse
import json
import os
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from typing import Any

from rich.console import Console

from image_scan.notifications.plain_text import counted
from ops.answers import answers, new_session
from ops.errors import OpsError
from ops.event_queue import EventQueue, Message
from ops.event_tries import AT_ONCE, EventTries, Failed
from ops.installation import Installation, add_options, is_set
from ops.listed_events import drop, listed
from ops.printing import Notes
from ops.redrive_page import is_left, show

Json = dict[str, Any]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Sends the events of the failed-events and undelivered-events queues to the intake again. "
        "It can be stopped at any time, and repeated. With --drop it tries only the messages that "
        "are named, and deletes those that fail in the same way, or that nothing can process. The "
        "exit status is 1 if some events are left."
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
        help="try the messages with these ids once more, and delete those that fail in the same "
        "way (DROP=<id>,<id>)",
    )
    add_options(parser)


def run(arguments: argparse.Namespace, console: Console) -> int:
    """Raises OpsError."""
    here = Installation.here(new_session(), arguments.name_prefix, arguments.region)
    redrive = _redrive_of(here)
    notes = Notes() if arguments.json else console
    ids = list(dict.fromkeys(re.findall(r"[^,\s]+", arguments.drop)))
    if ids and arguments.dry_run:
        raise OpsError("Give DRY_RUN=1, which lists the messages, or DROP=, which deletes some.")
    results: list[Json] = []
    if ids:
        results = redrive.dropped(ids, notes)
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

    def is_empty(self, console: Console) -> bool:
        """Whether no event waits. All queues are asked at once: an empty one takes a second."""
        with (
            console.status("Reading the queues"),
            ThreadPoolExecutor(len(self.queues)) as pool,
        ):
            return all([*pool.map(EventQueue.is_empty, self.queues)])

    def dropped(self, ids: Sequence[str], console: Console) -> list[Json]:
        """Tries messages once more, and deletes those that fail in the same way. Raises
        OpsError."""
        return drop(self.queues, ids, self.installation, console)

    def driven(self, console: Console) -> list[Json]:
        """Processes every event. Adds its `result`: done, failed again (and queued), or left."""
        if self.installation is None:
            raise OpsError(
                "The hub of this spoke is in another account, whose intake cannot be started from "
                "here: list the events with DRY_RUN=1, and run `make scan IMAGE=<uri>` for each "
                "image there."
            )
        tries = EventTries(self.installation)
        results: list[Json] = []
        failed: list[Failed] = []
        try:
            for queue in self.queues:
                with console.status(queue.name) as status:
                    for message, result in _drain(queue, tries):
                        results.append(result)
                        if result["result"] == "failed":
                            failed.append((queue, message, result))
                        status.update(f"{queue.name}: {counted(len(results), 'event')} processed")
        except BaseException:
            for queue, message, _ in failed:
                queue.release([message])
            raise
        tries.complete(failed)
        return results


def _drain(queue: EventQueue, tries: EventTries) -> Iterator[tuple[Message, Json]]:
    """Receives every message that was there at the start. Later messages are left."""
    batches = queue.earlier()
    held: dict[str, Message] = {}
    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            working: dict[Future[Json], Message] = {}
            is_empty = False
            while working or not is_empty:
                if not is_empty and len(working) < AT_ONCE:
                    batch, there = next(batches, ([], []))
                    is_empty = not batch
                    copies = [message for message in batch if tries.is_copy(message)]
                    old = [
                        message
                        for message in there
                        if message not in copies and message.id not in held
                    ]
                    held |= {message.id: message for message in batch}
                    for message in old:
                        working[pool.submit(tries.run, queue, message)] = message
                    continue
                for work in wait(working, return_when=FIRST_COMPLETED).done:
                    message, result = working.pop(work), work.result()
                    if result["result"] != "left":
                        del held[message.id]
                    yield message, result
    finally:
        queue.release(held.values())


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
