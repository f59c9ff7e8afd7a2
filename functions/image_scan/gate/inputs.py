"""What a gate decides by: its rules, the images of a revision, and what is known of them. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from image_scan.findings.detections import LEVELS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from image_scan.findings.detections import Level
    from image_scan.findings.encoding import Finding
    from image_scan.notifications.acceptance import FindingException
    from image_scan.results import Outcome


@dataclass(frozen=True)
class Policy:
    """Which vulnerabilities block: confirmed ones from `min_severity` on, of them those with a fix
    (`only_fixable`), and those that are exploited now (`only_exploited`)."""

    min_severity: Level = "high"
    only_fixable: bool = False
    only_exploited: bool = False

    @property
    def blocking(self) -> tuple[Level, ...]:
        return LEVELS[: LEVELS.index(self.min_severity) + 1]


@dataclass(frozen=True)
class Rules:
    """What an operator has set for a gate."""

    mode: Literal["audit", "enforce"] = "audit"
    on_undecided: Literal["allow", "block"] = "allow"
    policy: Policy = field(default_factory=Policy)


@dataclass(frozen=True)
class Candidate:
    """An image of the revision that is to start. `key` is that of its verdict; `problem` says why
    no verdict can be of the bytes that will run, and is empty where one can. `unscannable`: so can
    no scan be asked for, though a verdict from before may be known. `out_of_scope` names a rule
    that leaves it out, and lets it start."""

    uri: str
    key: str
    digest: str
    repository: str
    problem: str = ""
    unscannable: str = ""
    account_id: str = ""
    region: str = ""
    out_of_scope: str = ""
    tag: str = ""


@dataclass(frozen=True)
class Known:
    """The verdict of an image: `findings` are all that it has, None where they are unknown. `since`
    is when its scan began, in epoch milliseconds, 0 where there was none."""

    outcome: Outcome
    findings: Sequence[Finding] | None = None
    since: int = 0


@dataclass(frozen=True)
class Situation:
    """A deployment at one moment. `admitted` are the keys of images that run in the service, or ran
    there lately. `started` is in epoch milliseconds; `overdue`: its deadline has passed."""

    today: date
    admitted: frozenset[str] = frozenset()
    exceptions: Sequence[FindingException] = ()
    started: int = 0
    overdue: bool = False
    bypass_until: str = ""
