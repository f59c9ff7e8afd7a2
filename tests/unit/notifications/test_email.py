"""What an on-call engineer reads."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_scan.events.workloads import workload_of
from image_scan.notifications import chat, email, message, plain_text
from image_scan.notifications.selection import Selection
from image_scan.results import Outcome
from tests.support.builders import CRITICAL, image, scan_input, to_complete

WORKLOAD = next(iter(dict([workload_of(scan_input())]).values()))


def sent(outcome: Outcome, workloads: int = 1, **of: Any) -> dict[str, Any]:
    where = {f"workload-{number}": WORKLOAD for number in range(workloads)}
    return message.compose(to_complete(outcome, image(**of)), outcome, Selection(where))


def test_an_email_says_what_where_who_and_what_to_do() -> None:
    finding: Any = {
        "qid": 1,
        "title": "OpenSSL buffer overflow",
        "severity": 5,
        "cves": ["CVE-2026-0001"],
        "packages": ["openssl 3.0.7"],
        "fixes": ["openssl 3.0.8"],
        "patch": True,
        "exploit": True,
        "exploited": True,
        "qds": 95,
    }
    fixable = {"critical": 1, "high": 0, "medium": 0, "low": 0}
    outcome: Any = {**CRITICAL, "top": [finding], "fixable": fixable}
    given_ = to_complete(outcome, execution_arn="arn:aws:states:us-east-1:1:execution:scan:app-1")
    shown = message.compose(given_, outcome, Selection({"web": WORKLOAD}, accepted_by_exception=2))
    shown["workloads"][0]["compared"] = {"new": 1, "still_open": 0, "fixed": 3}
    shown["findings"][0]["new"] = True
    of = image()
    where = "service web (account 123456789012, us-east-1, cluster prod), deployed 2026-03-02 08:15"
    assert email.email(shown).splitlines() == [
        "shop/app:1.4.2: 1 critical, 0 high",
        "",
        "Worst    CVE-2026-0001 in openssl 3.0.7, critical, exploited now: OpenSSL buffer overflow",
        f"Runs in  {where} UTC",
        "New      1 new, 0 still open, 3 fixed since the image before",
        "Upgrade  openssl 3.0.7 -> 3.0.8 fixes 1 of 1 listed finding",
        "Next     Upgrade what has a fixed version, rebuild the image, and deploy it.",
        "",
        f"Image    {of['uri']}",
        f"Digest   {of['digest']}",
        "Scanned  2026-02-02 02:40 UTC",
        f"Qualys   image id {'c' * 64}",
        "Fixable  1 critical, 0 high",
        "2 findings accepted by exceptions, not counted here",
        "",
        "Deployed in 1 workload:",
        f"  {where} UTC by {WORKLOAD['principal']}: "
        "1 new, 0 still open, 3 fixed since the image before",
        "",
        "Worst findings:",
        "  critical, QDS 95  CVE-2026-0001 in openssl 3.0.7: OpenSSL buffer overflow; fixed in "
        "openssl 3.0.8 [exploited now] [new here]",
        "",
        "To accept a finding for some time, add to `exceptions`:",
        '  { cve = "CVE-2026-0001", repository = "shop/app", until = "<day>", reason = "<why>", '
        'owner = "<who>" }',
        "",
        "Look:",
        "  image      https://us-east-1.console.aws.amazon.com/ecr/repositories/private/123456789012/"
        f"shop%2Fapp/_/image/{of['digest']}/details?region=us-east-1",
        "  execution  https://us-east-1.console.aws.amazon.com/states/home?region=us-east-1"
        "#/v2/executions/details/arn:aws:states:us-east-1:1:execution:scan:app-1",
    ]


def test_no_result_says_why_and_how_to_go_on() -> None:
    text = email.email(sent(Outcome(verdict="ERROR", reason="ScanFailed: 401")))
    assert text.startswith("shop/app:1.4.2: ERROR\n\nScanFailed: 401\n")
    assert "make doctor" in text
    assert "CLEAN" not in text


def test_an_older_result_is_called_one() -> None:
    assert "older result" in email.email(sent({**CRITICAL, "fresh": False}))


def test_many_workloads_are_counted() -> None:
    text = email.email(sent(CRITICAL, workloads=50))
    assert "Deployed in 50 workloads:" in text
    assert text.count("  service web") == 21, "20 of them, and one in the first lines"
    assert "and 49 more workloads" in text.split("\n\n")[1]


def test_a_short_message_is_one_line() -> None:
    assert email.sms(sent(CRITICAL)) == (
        "shop/app:1.4.2: 1 critical, 0 high; service web (account 123456789012, us-east-1, "
        "cluster prod), deployed 2026-03-02 08:15 UTC"
    )
    assert len(email.sms(sent(CRITICAL, repository="r" * 255))) == 140


@given(st.text(), st.text(), st.text(), st.text())
@pytest.mark.held("injected text")
def test_no_name_makes_a_line_of_its_own(tag: str, title: str, cluster: str, reason: str) -> None:
    finding: Any = {**CRITICAL["top"][0], "title": title, "packages": [title], "fixes": [title]}
    given_ = sent(
        {**CRITICAL, "top": [finding], "reason": reason}, tag=tag, uri=f"{tag}\r\nSubject: x"
    )
    names = {"cluster": cluster, "service": title, "principal": tag, "team": reason}
    given_["workloads"] = [{**WORKLOAD, **names}]
    text = email.email(given_)
    lines = text.split("\n")
    assert len(lines) <= 30
    assert all(line.isprintable() for line in lines)
    assert email.sms(given_).isprintable()
    shown = chat.notification(given_)["content"]
    assert "<!" not in shown["description"]
    assert "<@" not in shown["description"]
    assert len(shown["title"]) <= 250


@pytest.mark.attack(8)
def test_what_others_write_is_no_link() -> None:
    """The value of a tag is any text, and mail programs make a link of every address."""
    given_ = sent(CRITICAL)
    given_["workloads"] = [{**WORKLOAD, "team": "web) - sign in at https://evil.example/aws"}]
    assert "of team web) - sign in at https: //evil.example/aws (account" in email.email(given_)
    assert all("https://evil" not in shown for shown in (email.email(given_), email.sms(given_)))


def test_text_is_cut_where_it_is_longer_than_it_may_be() -> None:
    assert plain_text.plain("abc", 3) == "abc"
    assert plain_text.plain("abcd", 3) == "abc..."
