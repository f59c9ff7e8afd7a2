"""What an on-call engineer reads."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from image_scan import notification_text, notifications
from image_scan.payloads import Outcome
from image_scan.scan_cache import place_of
from tests.unit.builders import CRITICAL, image, task

PLACE = next(iter(dict([place_of(task())]).values()))


def told(outcome: Outcome, places: int = 1, **of: Any) -> dict[str, Any]:
    where = {f"place-{number}": PLACE for number in range(places)}
    return notifications.message(image(**of), outcome, where)


def test_an_email_says_what_where_who_and_what_to_do() -> None:
    finding: Any = {
        "qid": 1,
        "title": "OpenSSL buffer overflow",
        "severity": 5,
        "cves": ["CVE-2026-0001"],
        "packages": ["openssl"],
    }
    text = notification_text.email(told({**CRITICAL, "top": [finding]}))
    of = image()
    assert text.splitlines() == [
        "shop/app:1.4.2: 1 critical, 0 high",
        "",
        f"Image    {of['uri']}",
        f"Digest   {of['digest']}",
        "Scanned  2026-02-02T02:40:00+00:00",
        "",
        "Deployed in 1 place:",
        f"  service web (account 123456789012, us-east-1, cluster prod), by {PLACE['principal']}",
        "",
        "Worst findings:",
        "  severity 5  CVE-2026-0001 in openssl: OpenSSL buffer overflow",
        "",
        "Update what has a fixed version, build the image anew, and deploy it.",
    ]


def test_no_result_says_why_and_how_to_go_on() -> None:
    text = notification_text.email(told(Outcome(verdict="ERROR", reason="QualysUnauthorized: 401")))
    assert text.startswith("shop/app:1.4.2: ERROR\n\nQualysUnauthorized: 401\n")
    assert "make doctor" in text
    assert "CLEAN" not in text


def test_an_older_result_is_called_one() -> None:
    assert "older result" in notification_text.email(told({**CRITICAL, "fresh": False}))


def test_many_places_are_counted() -> None:
    text = notification_text.email(told(CRITICAL, places=50))
    assert "Deployed in 50 places:" in text
    assert text.count("service web") == 20


def test_a_short_message_is_one_line() -> None:
    assert notification_text.sms(told(CRITICAL)) == "shop/app:1.4.2: 1 critical, 0 high"
    assert len(notification_text.sms(told(CRITICAL, repository="r" * 255))) == 140


@given(st.text(), st.text(), st.text(), st.text())
def test_no_name_makes_a_line_of_its_own(tag: str, title: str, cluster: str, reason: str) -> None:
    finding: Any = {"qid": 1, "title": title, "severity": 5, "cves": [], "packages": [title]}
    given_ = told(
        {**CRITICAL, "top": [finding], "reason": reason}, tag=tag, uri=f"{tag}\r\nSubject: x"
    )
    given_["deployed"] = [{**PLACE, "cluster": cluster, "service": title, "principal": tag}]
    text = notification_text.email(given_)
    lines = text.split("\n")
    assert len(lines) <= 18
    assert all(line.isprintable() for line in lines)
    assert notification_text.sms(given_).isprintable()
