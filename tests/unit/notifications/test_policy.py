"""What is worth a notification, and what an exception takes away from it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_scan.errors import ConfigurationError
from image_scan.findings import encoding
from image_scan.findings.encoding import Finding
from image_scan.inventory.earlier import Before
from image_scan.notifications import policy as policies
from image_scan.notifications.acceptance import Accepting, FindingException, parse_exceptions
from image_scan.notifications.policy import Judged, NotificationPolicy
from image_scan.results import Outcome
from tests.support.builders import ACCOUNT, CLEAN, CRITICAL, MEDIUM, NOTIFY, image

if TYPE_CHECKING:
    from image_scan.contracts import Image

TODAY = date(2026, 3, 2)
IMAGE = image(repository="shop/app")
HIGH = Outcome(verdict="FINDINGS", counts={"critical": 0, "high": 1, "medium": 0, "low": 0})


def policy(**changes: Any) -> NotificationPolicy:
    return NotificationPolicy.read({**NOTIFY, **changes})


def found(qid: int, severity: int = 5, **changes: Any) -> Finding:
    base: dict[str, Any] = {"potential": False, "fixable": True, "cves": (f"CVE-2026-{qid:04}",)}
    return Finding(qid, severity, **{**base, **changes})


def accept(**changes: Any) -> FindingException:
    base = {"qid": 1, "repository": "shop/app", "until": "2026-03-02"}
    (one,) = parse_exceptions([{"reason": "no fix before May", "owner": "shop", **base, **changes}])
    return one


def judge(
    listed: list[Finding],
    before: Before,
    rules: NotificationPolicy,
    exceptions: list[FindingException],
    of: Image,
    today: date,
    *,
    same_scan: bool = False,
) -> Judged:
    rated = policies.rate(listed, rules, Accepting(exceptions, today), of)
    return policies.judge(rated, before, rules.notify_on, today, same_scan=same_scan)


@pytest.mark.parametrize(
    ("changes", "outcome", "sent"),
    [
        ({}, CRITICAL, True),
        ({}, HIGH, True),
        ({}, MEDIUM, False),
        ({}, CLEAN, False),
        ({"min_severity": "critical"}, HIGH, False),
        ({"min_severity": "medium"}, MEDIUM, True),
        ({}, Outcome(verdict="FINDINGS"), True),
        ({}, Outcome(verdict="TIMEOUT"), True),
        ({"timeout": False}, Outcome(verdict="TIMEOUT"), False),
        ({}, Outcome(verdict="ERROR"), True),
        ({"error": False}, Outcome(verdict="ERROR"), False),
        ({"error": False}, Outcome(verdict="ERROR", error="QualysUnauthorized"), True),
        ({"unscannable": "daily"}, Outcome(verdict="UNSCANNABLE"), False),
        ({"unscannable": "each"}, Outcome(verdict="UNSCANNABLE"), True),
        ({"only_fixable": True}, {**HIGH, "fixable": CLEAN["counts"]}, False),
        ({"only_fixable": True}, {**HIGH, "fixable": HIGH["counts"]}, True),
        ({"only_fixable": True}, HIGH, True),
        ({"potential": True}, {**CLEAN, "potential": HIGH["counts"]}, True),
        ({}, {**CLEAN, "potential": HIGH["counts"]}, False),
    ],
)
def test_which_verdicts_may_be_notified(changes: Any, outcome: Any, sent: bool) -> None:
    assert policy(**changes).may_notify(outcome) is sent


@pytest.mark.parametrize("inputs", [{}, {**NOTIFY, "min_severity": "bad"}, {**NOTIFY, "more": 1}])
def test_other_inputs_are_refused(inputs: Any) -> None:
    with pytest.raises(ConfigurationError, match="not a notification policy"):
        NotificationPolicy.read(inputs)


@pytest.mark.parametrize(
    ("changes", "finding", "is_notified"),
    [
        ({}, found(1, 4), True),
        ({}, found(1, 3), False),
        ({}, found(1, potential=True), False),
        ({"potential": True}, found(1, potential=True), True),
        ({"only_fixable": True}, found(1, fixable=False), False),
        ({"min_severity": "low"}, found(1, 1), True),
    ],
)
def test_which_findings_are_notified(changes: Any, finding: Finding, is_notified: bool) -> None:
    judged = judge([finding], Before(None), policy(**changes), [], IMAGE, TODAY)
    assert judged.is_notified is is_notified
    assert not judged.known_before


@pytest.mark.attack(10)
@pytest.mark.parametrize(
    ("exception", "covers"),
    [
        (accept(), True),
        (accept(qid=2), False),
        (accept(qid=None, cve="CVE-2026-0001"), True),
        (accept(qid=None, cve="CVE-2026-0002"), False),
        (accept(repository="shop/*"), True),
        (accept(repository="shop/ap"), False),
        (accept(until="2026-03-01"), False),
        (accept(account_id=ACCOUNT), True),
        (accept(account_id="999999999999"), False),
        (accept(account_id=""), True),
        (accept(account_id=None), True),
    ],
)
def test_what_an_exception_covers(exception: FindingException, covers: bool) -> None:
    judged = judge([found(1)], Before(None), policy(), [exception], IMAGE, TODAY)
    assert judged.is_notified is not covers
    assert judged.accepted_by_exception == covers


def test_a_finding_accepted_by_an_exception_hides_no_other() -> None:
    judged = judge([found(1), found(2)], Before(None), policy(), [accept()], IMAGE, TODAY)
    assert judged.is_notified
    assert [each.qid for each in judged.left] == [2]


def test_what_cannot_be_read_is_no_exception() -> None:
    with pytest.raises((KeyError, ValueError)):
        parse_exceptions(
            [{"qid": 1, "repository": "a", "until": "never", "reason": "r", "owner": "o"}]
        )


def test_a_workload_is_notified_of_what_is_new_to_it() -> None:
    notified = [found(1), found(2)]
    judged = judge([found(2), found(3)], Before(notified), policy(), [], IMAGE, TODAY)
    assert (judged.is_notified, judged.known_before) == (True, True)
    names = {
        name: [f.qid for f in getattr(judged, name)] for name in ("new", "still_open", "fixed")
    }
    assert names == {"new": [3], "still_open": [2], "fixed": [1]}


@pytest.mark.parametrize(
    ("notified", "finding", "is_new"),
    [
        (found(1, 5), found(1, 5), False),
        (found(1, 5), found(1, 4), False),
        (found(1, 4), found(1, 5), True),
        (found(1, potential=True), found(1), True),
        (found(1), found(1, potential=True), False),
        (found(1, potential=True), found(1, potential=True), False),
        (found(1, potential=True), found(1, 4, potential=True), False),
    ],
)
def test_a_finding_is_known_at_the_severity_and_the_proof_it_was_notified_with(
    notified: Finding, finding: Finding, is_new: bool
) -> None:
    judged = judge([finding], Before([notified]), policy(potential=True), [], IMAGE, TODAY)
    assert (bool(judged.new), bool(judged.still_open)) == (is_new, not is_new)
    assert judged.is_notified is is_new
    assert judged.fixed == []


def test_what_was_notified_at_a_higher_severity_stays_known_at_it() -> None:
    judged = judge([found(1, 4)], Before([found(1, 5)]), policy(), [], IMAGE, TODAY)
    assert [each[:-1] for each in judged.notified] == [found(1, 5)[:-1]]
    again = judge([found(1, 5)], Before(judged.notified), policy(), [], IMAGE, TODAY)
    assert not again.is_notified


def test_a_finding_is_as_old_as_its_first_notification_whatever_it_is_rated_now() -> None:
    today, before = TODAY.toordinal(), TODAY.toordinal() - 9
    first = judge([found(1, 4), found(2)], Before(None), policy(), [], IMAGE, TODAY - timedelta(9))
    assert {each.since for each in first.notified} == {before}
    later = judge(
        [found(1, 5), found(2, 4), found(3)], Before(first.notified), policy(), [], IMAGE, TODAY
    )
    assert {each.qid: each.since for each in later.new} == {1: before, 3: today}
    assert {each.qid: each.since for each in later.still_open} == {2: before}
    assert {each.qid: each.since for each in later.notified} == {1: before, 2: before, 3: today}
    gone = judge([found(3)], Before(later.notified), policy(), [], IMAGE, TODAY + timedelta(1))
    assert {each.qid: each.since for each in gone.fixed} == {1: before, 2: before}


def test_a_finding_without_a_qid_is_as_old_as_the_one_it_matches() -> None:
    before = found(0)._replace(since=TODAY.toordinal() - 9)
    again = judge(
        [found(0), found(0)], Before([before]), policy(), [], IMAGE, TODAY, same_scan=True
    )
    assert [each.since for each in again.notified] == [before.since, TODAY.toordinal()]


@pytest.mark.parametrize(
    ("finding", "exceptions"),
    [
        (found(1, 3), []),
        (found(1, potential=True), []),
        (found(1, fixable=False), []),
        (found(1), [accept()]),
    ],
)
def test_what_nobody_is_notified_of_is_not_known_later(
    finding: Finding, exceptions: list[FindingException]
) -> None:
    strict = policy(only_fixable=True)
    for notified in (None, [], [found(1)]):
        judged = judge([finding], Before(notified), strict, exceptions, IMAGE, TODAY)
        assert (judged.is_notified, judged.notified) == (False, [])
        assert judge([found(1)], Before(judged.notified), strict, [], IMAGE, TODAY).is_notified


@pytest.mark.parametrize(("notify_on", "is_notified"), [("new", False), ("all", True)])
def test_nothing_new_is_notified_only_if_that_is_asked_for(
    notify_on: str, is_notified: bool
) -> None:
    judged = judge([found(1)], Before([found(1)]), policy(notify_on=notify_on), [], IMAGE, TODAY)
    assert judged.is_notified is is_notified


def test_a_finding_without_a_number_is_always_new() -> None:
    assert judge([found(0)], Before([found(0)]), policy(), [], IMAGE, TODAY).is_notified


@pytest.mark.parametrize(
    ("severities", "notified", "sent"),
    [
        ([5], [5], False),
        ([5, 4], [4, 5], False),
        ([4, 5], [5, 4], False),
        ([5, 5], [5], True),
        ([5], [4], True),
        ([5], [], True),
    ],
)
def test_findings_without_a_number_are_known_one_for_one_when_a_scan_is_judged_again(
    severities: list[int], notified: list[int], sent: bool
) -> None:
    """Else each reconciliation would notify them."""
    now, before = ([found(0, each) for each in some] for some in (severities, notified))
    judged = judge(now, Before(before), policy(), [], IMAGE, TODAY, same_scan=True)
    assert judged.is_notified is sent


def test_a_finding_with_a_number_is_not_known_by_one_without() -> None:
    assert judge(
        [found(1)], Before([found(0)]), policy(), [], IMAGE, TODAY, same_scan=True
    ).is_notified


class Counted(Finding):
    """Counts how often findings are compared with what was notified."""

    looked = 0

    @property
    def potential(self) -> bool:
        Counted.looked += 1
        return False


@pytest.mark.attack(15)
@pytest.mark.parametrize("qid", [0, 1])
def test_findings_of_one_number_are_compared_in_proportion_to_them(qid: int) -> None:
    """One finding may be in thousands of packages."""
    many: list[Finding] = [Counted(*found(qid)) for _ in range(500)]
    Counted.looked = 0
    judged = judge(many, Before(many), policy(), [], IMAGE, TODAY, same_scan=True)
    assert (len(judged.still_open), judged.is_notified) == (500, False)
    assert Counted.looked <= 10 * 500


def test_a_finding_without_a_number_is_known_by_the_mildest_that_covers_it() -> None:
    """So that a worse one is left for a worse finding."""
    notified = [found(0, 5), found(0, 4), found(0, 4, potential=True)]
    now = [found(0, 4, potential=True), found(0, 4), found(0, 5)]
    loose = policy(potential=True)
    for listed in (now, now[::-1]):
        judged = judge(listed, Before(notified), loose, [], IMAGE, TODAY, same_scan=True)
        assert not judged.is_notified


finding_lists = st.lists(
    st.builds(
        Finding,
        st.integers(0, 10**6),
        st.integers(1, 5),
        st.booleans(),
        st.booleans(),
        st.lists(st.text(max_size=20), max_size=3).map(tuple),
    )
)


@given(finding_lists)
def test_a_list_comes_back_as_it_was(listed: list[Finding]) -> None:
    assert encoding.unpack(encoding.pack(listed)) == listed


@given(st.text(max_size=50))
def test_what_is_no_list_is_unknown(text: str) -> None:
    assert encoding.unpack(text) is None


def test_too_many_findings_are_unknown_and_not_fewer() -> None:
    import random  # noqa: PLC0415

    chance = random.Random(1)  # noqa: S311 - no secret
    many = [found(n, cves=(f"CVE-{chance.random()}",) * 9) for n in range(20_000)]
    assert encoding.pack(many) == ""
    assert encoding.unpack("") is None


@given(finding_lists, finding_lists, st.dates(date(2026, 1, 1), date(2026, 12, 31)))
def test_without_exceptions_nothing_bad_is_silent(
    listed: list[Finding], before: list[Finding], today: date
) -> None:
    judged = judge(listed, Before(before), policy(), [], IMAGE, today)
    severe = {each.qid for each in listed if each.severity >= 4 and not each.potential}
    sent = {each.qid for each in (*judged.new, *judged.still_open)}
    assert sent == severe == {each.qid for each in judged.notified}
    assert judged.is_notified == bool(judged.new)
    ended = accept(until=(today - timedelta(days=1)).isoformat())
    assert judge(listed, Before(before), policy(), [ended], IMAGE, today) == judged
    again = judge(listed, Before(judged.notified), policy(), [], IMAGE, today)
    assert {each.qid for each in again.new} <= {0}, "a finding is notified once"


@pytest.mark.parametrize("level", ["critical", "high", "medium", "low"])
def test_malware_is_notified_whatever_the_policy(level: str) -> None:
    strict = policy(min_severity="critical", only_fixable=True)
    found: Any = {"critical": 0, "high": 0, "medium": 0, "low": 0, level: 1}
    assert strict.may_notify({**CLEAN, "verdict": "FINDINGS", "malware": found})
    assert not strict.may_notify({**CLEAN, "malware": CLEAN["counts"], "secrets": CLEAN["counts"]})


@pytest.mark.parametrize(("level", "sent"), [("critical", True), ("high", True), ("medium", False)])
def test_a_secret_is_notified_from_the_severity_on(level: str, sent: bool) -> None:
    found: Any = {"critical": 0, "high": 0, "medium": 0, "low": 0, level: 1}
    assert policy().may_notify({**CLEAN, "verdict": "FINDINGS", "secrets": found}) == sent
