"""The simulator's answers have the form that `make doctor SHAPES=1` expects; others are seen."""

import json
from typing import Any

import pytest
import requests

from image_scan.qualys.credentials import Credentials
from image_scan.qualys.transport import Transport
from ops.shapes import calls, report
from tests.sandbox.qualys.caller import HOST, TOKEN, Caller, single

MALWARE = {"fileName": "libz.so.1", "severity": 3, "family": "mirai", "category": "dropper"}
SECRET = {"secretDetector": "AWS Access Key", "severity": "HIGH", "value": "canary-secret"}
SOFTWARE = {"name": "zlib", "version": "1.2", "fixVersion": "1.3"}
FINDINGS: list[dict[str, Any]] = [
    {"qid": 1, "title": "canary-title", "severity": 5, "cveids": ["CVE-1"], "software": [SOFTWARE]},
    {"qid": 2, "title": "another", "severity": 2, "typeDetected": "POTENTIAL"},
    {"qid": 3, "title": "exempted", "severity": 3, "isExempted": True},
]
HIDDEN = "(a name that is not shown)"
BOTH: dict[str, Any] = {"examines": ["malware", "secrets"]}


@pytest.fixture
def scanned(caller: Caller) -> Caller:
    """A subscription with one image, in which there is something of everything."""
    caller.control.behave("team/app", **BOTH, malware=[MALWARE], secrets=[SECRET])
    caller.control.set_findings("team/app", FINDINGS)
    caller.push("team/app", "1.0", single())
    caller.scan()
    caller.control.behave("team/app", **BOTH)
    return caller


def ask(caller: Caller) -> list[calls.Answer]:
    session = requests.Session()
    credentials = Credentials(session, caller.url, lambda: json.dumps({"token": TOKEN}))
    transport = Transport(session, caller.url, credentials, sleep=lambda _: None)
    return list(calls.answers(transport, HOST, "123456789012"))


def look(caller: Caller) -> list[str]:
    """Each difference, with its call."""
    return [
        f"{each.answer.call} {difference}"
        for each in report.examine(ask(caller))
        for difference in each.differences
    ]


def test_the_documented_answers_are_as_expected(scanned: Caller) -> None:
    given = ask(scanned)
    assert calls.not_asked(given) == []
    compared = report.examine(given)
    assert [each.answer.call for each in compared if each.answer.body is None] == []
    assert look(scanned) == []


@pytest.mark.parametrize("stated", [{}, *({"examines": [each]} for each in ("malware", "secrets"))])
def test_so_are_those_of_an_image_with_nothing_in_it(caller: Caller, stated: Any) -> None:
    caller.control.behave("team/app", **stated)
    caller.push("team/app", "1.0", single())
    caller.scan()
    assert look(caller) == []


def test_a_failed_job_and_an_image_before_its_first_scan(caller: Caller) -> None:
    caller.control.behave("team/app", job_error="SENSOR_ERROR")
    caller.push("team/app", "1.0", single())
    caller.scan()
    caller.control.know_image("b" * 64)
    assert look(caller) == []


def test_an_empty_subscription(caller: Caller) -> None:
    given = ask(caller)
    assert [(each.status, each.problem) for each in given[1:]] == [
        (204, ""), (204, ""), (200, ""), (204, ""),
    ]  # fmt: skip
    assert "/images/{image}/vuln" in calls.not_asked(given)


def test_lists_that_are_not_there(caller: Caller) -> None:
    """Of connectors a 404 says that the account has none."""
    caller.control.scenario(empty_list="404")
    wrong = [each.answer for each in report.examine(ask(caller)) if not each.is_expected]
    assert [(each.call, each.status) for each in wrong] == [("/registry", 404), ("/images", 404)]


def test_another_base_account(caller: Caller) -> None:
    body = {"awsAccountId": "1", "externalId": 7}
    caller.control.fail("/csapi/v1.3/registry/aws-base", status=200, body=body)
    assert "/registry/aws-base accountId: expected text or number, found absent (read)" in look(
        caller
    )


@pytest.mark.parametrize("stated", ["malware_block", "secrets_block"])
@pytest.mark.parametrize("form", ["list", "null", "empty"])
def test_blocks_that_no_document_shows(scanned: Caller, stated: str, form: str) -> None:
    scanned.control.behave("team/app", **BOTH, **{stated: form})
    assert look(scanned) == []


@pytest.mark.parametrize(
    ("stated", "differences"),
    [
        (
            {"vuln_shape": "data"},
            [
                "/images/{image}/vuln data: expected absent, found array (read)",
                "/images/{image}/vuln details: expected array, found absent (read)",
            ],
        ),
        (
            {"vuln_shape": "object"},
            ["/images/{image}/vuln details: expected array, found object (read)"],
        ),
        (
            {"vuln_shape": "list"},
            ["/images/{image}/vuln (answer): expected object, found array (read)"],
        ),
        (
            {"image_vulnerabilities": "counts"},
            ["/images/{image} vulnerabilities: expected array or null, found object (read)"],
        ),
        (
            {"secrets_block": "unknown"},
            [
                "/images/{image} secrets: expected array or null or absent, found object (read)",
                f"/images/{{image}} secrets.{HIDDEN}: expected nothing, found object (not read)",
                f"/images/{{image}} secrets.{HIDDEN}.{HIDDEN}: expected nothing, found text "
                "(not read)",
            ],
        ),
    ],
)
def test_other_forms_are_seen(scanned: Caller, stated: Any, differences: list[str]) -> None:
    if stated == {"vuln_shape": "object"}:
        scanned.control.set_findings("team/app", FINDINGS[:1])
        scanned.scan()
    scanned.control.behave("team/app", **BOTH, **stated)
    found = look(scanned)
    assert [each for each in differences if each not in found] == []


PLANTED: dict[str, tuple[dict[str, Any], list[str]]] = {
    "a missing name": ({"sha": ...}, ["data[].sha: expected text, found absent (read)"]),
    "another type": ({"sha": 7}, ["data[].sha: expected text, found number (read)"]),
    "null": ({"repo": [None]}, ["data[].repo[]: expected object, found null (read)"]),
    "a list for an object": (
        {"vulnerabilities": [{"canaryName": "canary"}]},
        [
            "data[].vulnerabilities: expected object or null, found array (read)",
            "data[].vulnerabilities[]: expected nothing, found object (not read)",
            f"data[].vulnerabilities[].{HIDDEN}: expected nothing, found text (not read)",
        ],
    ),
    "a new name": (
        {"newScore": "canary", "canary.example.com": "canary"},
        [
            "data[].(a name that is not shown): expected nothing, found text (not read)",
            "data[].newScore: expected nothing, found text (not read)",
        ],
    ),
}


@pytest.mark.parametrize("planted", PLANTED)
def test_exactly_what_is_planted_is_found(scanned: Caller, planted: str) -> None:
    changes, differences = PLANTED[planted]
    body = scanned.get("/images").json()
    changed = {**body["data"][0], **changes}
    body["data"][0] = {name: value for name, value in changed.items() if value is not ...}
    scanned.control.fail("/csapi/v1.3/images", status=200, body=body)
    found = [each for each in look(scanned) if each.startswith("/images ")]
    assert [each.removeprefix("/images ") for each in found] == differences
    assert "canary." not in str(found)


def test_a_new_field_in_every_object_is_seen_and_not_read(scanned: Caller) -> None:
    scanned.control.scenario(unknown_fields=True)
    found = [each for each in look(scanned) if "{}" not in each]  # there it is one more datum
    assert len(found) > 20
    known = [each for each in found if "expected nothing" not in each or "(not read)" not in each]
    assert known == []


def test_what_is_null_may_be_absent_where_the_product_lives_with_it(scanned: Caller) -> None:
    """Where it does not, the line says so."""
    scanned.control.scenario(absent_nulls=True)
    assert [each for each in look(scanned) if "found absent" not in each] == []


def test_no_value_is_in_the_report(scanned: Caller) -> None:
    scanned.control.scenario(unknown_fields=True)
    scanned.control.behave("team/app", **BOTH, vuln_shape="unknown")
    given = ask(scanned)
    stated = report.as_json(report.examine(given), calls.not_asked(given))
    assert '"as_expected": false' in stated
    values = ("canary", "team/app", HOST, "mirai", "zlib", "sensor-host", "a" * 64, TOKEN)
    assert [each for each in values if each in stated] == []
    assert not [each for each in given if repr(each).count("canary")]


def test_a_call_that_is_refused_is_named_and_the_others_are_asked(scanned: Caller) -> None:
    scanned.control.behave("team/app", **BOTH, malware_answer="403")
    (refused,) = [each for each in report.examine(ask(scanned)) if each.answer.problem]
    assert refused.answer.call == "/images/{image}/layers/malware"
    assert refused.verdict == "HTTP 403: QualysForbidden, not compared"
    assert not refused.is_expected
