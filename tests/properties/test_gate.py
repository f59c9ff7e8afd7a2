"""The gate: whatever is known of images, nothing unproven starts by its verdict."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from image_scan.findings.encoding import Finding
from image_scan.gate.decision import decide, status
from image_scan.gate.inputs import Candidate, Known, Policy, Rules, Situation
from image_scan.notifications.acceptance import FindingException
from image_scan.results import Counts, Outcome
from tests.properties.profile import fuzzed

if TYPE_CHECKING:
    from image_scan.gate.decision import Judgement

TODAY = date(2026, 11, 29)
KEYS = [f"sha256:{number:064x}" for number in range(4)]
LEVELS = ("critical", "high", "medium", "low")
NAMES = {5: "critical", 4: "high", 3: "medium", 2: "low", 1: "low"}

findings = st.builds(
    Finding,
    qid=st.integers(1, 3),
    severity=st.integers(1, 5),
    potential=st.booleans(),
    fixable=st.booleans(),
    cves=st.sampled_from([(), ("CVE-2026-0001",)]),
    exploited=st.sampled_from([True, False, None]),
)
counted = st.builds(Counts, **dict.fromkeys(LEVELS, st.integers(0, 2)))
policies = st.builds(Policy, st.sampled_from(LEVELS), st.booleans(), st.booleans())
exceptions = st.builds(
    FindingException,
    qid=st.integers(0, 3),
    cve=st.just("CVE-2026-0001"),
    repository=st.sampled_from(["shop/app", "shop/*", "bank/*"]),
    until=st.sampled_from([TODAY - timedelta(days=1), TODAY]),
    reason=st.just(""),
    owner=st.just(""),
)
rules = st.builds(Rules, st.just("enforce"), st.sampled_from(["allow", "block"]), policy=policies)
candidates = st.builds(
    Candidate,
    uri=st.just("image"),
    key=st.sampled_from(KEYS),
    digest=st.just(""),
    repository=st.sampled_from(["shop/app", "bank/app"]),
    problem=st.sampled_from(["", "", "it is not in ECR"]),
)


def tally(listed: list[Finding]) -> Counts:
    confirmed = [NAMES[each.severity] for each in listed if not each.potential]
    critical, high, medium, low = (confirmed.count(level) for level in LEVELS)
    return Counts(critical=critical, high=high, medium=medium, low=low)


@st.composite
def verdicts(draw: st.DrawFn) -> Known:
    listed = draw(st.lists(findings, max_size=3))
    outcome: dict[str, Any] = {
        "verdict": draw(
            st.sampled_from(["CLEAN", "FINDINGS", "UNSCANNABLE", "TIMEOUT", "ERROR", "clean", ""])
        )
    }
    if draw(st.integers(0, 4)):
        outcome["counts"] = draw(st.one_of(st.just(tally(listed)), counted))
    for name in ("malware", "secrets", "fixable"):
        if draw(st.booleans()):
            outcome[name] = draw(counted)
    return Known(
        Outcome(**outcome),  # type: ignore[typeddict-item]
        draw(st.sampled_from([None, listed, listed[1:]])),
        draw(st.integers(0, 2)),
    )


situations = st.builds(
    Situation,
    today=st.just(TODAY),
    admitted=st.frozensets(st.sampled_from(KEYS), max_size=1),
    exceptions=st.lists(exceptions, max_size=2),
    started=st.just(1),
    overdue=st.booleans(),
    bypass_until=st.sampled_from(["", "", "2026-11-30T00:00:00+00:00"]),
)


def is_proven(known: Known | None, image: Candidate, policy: Policy, given: Situation) -> bool:
    """Whether a verdict says of itself that nothing in the image blocks; written apart from the
    product."""
    if known is None or known.outcome["verdict"] not in ("CLEAN", "FINDINGS"):
        return False
    outcome: Any = known.outcome
    if any(sum(outcome.get(kind, {}).values()) for kind in ("malware", "secrets")):
        return False
    if "counts" not in outcome:
        return False
    limit = LEVELS.index(policy.min_severity)
    bad = [level for level in LEVELS[: limit + 1] if outcome["counts"][level]]
    fixable = outcome.get("fixable", outcome["counts"])
    if not bad or (
        policy.only_fixable and not any(fixable[level] for level in LEVELS[: limit + 1])
    ):
        return True
    if known.findings is None or tally(list(known.findings)) != outcome["counts"]:
        return False
    where = image.account_id, image.repository
    return all(
        each.potential
        or LEVELS.index(NAMES[each.severity]) > limit
        or (policy.only_fixable and not each.fixable)
        or (policy.only_exploited and each.exploited is False)
        or any(
            (each.qid == one.qid if one.qid else one.cve in each.cves)
            and one.matches(*where)
            and one.until >= TODAY
            for one in given.exceptions
        )
        for each in known.findings
    )


DEPLOYMENT = {
    "images": st.lists(candidates, max_size=3),
    "known": st.dictionaries(st.sampled_from(KEYS), verdicts()),
    "rule": rules,
    "given": situations,
}


def has_a_way_in(each: Judgement, known: Known | None, rule: Rules, given: Situation) -> bool:
    is_ours = each.image.key in given.admitted
    is_certain = not each.image.problem and is_proven(known, each.image, rule.policy, given)
    return is_ours or is_certain


@fuzzed(400, **DEPLOYMENT)
def test_nothing_unproven_starts_by_its_verdict(
    images: list[Candidate], known: dict[str, Known], rule: Rules, given: Situation
) -> None:
    decision = decide(images, known, rule, given)
    for each in decision.images:
        proven = has_a_way_in(each, known.get(each.image.key), rule, given)
        assert each.result != "allow" or proven
        assert each.reason
    answer = status(decision, rule)
    if decision.result == "allow":
        assert images
        assert all(each.result == "allow" for each in decision.images)
        assert (answer, decision.bypass_until, decision.reasons) == ("SUCCEEDED", "", [])
        return
    assert decision.reasons
    if answer == "SUCCEEDED":
        is_open = decision.result == "undecided" and rule.on_undecided == "allow"
        assert decision.bypass_until or (is_open and not decision.waiting)
    if answer == "IN_PROGRESS":
        assert not given.overdue
    if decision.result == "block" and not decision.bypass_until:
        assert answer == "FAILED"


@fuzzed(400, **DEPLOYMENT)
def test_more_evidence_against_an_image_never_opens_the_gate(
    images: list[Candidate], known: dict[str, Known], rule: Rules, given: Situation
) -> None:
    """Malware in every image that has a verdict: whatever was blocked before is still."""
    worse = {
        key: Known(
            Outcome(**{**each.outcome, "malware": Counts(critical=1, high=0, medium=0, low=0)}),
            each.findings,
            each.since,
        )
        for key, each in known.items()
    }
    before, after = (decide(images, one, rule, given) for one in (known, worse))
    order = ("allow", "undecided", "block")
    assert order.index(after.result) >= order.index(before.result)
