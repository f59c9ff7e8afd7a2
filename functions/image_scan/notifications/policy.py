"""What is worth a notification: the installation's inputs, applied when a verdict is known.

The stored counts stay as Qualys gave them; nothing that is unknown is taken for fine.
"""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal, Self

from image_scan.errors import ConfigurationError
from image_scan.findings import detections
from image_scan.notifications import throttle

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from image_scan.findings.encoding import Finding
    from image_scan.results import Counts, Outcome

Level = Literal["critical", "high", "medium", "low"]
LEVELS: tuple[Level, ...] = ("critical", "high", "medium", "low")
# From which severity of Qualys on a finding counts as such.
_FROM: dict[Level, int] = {"critical": 5, "high": 4, "medium": 3, "low": 1}


@dataclass(frozen=True)
class NotificationPolicy:
    """`notify_on`: "new" leaves out what the workload was notified of before."""

    min_severity: Level
    notify_on: Literal["new", "all"]
    potential: bool
    only_fixable: bool
    timeout: bool
    error: bool
    unscannable: Literal["each", "daily", "off"]

    @classmethod
    def read(cls, inputs: Mapping[str, Any]) -> Self:
        """Raises ConfigurationError for other inputs than these."""
        try:
            policy = cls(**inputs)
            _ = policy.threshold
        except (TypeError, KeyError) as error:
            raise ConfigurationError(f"NOTIFY is no notification policy: {error}") from None
        return policy

    @property
    def threshold(self) -> int:
        return _FROM[self.min_severity]

    def may_notify(self, outcome: Outcome) -> bool:
        """Whether anybody could have to be notified, by the counts alone."""
        if outcome.get("error") in throttle.ERRORS:
            return True  # not the image's: nothing at all is scanned
        switched = {
            "TIMEOUT": self.timeout,
            "ERROR": self.error,
            "UNSCANNABLE": self.unscannable == "each",
        }
        if outcome["verdict"] in switched:
            return switched[outcome["verdict"]]
        if "counts" not in outcome or self.detected(outcome):
            return True
        counts = outcome["counts"]
        counted = [outcome.get("fixable", counts) if self.only_fixable else counts]
        if self.potential and "potential" in outcome:
            counted.append(outcome["potential"])
        return any(self._reached(counts) for counts in counted)

    def detected(self, outcome: Outcome) -> bool:
        """Whether malware or a secret calls for a notification, whatever the vulnerabilities are:
        malware always, a secret from the severity on."""
        secrets = outcome.get("secrets")
        malware = detections.total(outcome.get("malware"))
        return malware > 0 or (secrets is not None and self._reached(secrets))

    def severe(self, finding: Finding) -> bool:
        """Whether a finding calls for a notification by itself."""
        counted = (self.potential or not finding.potential) and (
            finding.fixable or not self.only_fixable
        )
        return counted and finding.severity >= self.threshold

    def _reached(self, counts: Counts) -> bool:
        reached = LEVELS[: LEVELS.index(self.min_severity) + 1]
        return any(counts[level] for level in reached)


@dataclass(frozen=True)
class FindingException:
    """An exception: nobody is notified of this finding in such repositories, to the end of the day
    `until`. Exactly one of `qid` (0 for none) and `cve` is given."""

    qid: int
    cve: str
    repository: str
    until: date
    reason: str
    owner: str

    def covers(self, finding: Finding, repository: str, today: date) -> bool:
        named = finding.qid == self.qid if self.qid else self.cve in finding.cves
        matched = fnmatch.fnmatchcase(repository, self.repository)
        return named and matched and today <= self.until


def parse_exceptions(inputs: Iterable[Mapping[str, Any]]) -> list[FindingException]:
    """Raises KeyError, TypeError, ValueError or AttributeError for one that cannot be read."""
    return [
        FindingException(
            qid=int(each.get("qid") or 0),
            cve=str(each.get("cve") or ""),
            repository=str(each["repository"]),
            until=date.fromisoformat(each["until"]),
            reason=str(each["reason"]),
            owner=str(each["owner"]),
        )
        for each in inputs
    ]


@dataclass(frozen=True)
class Judged:
    """What is left of an image's findings. `known_before`: the workload was notified of an earlier
    verdict; then `new`, `still_open` and `fixed` say how they differ from what it was notified of.
    `notified`: what it has been notified of, once it is."""

    left: Sequence[Finding]
    accepted_by_exception: int
    is_notified: bool
    known_before: bool = False
    new: Sequence[Finding] = ()
    still_open: Sequence[Finding] = ()
    fixed: Sequence[Finding] = ()
    notified: Sequence[Finding] = ()


def judge(
    found: Sequence[Finding],
    notified: Sequence[Finding] | None,
    policy: NotificationPolicy,
    exceptions: Sequence[FindingException],
    repository: str,
    today: date,
    *,
    same_scan: bool = False,
) -> Judged:
    """`notified` is what the workload was notified of before; None where that is unknown.

    A finding whose number could not be read is only known again where `notified` is of the
    `same_scan`, one for one.
    """
    left = [
        each for each in found if not any(one.covers(each, repository, today) for one in exceptions)
    ]
    severe = [each for each in left if policy.severe(each)]
    hidden = len(found) - len(left)
    known: dict[int, list[Finding]] = {}
    for each in notified or ():
        known.setdefault(each.qid, []).append(each)
    unnumbered = known.pop(0, [])
    pairs = [(each, _known_as(each, known.get(each.qid, ()))) for each in severe if each.qid]
    without = [each for each in severe if not each.qid]
    pairs += [(each, _one_of(each, unnumbered) if same_scan else None) for each in without]
    new = [each for each, known_as in pairs if known_as is None]
    held = [known_as or each for each, known_as in pairs]
    if notified is None:
        return Judged(left, hidden, bool(severe), notified=held)
    is_notified = bool(new if policy.notify_on == "new" else severe)
    still_open = [each for each, known_as in pairs if known_as]
    now = {each.qid for each in found}
    fixed = [each for each in notified if each.qid not in now]
    return Judged(left, hidden, is_notified, True, new, still_open, fixed, held)


def _known_as(finding: Finding, notified: Sequence[Finding]) -> Finding | None:
    """Returns the worst of what was notified that covers a finding."""
    covering = [each for each in notified if _covers(each, finding)]
    return max(covering, key=lambda each: each.severity, default=None)


def _one_of(finding: Finding, notified: list[Finding]) -> Finding | None:
    """Takes what covers a finding out of what was notified, the mildest, so that it covers no
    other one; None where nothing does."""
    covering = [each for each in notified if _covers(each, finding)]
    found = min(covering, key=lambda each: each.severity, default=None)
    if found:
        notified.remove(found)
    return found


def _covers(notified: Finding, finding: Finding) -> bool:
    """At its severity or a higher one, and as confirmed where it is."""
    is_as_sure = finding.potential or not notified.potential
    return is_as_sure and notified.severity >= finding.severity
