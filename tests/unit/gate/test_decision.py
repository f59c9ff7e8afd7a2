"""What the gate decides: one row for each rule, and what no rule lets through."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from image_scan.findings.encoding import Finding
from image_scan.gate.decision import Decision, decide, status
from image_scan.gate.inputs import Candidate, Known, Policy, Rules, Situation
from image_scan.notifications.acceptance import FindingException
from image_scan.results import Counts, Outcome

TODAY = date(2026, 11, 29)
STARTED = 1_000_000
KEY = f"sha256:{'a' * 64}"
IMAGE = Candidate("registry/shop/app:1", KEY, KEY, "shop/app")
OTHER = Candidate("registry/shop/sidecar:1", f"sha256:{'b' * 64}", "", "shop/sidecar")
HIGH = Finding(1001, 4, False, True, ("CVE-2026-0001",), False)
ENFORCE = Rules("enforce", "block")


def counts(critical: int = 0, high: int = 0, medium: int = 0, low: int = 0) -> Counts:
    return Counts(critical=critical, high=high, medium=medium, low=low)


def known(verdict: str, found: Sequence[Finding] = (), **outcome: Any) -> Known:
    levels = [each.severity for each in found if not each.potential]
    counted = counts(
        *(sum(level in each for level in levels) for each in ((5,), (4,), (3,), (1, 2)))
    )
    return Known(Outcome(verdict=verdict, **{"counts": counted, **outcome}), found, STARTED)  # type: ignore[typeddict-item]


CLEAN = known("CLEAN")


def decided(
    what: Known | None, policy: Policy | None = None, image: Candidate = IMAGE, **facts: Any
) -> Decision:
    rules = Rules("enforce", "block", policy or Policy())
    situation = Situation(TODAY, started=STARTED, **facts)
    return decide([image], {} if what is None else {image.key: what}, rules, situation)


def parse_exceptions(
    cve: str = "CVE-2026-0001",
    until: date = TODAY,
    repository: str = "shop/*",
    account_id: str = "",
) -> FindingException:
    return FindingException(0, cve, account_id, repository, until, "no fix is out yet", "shop")


@pytest.mark.parametrize(
    ("what", "policy", "result", "why"),
    [
        (CLEAN, Policy(), "allow", "clean"),
        (known("FINDINGS", [HIGH]), Policy(), "block", "findings"),
        (known("FINDINGS", [HIGH]), Policy("critical"), "allow", "below the policy"),
        (known("FINDINGS", [HIGH._replace(severity=3)]), Policy(), "allow", "below the policy"),
        (known("FINDINGS", [HIGH._replace(severity=3)]), Policy("medium"), "block", "findings"),
        (known("FINDINGS", [HIGH._replace(severity=1)]), Policy("low"), "block", "findings"),
        (
            known("FINDINGS", [HIGH._replace(fixable=False)]),
            Policy(only_fixable=True),
            "allow",
            "below the policy",
        ),
        (known("FINDINGS", [HIGH]), Policy(only_fixable=True), "block", "findings"),
        (known("FINDINGS", [HIGH]), Policy(only_exploited=True), "allow", "below the policy"),
        (
            known("FINDINGS", [HIGH._replace(exploited=True)]),
            Policy(only_exploited=True),
            "block",
            "findings",
        ),
        (
            known("FINDINGS", [HIGH._replace(exploited=None)]),
            Policy(only_exploited=True),
            "undecided",
            "no proof",
        ),
        (known("CLEAN", [HIGH._replace(potential=True)]), Policy(), "allow", "clean"),
        (known("FINDINGS", malware=counts(low=1)), Policy("critical"), "block", "malware"),
        (known("FINDINGS", secrets=counts(low=1)), Policy("critical"), "block", "secrets"),
        (known("CLEAN", malware=counts(low=1)), Policy(), "block", "malware"),
        (known("FINDINGS", detections=[{"kind": "malware"}]), Policy(), "block", "malware"),
        (known("FINDINGS", detections=[{"kind": "secret"}]), Policy(), "block", "secrets"),
        (known("UNSCANNABLE", reason="gone"), Policy(), "undecided", "no result"),
        (known("TIMEOUT"), Policy(), "undecided", "no result"),
        (known("ERROR"), Policy(), "undecided", "no result"),
        (known("SOMETHING NEW"), Policy(), "undecided", "no result"),
        (None, Policy(), "undecided", "no verdict yet"),
    ],
)
def test_a_verdict_decides(what: Known | None, policy: Policy, result: str, why: str) -> None:
    decision = decided(what, policy)
    assert (decision.result, decision.images[0].why) == (result, why)


@pytest.mark.parametrize(
    "outcome",
    [
        {"verdict": "CLEAN"},
        {"verdict": "FINDINGS"},
        {"verdict": "CLEAN", "counts": {}},
        {"verdict": "CLEAN", "counts": {"critical": 0}},
        {"verdict": "CLEAN", "counts": counts(low=1)},
        {"verdict": "FINDINGS", "counts": counts()},
        {"verdict": "CLEAN", "counts": {**counts(), "critical": "0"}},
    ],
)
def test_a_verdict_that_is_not_whole_proves_nothing(outcome: Any) -> None:
    decision = decided(Known(outcome, []))
    assert (decision.result, decision.images[0].why) == ("undecided", "no proof")


@pytest.mark.parametrize("listed", [None, (), (HIGH._replace(severity=2),), (HIGH, HIGH)])
def test_a_list_that_is_missing_or_of_another_scan_accepts_nothing(listed: Any) -> None:
    what = Known(known("FINDINGS", [HIGH]).outcome, listed)
    assert decided(what, exceptions=[parse_exceptions()]).result == "block"
    assert decided(what, Policy(only_exploited=True)).result == "undecided"
    assert decided(what, Policy("critical")).result == "allow"


def test_an_exception_accepts_its_finding_until_its_last_day() -> None:
    what = known("FINDINGS", [HIGH])
    decision = decided(what, exceptions=[parse_exceptions()])
    assert (decision.result, decision.images[0].why) == ("allow", "accepted by an exception")
    assert decided(what, exceptions=[parse_exceptions(until=date(2026, 11, 28))]).result == "block"
    assert decided(what, exceptions=[parse_exceptions(repository="bank/*")]).result == "block"
    assert decided(what, exceptions=[parse_exceptions("CVE-2026-9999")]).result == "block"
    other = parse_exceptions(account_id="999999999999")
    theirs = replace(IMAGE, account_id="999999999999")
    assert decided(what, exceptions=[other]).result == "block"
    assert decided(what, image=theirs, exceptions=[other]).result == "allow"


def test_an_exception_never_accepts_malware_or_secrets() -> None:
    for kind in ("malware", "secrets"):
        what = known("FINDINGS", [HIGH], **{kind: counts(low=1)})
        assert decided(what, exceptions=[parse_exceptions()]).result == "block"


def test_what_runs_in_the_service_is_admitted_whatever_is_known_of_it() -> None:
    for what in (known("FINDINGS", [HIGH]), None, known("ERROR")):
        decision = decided(what, admitted=frozenset({KEY}))
        assert (decision.result, decision.images[0].why) == ("allow", "runs or ran in this service")
        assert decided(what, admitted=frozenset({OTHER.key})).result != "allow"


def test_an_image_without_a_digest_is_undecided_even_with_a_verdict() -> None:
    image = Candidate("x:1", KEY, "", "x", "it is not in ECR")
    decision = decided(CLEAN, image=image)
    assert (decision.result, decision.images[0].why) == ("undecided", "not known by digest")
    assert not decision.waiting


def test_a_failure_from_before_the_deployment_is_scanned_again() -> None:
    for verdict in ("ERROR", "TIMEOUT"):
        old = Known(Outcome(verdict=verdict), since=STARTED - 1)
        assert decided(old).images[0].why == "no verdict yet"
        assert decided(old, overdue=True).images[0].why == "no verdict in time"
        assert decided(Known(Outcome(verdict=verdict), since=STARTED)).images[0].why == "no result"


def test_a_deadline_ends_the_waiting_and_allows_nothing() -> None:
    assert decided(None).waiting
    late = decided(None, overdue=True)
    assert (late.result, late.waiting) == ("undecided", False)
    assert status(late, ENFORCE) == "FAILED"
    assert status(late, Rules("enforce", "allow")) == "SUCCEEDED"


def test_one_blocked_image_blocks_and_waits_for_no_other() -> None:
    verdicts = {IMAGE.key: known("FINDINGS", [HIGH])}
    decision = decide([OTHER, IMAGE], verdicts, ENFORCE, Situation(TODAY))
    assert (decision.result, decision.waiting) == ("block", False)
    assert decision.reasons[0] == f"{IMAGE.uri}: 1 high"
    assert OTHER.uri in decision.reasons[1]


def test_a_revision_without_images_proves_nothing() -> None:
    decision = decide([], {}, ENFORCE, Situation(TODAY))
    assert (decision.result, decision.waiting) == ("undecided", False)
    assert decision.reasons == ["the revision names no image"]


def test_break_glass_lets_through_what_is_not_allowed_and_says_so() -> None:
    until = "2026-11-30T00:00:00+00:00"
    for what in (known("FINDINGS", [HIGH]), None, known("ERROR")):
        decision = decided(what, bypass_until=until)
        assert (decision.result != "allow", decision.bypass_until) == (True, until)
        assert (decision.waiting, status(decision, ENFORCE)) == (False, "SUCCEEDED")
    assert decided(CLEAN, bypass_until=until).bypass_until == ""


@pytest.mark.parametrize("on_undecided", ["allow", "block"])
def test_audit_mode_never_holds_a_deployment(on_undecided: Any) -> None:
    for what, overdue in itertools.product((CLEAN, None, known("FINDINGS", [HIGH])), (True, False)):
        decision = decided(what, overdue=overdue)
        assert status(decision, Rules("audit", on_undecided)) == "SUCCEEDED"


def test_the_policy_is_named_with_the_counts() -> None:
    what = known("FINDINGS", [HIGH._replace(exploited=True), HIGH._replace(severity=5)])
    policy = Policy(only_fixable=True, only_exploited=True)
    assert decided(what, policy).images[0].reason == "1 high (with a fix and exploited)"
