"""What the witnesses of a run saw, and the judgement of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass
class Judgement:
    """`wrong` names each breach of the promise; the other fields are what the report shows."""

    by_event: Counter[str] = field(default_factory=Counter)  # of calls
    by_task_event: Counter[str] = field(default_factory=Counter)
    by_request: Counter[str] = field(default_factory=Counter)  # scans by hand
    by_verdict: Counter[str] = field(default_factory=Counter)
    scans: Counter[int] = field(default_factory=Counter)  # how many images had so many scans
    notifications: Counter[str] = field(default_factory=Counter)
    # The images of alerts that a workload of theirs had got before, and of alerts of nothing that
    # the version before had not.
    notified_again: list[str] = field(default_factory=list)
    needless: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


@dataclass
class Seen:
    """All that the witnesses say at one moment."""

    events: list[Json]
    intakes: list[Json]
    redriven: set[str]  # ids of events
    scans: list[Json]  # executions, each with its `image` and when its scan was `over`
    verdicts: dict[str, Json]
    leases: dict[str, str]  # who holds each
    notifications: list[Json]  # for machines
    mails: list[tuple[str, str]]  # for people: the subject, and the digest of the image
    failed: list[Json]
    undelivered: list[Json]

    @property
    def waiting(self) -> list[str]:
        """The ids of the events in both queues. Lambda keeps the status change of an execution that
        died in a frame, which has none."""
        return [each["id"] for each in (*self.failed, *self.undelivered) if "id" in each]
