"""Decides whether the images of a deployment may start. Pure.

An image is allowed where its verdict proves it: nothing found that the policy blocks, malware and
secrets never. Beside that only five things let an image through, and each is named in the decision:
the same image runs in this service already or ran there lately, a rule of the scope that says so,
break-glass, `on_undecided`, and audit mode. What is missing, unreadable or contradictory is
undecided, never allowed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from image_scan.findings import summary
from image_scan.findings.detections import LEVELS, total
from image_scan.notifications.acceptance import Accepting

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from image_scan.findings.encoding import Finding
    from image_scan.gate.inputs import Candidate, Known, Policy, Rules, Situation
    from image_scan.results import Counts, Outcome

Result = Literal["allow", "block", "undecided"]
Status = Literal["SUCCEEDED", "FAILED", "IN_PROGRESS"]
Effect = Literal["allowed", "blocked", "would_block", "bypassed", "undecided"]
Why = Literal[
    "clean",
    "below the policy",
    "accepted by an exception",
    "runs or ran in this service",
    "out of scope",
    "malware",
    "secrets",
    "findings",
    "no verdict yet",
    "no verdict in time",
    "no result",
    "not known by digest",
    "no proof",
]
_Found = tuple[Result, Why, str]
_RESULTS = ("CLEAN", "FINDINGS")


@dataclass(frozen=True)
class Judgement:
    """The decision of one image. `reason` is for people."""

    image: Candidate
    result: Result
    why: Why
    reason: str


@dataclass(frozen=True)
class Decision:
    """The decision of a deployment. `waiting`: a verdict may still come in time. `bypass_until` is
    set where break-glass lets something through that is not allowed. `failure` says why nothing
    could be decided at all."""

    result: Result
    images: tuple[Judgement, ...]
    waiting: bool = False
    bypass_until: str = ""
    failure: str = ""

    @property
    def reasons(self) -> list[str]:
        """Returns why it is not allowed, for people; the images of the result first."""
        if self.failure:
            return [self.failure]
        relevant = [each for each in self.images if each.result != "allow"]
        relevant.sort(key=lambda each: each.result != self.result)
        return [f"{each.image.uri}: {each.reason}" for each in relevant] or (
            [] if self.result == "allow" else ["the revision names no image"]
        )

    @property
    def mark(self) -> str:
        """Returns a mark that the same decision about the same images has, and no other."""
        judged = [f"{each.image.key} {each.result} {each.why}" for each in self.images]
        parts = [self.result, self.bypass_until, self.failure, *sorted(judged)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def decide(
    images: Sequence[Candidate],
    known: Mapping[str, Known],
    rules: Rules,
    situation: Situation,
) -> Decision:
    """Judges each image; the worst result is that of the deployment. No image proves nothing."""
    judged = tuple(judge(each, known.get(each.key), rules.policy, situation) for each in images)
    results = {each.result for each in judged} or {"undecided"}
    result: Result = "allow"
    if "block" in results:
        result = "block"
    elif "undecided" in results:
        result = "undecided"
    waits = result == "undecided" and any(each.why == "no verdict yet" for each in judged)
    bypass = situation.bypass_until if result != "allow" else ""
    return Decision(result, judged, waits and not bypass, bypass)


def status(decision: Decision, rules: Rules) -> Status:
    """Returns the answer to ECS. In audit mode that is always to go on."""
    if rules.mode == "audit" or decision.result == "allow" or decision.bypass_until:
        return "SUCCEEDED"
    if decision.result == "block":
        return "FAILED"
    if decision.waiting:
        return "IN_PROGRESS"
    return "SUCCEEDED" if rules.on_undecided == "allow" else "FAILED"


def effect(decision: Decision, rules: Rules) -> Effect:
    """Says what a decision does, or would do in enforce mode. `undecided` goes on without a
    proof."""
    if decision.result == "allow":
        return "allowed"
    if decision.bypass_until:
        return "bypassed"
    if status(decision, replace(rules, mode="enforce")) != "FAILED":
        return "undecided"
    return "blocked" if rules.mode == "enforce" else "would_block"


def judge(image: Candidate, known: Known | None, policy: Policy, situation: Situation) -> Judgement:
    """Decides about one image."""
    found: _Found
    if image.key in situation.admitted:
        found = "allow", "runs or ran in this service", ""
    elif image.out_of_scope and not (known and _detected(known.outcome)):
        found = "allow", "out of scope", f"out of scope by the rule {image.out_of_scope}"
    elif image.problem:
        found = "undecided", "not known by digest", image.problem
    elif known is not None and not _is_outdated(known, situation):
        found = _by_verdict(image, known, policy, situation)
    elif image.unscannable:
        found = "undecided", "no result", f"UNSCANNABLE: {image.unscannable}"
    elif situation.overdue:
        found = "undecided", "no verdict in time", "its scan did not end in time"
    else:
        found = "undecided", "no verdict yet", "its scan has not ended"
    result, why, reason = found
    return Judgement(image, result, why, reason or why)


def _is_outdated(known: Known, situation: Situation) -> bool:
    """Whether it is no result, and from before this deployment: the image is scanned again."""
    return known.outcome["verdict"] not in _RESULTS and known.since < situation.started


def _by_verdict(image: Candidate, known: Known, policy: Policy, situation: Situation) -> _Found:
    outcome = known.outcome
    if kind := _detected(outcome):
        return "block", kind, f"{kind} found in it"
    if outcome["verdict"] not in _RESULTS:
        reason = outcome.get("reason") or "no reason is known"
        return "undecided", "no result", f"{outcome['verdict']}: {reason}"
    counts = outcome.get("counts")
    if counts is None or any(type(counts.get(level)) is not int for level in LEVELS):
        return "undecided", "no proof", "its verdict has no counts"
    if (outcome["verdict"] == "CLEAN") != (total(counts) == 0):
        return "undecided", "no proof", "its verdict contradicts its counts"
    if outcome["verdict"] == "CLEAN":
        return "allow", "clean", ""
    return _by_counts(image, known, counts, policy, situation)


def _detected(outcome: Outcome) -> Literal["malware", "secrets"] | None:
    """Returns what was found beside vulnerabilities, whatever its severity."""
    kinds = {each["kind"] for each in outcome.get("detections", [])}
    if total(outcome.get("malware")) or "malware" in kinds:
        return "malware"
    return "secrets" if total(outcome.get("secrets")) or "secret" in kinds else None


def _by_counts(
    image: Candidate, known: Known, counts: Counts, policy: Policy, situation: Situation
) -> _Found:
    relevant = known.outcome.get("fixable", counts) if policy.only_fixable else counts
    if not any(relevant[level] for level in policy.blocking):
        return "allow", "below the policy", ""
    if known.findings is not None and _is_whole(known.findings, counts):
        return _by_findings(image, known.findings, policy, situation)
    words = f"{_shown(relevant, policy)}, and a list of them is not at hand"
    if policy.only_exploited:
        return "undecided", "no proof", f"{words}: whether one is exploited is unknown"
    return "block", "findings", words


def _by_findings(
    image: Candidate, findings: Sequence[Finding], policy: Policy, situation: Situation
) -> _Found:
    blocking = [each for each in findings if _blocks(each, policy)]
    accepting = Accepting(situation.exceptions, situation.today)
    left = accepting.left(blocking, image.account_id, image.repository)
    if not left:
        return "allow", "accepted by an exception" if blocking else "below the policy", ""
    if policy.only_exploited and not any(each.exploited for each in left):
        return "undecided", "no proof", "whether its findings are exploited is unknown"
    return "block", "findings", _shown(summary.counts(each.severity for each in left), policy)


def _blocks(finding: Finding, policy: Policy) -> bool:
    """Whether a finding may block; one of which it is unknown whether it is exploited may."""
    if finding.potential or summary.LEVELS[finding.severity] not in policy.blocking:
        return False
    if policy.only_exploited and finding.exploited is False:
        return False
    return finding.fixable or not policy.only_fixable


def _is_whole(findings: Sequence[Finding], counts: Counts) -> bool:
    """Whether a list is of the verdict: it is written by itself, and may be another scan's."""
    confirmed = [each.severity for each in findings if not each.potential]
    return all(each in summary.LEVELS for each in confirmed) and summary.counts(confirmed) == counts


def _shown(counts: Counts, policy: Policy) -> str:
    """`2 critical, 1 high`, with what the policy asks of them."""
    found = [f"{counts[level]} {level}" for level in policy.blocking if counts[level]]
    kinds = [("with a fix", policy.only_fixable), ("exploited", policy.only_exploited)]
    asked = [name for name, is_asked in kinds if is_asked]
    return ", ".join(found) + (f" ({' and '.join(asked)})" if asked else "")
