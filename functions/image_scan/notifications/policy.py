"""Decides what is worth a notification, by the installation's inputs, once a verdict is known.

The stored counts stay as Qualys gave them. Unknown values are never taken as harmless.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

from image_scan.errors import ConfigurationError
from image_scan.findings import detections
from image_scan.notifications import throttle

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence, Set
    from datetime import date

    from image_scan.contracts import Image
    from image_scan.findings.encoding import Finding
    from image_scan.inventory.earlier import Before
    from image_scan.notifications.acceptance import Accepting
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

    @property
    def levels(self) -> tuple[Level, ...]:
        """The levels from `min_severity` on."""
        return LEVELS[: LEVELS.index(self.min_severity) + 1]

    def _reached(self, counts: Counts) -> bool:
        return any(counts[level] for level in self.levels)


@dataclass(frozen=True)
class Rated:
    """An image's findings in one repository, the same for each workload that runs it from there.
    `left`: no exception accepts them; each of `severe` calls for a notification. `qids` are of
    all."""

    left: Sequence[Finding]
    accepted_by_exception: int
    severe: Sequence[Finding]
    qids: Set[int]


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


def rate(
    found: Sequence[Finding], policy: NotificationPolicy, accepting: Accepting, image: Image
) -> Rated:
    """Rates what an image has in its repository."""
    left = accepting.left(found, image["account_id"], image["repository"])
    severe = [each for each in left if policy.severe(each)]
    return Rated(left, len(found) - len(left), severe, {each.qid for each in found})


def judge(
    rated: Rated,
    before: Before,
    notify_on: Literal["new", "all"],
    today: date,
    *,
    same_scan: bool = False,
) -> Judged:
    """Judges the findings of an image for one workload.

    A finding without a QID can match only if what is known `before` is of the `same_scan`, and each
    matches one finding. Whatever it is rated now, a finding is there since the workload was first
    notified of its QID.
    """
    left, hidden, severe = rated.left, rated.accepted_by_exception, rated.severe
    notified = before.findings
    pairs = _paired(severe, before, today, same_scan=same_scan)
    new = [each for each, known_as in pairs if known_as is None]
    held = [(known_as or each)._replace(since=each.since) for each, known_as in pairs]
    if notified is None:
        return Judged(left, hidden, bool(severe), notified=held)
    is_notified = bool(new if notify_on == "new" else severe)
    still_open = [each for each, known_as in pairs if known_as]
    fixed = [each for each in notified if each.qid not in rated.qids]
    return Judged(left, hidden, is_notified, True, new, still_open, fixed, held)


def _paired(
    severe: Sequence[Finding], before: Before, today: date, *, same_scan: bool
) -> list[tuple[Finding, Finding | None]]:
    """Pairs each finding with the notified one that covers it, and says since when it is there."""
    # By QID and rating: a rating has few values, and of a QID there may be thousands.
    known: dict[int, dict[tuple[int, bool], list[Finding]]] = {}
    for each in reversed(before.findings or ()):
        known.setdefault(each.qid, {}).setdefault((each.severity, each.potential), []).append(each)
    unnumbered = known.pop(0, {})
    first, day = before.days(), today.toordinal()
    pairs: list[tuple[Finding, Finding | None]] = []
    for each in severe:
        if each.qid:
            covering = _covering(each, known.get(each.qid, {}))
            known_as = max(covering, key=_severity_of, default=[None])[-1]
            since = first.get(each.qid)
        else:
            # The mildest, and no other is known by it.
            covering = _covering(each, unnumbered) if same_scan else []
            known_as = min(covering, key=_severity_of).pop() if covering else None
            since = known_as and known_as.since
        pairs.append((each._replace(since=since or day), known_as))
    return pairs


def _covering(
    finding: Finding, notified: Mapping[tuple[int, bool], list[Finding]]
) -> list[list[Finding]]:
    """Returns the notified findings that cover a finding, by their rating; the first ones last."""
    return [some for some in notified.values() if some and _covers(some[-1], finding)]


def _severity_of(some: Sequence[Finding]) -> int:
    return some[-1].severity


def _covers(notified: Finding, finding: Finding) -> bool:
    """Checks whether the notified finding is at least as severe, and as certain."""
    is_as_sure = finding.potential or not notified.potential
    return is_as_sure and notified.severity >= finding.severity
