"""An entry of the cache as its readers name it. Pure."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from image_scan.contracts import Lease
from image_scan.results import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from image_scan.contracts import ScanInput

IN_PROGRESS = "IN_PROGRESS"
FAILURES = ("TIMEOUT", "ERROR")
# All findings are an item of their own: the entry is read at each deployment of the image.
RESULT = tuple(name for name in Outcome.__annotations__ if name not in ("verdict", "listed"))


class Scan(NamedTuple):
    """A scan by its number, and that of the first one that was to answer those who wait for it."""

    number: int
    since: int


def outcome_of(entry: Mapping[str, Any]) -> Outcome:
    """Returns the outcome that an entry holds."""
    result = {name: entry[name] for name in RESULT if name in entry}
    return cast("Outcome", {"verdict": entry["status"], **result})


def scan_of(entry: Mapping[str, Any]) -> Scan:
    return Scan(entry["acquired_at"], entry["since"])


def owner_of(scan_input: ScanInput) -> str:
    """Returns who holds a lease that this event takes: the same for each of its deliveries."""
    text = f"{scan_input['event_id']} {scan_input['image']['key']}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def lease_of(scan_input: ScanInput, number: int) -> Lease:
    """Returns the lease of an event; the execution that it starts has a name of its own."""
    key, owner = scan_input["image"]["key"], owner_of(scan_input)
    repository = re.sub(r"[^a-z0-9]+", "-", scan_input["image"]["repository"])[-30:].strip("-")
    short = key if key.startswith("sha256:") else hashlib.sha256(key.encode()).hexdigest()
    name = f"{repository}-{short.removeprefix('sha256:')[:12]}-{owner}-{number}"
    return Lease(key=key, owner=owner, acquired_at=number, execution_name=name)
