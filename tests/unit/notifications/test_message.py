"""The words that reach the owner."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_scan.contracts import READERS
from image_scan.events.workloads import workload_of
from image_scan.notifications import chat, email, facts, message
from image_scan.notifications.selection import Selection
from image_scan.results import Outcome
from tests.support.builders import CRITICAL, image, scan_input, to_complete

WORKLOADS = dict([workload_of(scan_input())])


def test_the_message_says_what_where_and_who() -> None:
    composed = message.compose(to_complete(CRITICAL), CRITICAL, Selection(WORKLOADS))
    assert message.subject(composed) == "Scan: shop/app - 1C/0H (1.4.2, account 123456789012)"
    assert composed["verdict"] == "FINDINGS"
    assert composed["image"]["digest"] == image()["digest"]
    assert composed["counts"]["critical"] == 1
    assert composed["scanned_at"].startswith("2026-02-02T")
    (workload,) = composed["workloads"]
    assert (workload["account"], workload["region"], workload["service"]) == (
        "123456789012",
        "us-east-1",
        "web",
    )
    assert workload["principal"].endswith("assumed-role/ci/deployer")
    assert workload["containers"] == ["app"]


def test_each_kind_of_reader_has_its_text() -> None:
    sent = message.compose(to_complete(CRITICAL), CRITICAL, Selection(WORKLOADS))
    texts = message.notification(sent, Selection(WORKLOADS)).texts
    assert texts.keys() == set(READERS)
    assert json.loads(texts["machines"]) == sent
    assert texts["people"] == email.email(sent)
    assert texts["phones"] == email.sms(sent)
    assert json.loads(texts["chat"]) == chat.notification(sent)


@pytest.mark.attack(5)
def test_the_texts_for_people_name_workloads_of_each_account() -> None:
    """An account with a lower number than the others has 20 services that run the image."""
    ((_, crowd),) = WORKLOADS.items()
    victim: Any = {**crowd, "account": "999999999999", "service": "pay"}
    selection = Selection({**{f"1#{number}": crowd for number in range(20)}, "9#pay": victim})
    composed = message.compose(to_complete(CRITICAL), CRITICAL, selection)
    texts = message.notification(composed, selection).texts
    assert all("service pay" in texts[name] for name in ("people", "chat"))


def test_a_subscription_can_filter() -> None:
    workload = next(iter(WORKLOADS.values()))
    workloads: Any = {
        "a": {**workload, "cluster": "prod"},
        "b": {**workload, "cluster": "", "service": "x"},
    }
    selection = Selection(workloads)
    composed = message.compose(to_complete(CRITICAL), CRITICAL, selection)
    found = message.attributes(composed, selection)
    assert {name: each["StringValue"] for name, each in found.items()} == {
        "verdict": "FINDINGS",
        "max_severity": "critical",
        "repository": "shop/app",
        "account": '["123456789012"]',
        "region": '["us-east-1"]',
        "cluster": '["prod"]',
        "service": '["web", "x"]',
    }
    failed = Outcome(verdict="ERROR")
    composed = message.compose(to_complete(failed), failed, Selection({}))
    nowhere = message.attributes(composed, Selection({}))
    assert nowhere.keys() == {"verdict", "max_severity", "repository"}
    assert nowhere["max_severity"]["StringValue"] == "unknown"


def test_many_workloads_are_counted_but_not_all_listed() -> None:
    workloads = {f"workload-{number}": next(iter(WORKLOADS.values())) for number in range(500)}
    composed = message.compose(to_complete(CRITICAL), CRITICAL, Selection(workloads))
    assert (len(composed["workloads"]), composed["workloads_total"]) == (100, 500)
    assert len(json.dumps(composed)) < 256 * 1024


def test_workloads_with_long_names_fit_into_a_message() -> None:
    workload: Any = {**next(iter(WORKLOADS.values())), "containers": ["c" * 255] * 10}
    workloads = {f"workload-{number}": workload for number in range(100)}
    composed = message.compose(to_complete(CRITICAL), CRITICAL, Selection(workloads))
    assert 0 < len(composed["workloads"]) < composed["workloads_total"] == 100
    texts = message.notification(composed, Selection(workloads)).texts.values()
    assert max(len(text.encode()) for text in texts) < 256 * 1024


@pytest.mark.attack(5)
def test_long_names_of_one_account_crowd_no_other_out() -> None:
    """Neither out of the texts nor out of the attributes."""
    crowd: Any = {**next(iter(WORKLOADS.values())), "containers": ["c" * 255] * 10}
    victim: Any = {**next(iter(WORKLOADS.values())), "account": "999999999999", "service": "pay"}
    workloads = {f"0-{number}": crowd for number in range(99)} | {"9-victim": victim}
    selection = Selection(workloads, teams={"9-victim": "victims"})
    composed = message.compose(to_complete(CRITICAL), CRITICAL, selection)
    assert len(composed["workloads"]) < 100
    assert "pay" in [each["service"] for each in composed["workloads"]]
    found = message.attributes(composed, selection)
    assert found["service"]["StringValue"] == '["pay", "web"]'
    assert found["team"]["StringValue"] == '["victims"]'


@given(st.text(max_size=300), st.integers(0, 10**6))
@pytest.mark.held("injected text")
def test_a_subject_is_one_line_of_a_hundred_printable_characters(name: str, count: int) -> None:
    counts: Any = {"critical": count, "high": 0, "medium": 0, "low": 0}
    outcome = Outcome(verdict="FINDINGS", counts=counts)
    scan_input = to_complete(outcome, image(repository=name))
    subject = message.subject(message.compose(scan_input, outcome, Selection({})))
    assert len(subject) <= 100
    assert subject.isascii()
    assert subject.isprintable()
    begin, counted, rest = subject.partition(f" - {count}C/0H")
    assert (begin[:6], bool(counted)) == ("Scan: ", True)
    assert rest in ("", " (1.4.2)")


@pytest.mark.attack(5)
def test_no_name_is_a_link_for_any_reader() -> None:
    """Nor in a subject: mail programs make links of addresses there, too."""
    link = "https://evil.example/sign-in"
    named = image(uri=link, repository=link, tag=link, account_id="", digest="")
    workload: Any = {**next(iter(WORKLOADS.values())), "account": link, "service": link}
    selection = Selection({"x": workload}, teams={"x": link})
    for counts in ({}, {"counts": {"critical": 1, "high": 0, "medium": 0, "low": 0}}):
        outcome: Any = {"verdict": "UNSCANNABLE", "reason": link, **counts}
        composed = message.compose(to_complete(outcome, named), outcome, selection)
        sent = message.notification(composed, selection)
        chat_message = json.loads(sent.texts["chat"])
        del chat_message["metadata"]["threadId"]  # nobody is shown it
        texts = (sent.texts["people"], sent.texts["phones"], json.dumps(chat_message))
        for text in (sent.subject, *texts):
            assert "evil.example" in text
            assert link not in text


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        ({"verdict": "TIMEOUT", "reason": "no result"}, "no result"),
        ({"verdict": "CLEAN"}, ""),
        ({"verdict": "ERROR", "error": "States.Timeout", "cause": ""}, "States.Timeout"),
        ({"verdict": "ERROR", "error": "X", "cause": "plain words"}, "X: plain words"),
        (
            {"verdict": "ERROR", "error": "ScanFailed", "cause": '{"errorMessage": "job failed"}'},
            "ScanFailed: job failed",
        ),
        ({"verdict": "ERROR", "error": "X", "cause": '"text"'}, 'X: "text"'),
        ({"verdict": "ERROR", "error": "X", "cause": "{}"}, "X"),
        ({"verdict": "ERROR", "error": "X", "cause": '{"errorMessage": "\\ud800"}'}, "X: ?"),
        ({"verdict": "ERROR", "error": "X", "cause": "[" * 100_000}, f"X: {'[' * 500}"),
    ],
)
def test_the_reason_comes_from_what_was_caught(outcome: Any, reason: str) -> None:
    assert facts.reason(outcome) == reason
