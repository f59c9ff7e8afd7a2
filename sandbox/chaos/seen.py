"""Defines what the witnesses of a run saw, and its judgement."""

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
    # Images of repeated alerts, and of alerts without a finding that is new since the last version.
    notified_again: list[str] = field(default_factory=list)
    needless: list[str] = field(default_factory=list)
    # Workloads of an image, by rule.
    out_of_scope: Counter[str] = field(default_factory=Counter)
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
    inventory: list[Json] = field(default_factory=list)

    @property
    def waiting(self) -> list[str]:
        """The ids of the events in both queues. An event in Lambda's envelope has no id there."""
        return [each["id"] for each in (*self.failed, *self.undelivered) if "id" in each]
