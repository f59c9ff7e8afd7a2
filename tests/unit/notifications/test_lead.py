"""The first lines of a notification, by case."""

from typing import Any

import pytest

from image_scan.findings import upgrades
from image_scan.notifications import lead, message, throttle
from image_scan.notifications.selection import Selection
from image_scan.results import Outcome
from tests.support.builders import CRITICAL, image, to_complete

NONE = {"critical": 0, "high": 0, "medium": 0, "low": 0}


def content(**changes: Any) -> dict[str, Any]:
    outcome: Any = {**CRITICAL, **changes}
    return message.compose(to_complete(outcome), outcome, Selection({}))


def finding(*fixes: str, **changes: Any) -> dict[str, Any]:
    return {**CRITICAL["top"][0], "packages": ["openssl 3.0.7"], "fixes": list(fixes), **changes}


def test_an_upgrade_counts_what_needs_nothing_else() -> None:
    both = finding("openssl 3.0.8", "libssl 3.0.8")
    found = upgrades.best([finding("openssl 3.0.8"), both, finding(), finding("expat 2.2")])
    assert [each["fixes"] for each in found] == [2, 1, 1]
    assert found[0]["packages"] == [
        {"name": "libssl", "installed": "", "fixed": "3.0.8"},
        {"name": "openssl", "installed": "3.0.7", "fixed": "3.0.8"},
    ]


def test_another_version_of_the_same_package_is_another_upgrade() -> None:
    found = upgrades.best([finding("openssl 3.0.8"), finding("openssl 3.0.9")])
    assert [each["fixes"] for each in found] == [1, 1], "no version is known to be the later one"


FIX = "Upgrade what has a fix"


@pytest.mark.parametrize(
    ("counts", "fixable", "says"),
    [
        ({"critical": 2}, {"critical": 2}, "Upgrade what has a fixed version, rebuild"),
        ({"critical": 2, "high": 1}, {"critical": 1}, f"{FIX} (1 of 3 critical and high), rebuild"),
        ({"high": 2}, {"high": 1}, f"{FIX} (1 of 2 high), rebuild"),
        ({"medium": 2}, {"medium": 1}, f"{FIX} (1 of 2 findings), rebuild"),
        ({"critical": 2}, {}, "No fix is known: look for a mitigation"),
        ({"medium": 2}, {"medium": 2}, "Upgrade what has a fixed version, rebuild"),
        ({}, {}, "Nothing is confirmed"),
    ],
)
def test_what_to_do_follows_from_what_is_fixable(
    counts: dict[str, int], fixable: dict[str, int], says: str
) -> None:
    shown = content(counts={**NONE, **counts}, fixable={**NONE, **fixable})
    assert lead.next_steps(shown)[0].startswith(says)


def test_malware_alone_is_not_answered_with_an_upgrade() -> None:
    shown = content(counts=NONE, fixable=NONE, malware={**NONE, "high": 1})
    (step,) = lead.next_steps(shown)
    assert step.startswith("Stop what runs the image")


@pytest.mark.parametrize("error", sorted(throttle.ERRORS))
def test_what_stops_every_scan_has_a_subject_and_a_remedy_of_its_own(error: str) -> None:
    outcome = Outcome(verdict="ERROR", reason=f"{error}: 401", error=error)
    shown = message.compose(to_complete(outcome), outcome, Selection({}))
    assert message.subject(shown) == f"Scan: no scan can complete - {error}"
    assert lead.headline(shown) == f"No scan can complete: {error}"
    (step,) = lead.next_steps(shown)
    assert "`make redrive`" in step


def test_an_exception_to_paste_is_for_what_has_no_fix() -> None:
    fixed, unfixed = finding("openssl 3.0.8"), finding(cves=["CVE-2026-0002"], patch=False)
    shown = content(top=[fixed, unfixed])
    assert lead.exception(shown).startswith('{ cve = "CVE-2026-0002", repository = "shop/app", ')


@pytest.mark.parametrize("name", ['x", reason = "', "${file(1)}", "A b"])
def test_nothing_is_to_be_pasted_but_names(name: str) -> None:
    bad = finding(cves=[name])
    assert lead.exception(content(top=[bad])).startswith(f"{{ qid = {bad['qid']}, ")
    outcome: Any = {**CRITICAL, "top": [bad]}
    composed = message.compose(to_complete(outcome, image(repository=name)), outcome, Selection({}))
    assert lead.exception(composed) == ""
