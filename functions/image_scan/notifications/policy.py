"""Decides what is worth a notification, by the installation's inputs, once a verdict is known.

The stored counts stay as Qualys gave them. Unknown values are never taken as harmless.
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

    from image_scan.contracts import Image
    from image_scan.findings.encoding import Finding
    from image_scan.inventory.earlier import Before
    from image_scan.results import Counts, Outcome

Level = Literal["critical", "high", "medium", "low"]
LEVELS: tuple[Level, ...] = ("critical", "high", "medium", "low")
# The lowest of Qualys' severities that counts as each level.
_FROM: dict[Level, int] = {"critical": 5, "high": 4, "medium": 3, "low": 1}


@dataclass(frozen=True)
class NotificationPolicy:
    """`notify_on`: "new" leaves out findings that the workload was notified of before."""

    min_severity: Level
    notify_on: Literal["new", "all"]
    potential: bool
    only_fixable: bool
    timeout: bool
    error: bool
    unscannable: Literal["each", "daily", "off"]

    @classmethod
    def read(cls, inputs: Mapping[str, Any]) -> Self:
        """Reads the inputs. Raises ConfigurationError for unknown or invalid ones."""
        try:
            policy = cls(**inputs)
            _ = policy.threshold
        except (TypeError, KeyError) as error:
            raise ConfigurationError(f"NOTIFY is not a notification policy: {error}") from None
        return policy

    @property
    def threshold(self) -> int:
        return _FROM[self.min_severity]

    def may_notify(self, outcome: Outcome) -> bool:
        """Checks whether anybody may have to be notified, by the counts alone."""
        if outcome.get("error") in throttle.ERRORS:
            return True  # an error of the installation: no image is scanned
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
        """Checks whether malware or a secret calls for a notification, without regard to
        vulnerabilities. Malware always does, a secret from `min_severity` on."""
        secrets = outcome.get("secrets")
        malware = detections.total(outcome.get("malware"))
        return malware > 0 or (secrets is not None and self._reached(secrets))

    def severe(self, finding: Finding) -> bool:
        """Checks whether a finding alone calls for a notification."""
        counted = (self.potential or not finding.potential) and (
            finding.fixable or not self.only_fixable
        )
        return counted and finding.severity >= self.threshold

    def _reached(self, counts: Counts) -> bool:
        reached = LEVELS[: LEVELS.index(self.min_severity) + 1]
        return any(counts[level] for level in reached)


@dataclass(frozen=True)
class FindingException:
    """Nobody is notified of this finding in repositories that match, until the end of the day
    `until`. Exactly one of `qid` (0 for none) and `cve` is set. An empty `account_id` matches
    repositories of every account."""

    qid: int
    cve: str
    account_id: str
    repository: str
    until: date
    reason: str
    owner: str

    def covers(self, finding: Finding, account_id: str, repository: str, today: date) -> bool:
        """`account_id` is the account of the repository."""
        named = finding.qid == self.qid if self.qid else self.cve in finding.cves
        matched = fnmatch.fnmatchcase(repository, self.repository)
        matched &= self.account_id in ("", account_id)
        return named and matched and today <= self.until


def parse_exceptions(inputs: Iterable[Mapping[str, Any]]) -> list[FindingException]:
    """Reads exceptions. Raises KeyError, TypeError, ValueError or AttributeError if one is
    invalid."""
    return [
        FindingException(
            qid=int(each.get("qid") or 0),
            cve=str(each.get("cve") or ""),
            account_id=str(each.get("account_id") or ""),
            repository=str(each["repository"]),
            until=date.fromisoformat(each["until"]),
            reason=str(each["reason"]),
            owner=str(each["owner"]),
        )
        for each in inputs
    ]


@dataclass(frozen=True)
class Judged:
    """An image's findings, judged for one workload. `left`: no exception accepts them.

    `known_before`: the workload was notified of an earlier verdict. Then `new`, `still_open` and
    `fixed` compare the findings with that notification. `notified`: the findings that count as
    notified once this notification is sent. In all but `left`, a finding says since when."""

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
    before: Before,
    policy: NotificationPolicy,
    exceptions: Sequence[FindingException],
    image: Image,
    today: date,
    *,
    same_scan: bool = False,
) -> Judged:
    """Judges the findings of an image for one workload.

    A finding without a QID can match only if what is known `before` is of the `same_scan`, and each
    matches one finding. Whatever it is rated now, a finding is there since the workload was first
    notified of its QID.
    """
    left = [
        each
        for each in found
        if not any(
            one.covers(each, image["account_id"], image["repository"], today) for one in exceptions
        )
    ]
    severe = [each for each in left if policy.severe(each)]
    hidden = len(found) - len(left)
    notified = before.findings
    pairs = _paired(severe, before, today, same_scan=same_scan)
    new = [each for each, known_as in pairs if known_as is None]
    held = [(known_as or each)._replace(since=each.since) for each, known_as in pairs]
    if notified is None:
        return Judged(left, hidden, bool(severe), notified=held)
    is_notified = bool(new if policy.notify_on == "new" else severe)
    still_open = [each for each, known_as in pairs if known_as]
    now = {each.qid for each in found}
    fixed = [each for each in notified if each.qid not in now]
    return Judged(left, hidden, is_notified, True, new, still_open, fixed, held)


def _paired(
    severe: Sequence[Finding], before: Before, today: date, *, same_scan: bool
) -> list[tuple[Finding, Finding | None]]:
    """Pairs each finding with the notified one that covers it, and says since when it is there."""
    known: dict[int, list[Finding]] = {}
    for each in before.findings or ():
        known.setdefault(each.qid, []).append(each)
    unnumbered = known.pop(0, [])
    first, day = before.days(), today.toordinal()
    pairs: list[tuple[Finding, Finding | None]] = []
    for each in severe:
        if each.qid:
            known_as = _known_as(each, known.get(each.qid, ()))
            since = first.get(each.qid)
        else:
            known_as = _one_of(each, unnumbered) if same_scan else None
            since = known_as and known_as.since
        pairs.append((each._replace(since=since or day), known_as))
    return pairs


def _known_as(finding: Finding, notified: Sequence[Finding]) -> Finding | None:
    """Returns the worst notified finding that covers a finding; None if there is none."""
    covering = [each for each in notified if _covers(each, finding)]
    return max(covering, key=lambda each: each.severity, default=None)


def _one_of(finding: Finding, notified: list[Finding]) -> Finding | None:
    """Returns the mildest notified finding that covers a finding, or None. Removes it from
    `notified`, so that it covers no other finding."""
    covering = [each for each in notified if _covers(each, finding)]
    found = min(covering, key=lambda each: each.severity, default=None)
    if found:
        notified.remove(found)
    return found


def _covers(notified: Finding, finding: Finding) -> bool:
    """Checks whether the notified finding is at least as severe, and as certain."""
    is_as_sure = finding.potential or not notified.potential
    return is_as_sure and notified.severity >= finding.severity
