"""Which running images Qualys knows more of, by its lists, and what can replace a verdict."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
import responses

from image_scan.errors import QualysRejected, QualysUnavailable, QualysUnreadable, UnexpectedAnswer
from image_scan.qualys.models import ScannedImage
from image_scan.scans import reassessment
from tests.support.builders import API, DIGEST, NOW_MS, SHA, image, scan_input

if TYPE_CHECKING:
    from image_scan.qualys.client import QualysClient

Json = dict[str, Any]
IMAGES = f"{API}/images"
LONGEST_URL = 8_000  # bytes; a request line may have 8 KB


def sha(number: int) -> str:
    return f"{number:064x}"


def counts(**more: int) -> Json:
    return {**{f"severity{level}Count": 0 for level in range(1, 6)}, **more}


def row(of: str = SHA, **changes: Any) -> Json:
    scanned = {"lastVmScanDate": str(NOW_MS), "scanStatus": "SUCCESS"}
    return {"sha": of, **scanned, "vulnerabilities": counts(severity5Count=1), **changes}


def entry(of: str = SHA, **changes: Any) -> Json:
    known = {"imageDigest": DIGEST, "status": "CLEAN", "owner": "o", "acquired_at": NOW_MS - 1}
    known |= {"config_digest": f"sha256:{of}", "scanned_at": NOW_MS, "announced": True}
    return {**known, "recorded": [0] * 6, "examined": ["vulnerabilities"], **changes}


def asked(url: str | None) -> set[str]:
    (query,) = parse_qs(urlsplit(url or "").query)["filter"]
    return set(re.findall(r"sha:(\w+)", query))


def answering(answers: responses.RequestsMock, most: int = 1000) -> None:
    """A list of all images that a query names; a longer one is refused."""

    def answer(request: Any) -> tuple[int, dict[str, str], str]:
        named = asked(request.url)
        if len(named) > most:
            return 400, {}, '{"errorCode": "400 BAD_REQUEST"}'
        rows = [row(each) for each in sorted(named)]
        return 200, {}, json.dumps({"count": len(rows), "data": rows})

    answers.add_callback(responses.GET, IMAGES, answer)


def test_a_thousand_images_are_ten_calls_with_urls_that_fit(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    answering(answers)
    entries = {f"sha256:{number}": entry(sha(number)) for number in range(1000)}
    found = reassessment.look(entries, qualys)
    assert {key: each.sha for key, each in found.items()} == {
        key: each["config_digest"].removeprefix("sha256:") for key, each in entries.items()
    }
    calls = [call for call in answers.calls if "/images" in str(call.request.url)]
    assert len(calls) == 10
    assert max(len(str(call.request.url)) for call in calls) < LONGEST_URL


def test_where_a_query_may_not_be_as_long_shorter_ones_are_asked(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    answering(answers, most=25)
    entries = {f"sha256:{number}": entry(sha(number)) for number in range(100)}
    assert len(reassessment.look(entries, qualys)) == 100
    assert [len(asked(call.request.url)) for call in answers.calls] == [100, 50, 25, 25, 50, 25, 25]


def test_a_refusal_of_any_length_is_one(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    answering(answers, most=0)
    entries = {f"sha256:{number}": entry(sha(number)) for number in range(100)}
    with pytest.raises(QualysRejected):
        reassessment.look(entries, qualys)
    assert len(answers.calls) < 6


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"count": 2, "data": [row()]}, QualysUnreadable),
        ({"count": 1, "data": [row("f" * 64)]}, QualysUnreadable),
        ({"data": "none"}, QualysUnreadable),
        ("{", QualysUnavailable),
    ],
)
def test_a_list_that_is_cut_or_not_of_what_was_asked_is_none(
    qualys: QualysClient, answers: responses.RequestsMock, body: Any, error: type[Exception]
) -> None:
    answers.get(IMAGES, **({"body": body} if isinstance(body, str) else {"json": body}))
    with pytest.raises(error):
        reassessment.look({DIGEST: entry()}, qualys)


def test_what_has_no_config_digest_is_not_asked_for(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    assert reassessment.look({DIGEST: entry("odd' or sha:*")}, qualys) == {}
    assert len(answers.calls) == 0


def read(**changes: Any) -> ScannedImage:
    return ScannedImage.read(row(**changes))


def test_other_counts_are_what_is_read_again() -> None:
    status = reassessment.changed(entry(), read())
    assert status
    assert (status["sha"], status["reported"], status["severe"]) == (SHA, 1, 1)
    mild = {"vulnerabilities": counts(severity1Count=1)}
    assert reassessment.changed(entry(), read(**mild))
    assert reassessment.changed(entry(recorded=[2, 0, 0, 0, 0, 1]), read(totalVulnCount=1))


@pytest.mark.parametrize(("before", "after"), [(4, 5), (2, 3), (5, 4), (1, 2)])
def test_a_finding_that_has_another_severity_is_what_is_read_again(before: int, after: int) -> None:
    known = [1, *(int(level == before) for level in range(1, 6))]
    now = read(vulnerabilities=counts(**{f"severity{after}Count": 1}))
    status = reassessment.changed(entry(recorded=known), now)
    assert status
    assert status["levels"] == [int(level == after) for level in range(1, 6)]


def test_what_was_recorded_without_severities_is_read_again() -> None:
    """An earlier version has: the findings may have moved from one severity to another."""
    assert reassessment.changed(entry(recorded=[1, 1]), read())


@pytest.mark.parametrize(
    ("known", "changes"),
    [
        ({"recorded": [1, 0, 0, 0, 0, 1]}, {}),
        ({"announced": False}, {}),
        ({"scanned_at": NOW_MS + 1}, {}),
        ({"scanned_at": 0}, {}),
        ({}, {"vulnerabilities": None}),
        ({}, {"vulnerabilities": counts() | {"severity3Count": None}}),
        ({}, {"vulnerabilities": {"severity5Count": "many"}}),
        ({}, {"vulnerabilities": "1"}),
        ({}, {"scanStatus": "ERROR"}),
        ({}, {"scanErrorCode": "E1"}),
        ({}, {"lastVmScanDate": None}),
    ],
    ids=str,
)
def test_what_is_the_same_unfinished_older_or_unreadable_changes_nothing(
    known: Json, changes: Json
) -> None:
    assert reassessment.changed(entry(**known), read(**changes)) is None


def test_a_verdict_of_before_counts_were_stored_waits_for_its_scan() -> None:
    old = entry()
    del old["recorded"]
    assert reassessment.changed(old, read()) is None


def judged(qualys: QualysClient, **known: Any) -> Any:
    status = reassessment.changed(entry(**known), read())
    assert status
    return reassessment.judge(
        image(), entry(**known), read(lastAssessed=NOW_MS + 5), status, qualys, {"vulnerabilities"}
    )


def vulnerabilities(answers: responses.RequestsMock, *found: Json, malware: Any = None) -> None:
    details = {"sha": SHA, "vulnerabilities": [], "secrets": []}
    answers.get(f"{IMAGES}/{SHA}", json=details)
    answers.get(f"{IMAGES}/{SHA}/layers/malware", json={"data": malware or [], "count": 0})
    answers.get(f"{IMAGES}/{SHA}/vuln", json={"details": list(found)})


FOUND: Json = {"qid": 1, "title": "t", "severity": 5, "typeDetected": "CONFIRMED"}
LAYER: Json = {"layerHash": "a", "layerFilesAnalyzed": 1, "layerMalwareCount": 1, "severity": 5}


def test_it_is_read_as_after_a_scan_and_says_when_qualys_assessed_it(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    vulnerabilities(answers, FOUND)
    outcome = judged(qualys, reason="identified by its tag only")
    assert (outcome["verdict"], outcome["counts"]["critical"]) == ("FINDINGS", 1)
    assert outcome["recorded"] == [1, 0, 0, 0, 0, 1]
    assert outcome["reason"] == "identified by its tag only"
    assert (outcome["scanned_at"], outcome["assessed_at"]) == (NOW_MS, NOW_MS + 5)


@pytest.mark.parametrize(
    "known",
    [{"status": "FINDINGS", "recorded": [3, 3]}, {"examined": ["vulnerabilities", "malware"]}],
)
def test_less_than_a_verdict_proved_replaces_it_never(
    qualys: QualysClient, answers: responses.RequestsMock, known: Json
) -> None:
    found = [] if "status" in known else [FOUND]
    vulnerabilities(answers, *found)
    status = reassessment.changed(
        entry(**known), read(vulnerabilities=counts(severity5Count=len(found)))
    )
    assert status
    of = entry(**known)
    assert reassessment.judge(image(), of, read(), status, qualys, {"vulnerabilities"}) is None


def test_a_list_that_is_not_whole_is_refused_even_beside_malware(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    vulnerabilities(answers, malware=[LAYER])
    answers.get(f"{IMAGES}/{SHA}/layers/a/malware/files", json={"data": []})
    with pytest.raises(UnexpectedAnswer):
        judged(qualys)


def test_a_completion_names_both_scans() -> None:
    outcome: Any = {
        "verdict": "FINDINGS",
        "malware": {"critical": 1, "high": 0, "medium": 0, "low": 0},
    }
    made = reassessment.completed(scan_input(), entry(), outcome, NOW_MS / 1000)
    assert made["rejudged"] == {"number": NOW_MS - 1}
    lease = made["lease"]
    assert lease
    assert (lease["key"], lease["owner"], lease["acquired_at"]) == (DIGEST, "o", NOW_MS)
    same = entry(malware=outcome["malware"], acquired_at=NOW_MS + 9)
    again = reassessment.completed(scan_input(), same, outcome, NOW_MS / 1000)
    assert again["rejudged"] == {"number": NOW_MS + 9}
    assert again["lease"]
    assert again["lease"]["acquired_at"] == NOW_MS + 10


def test_a_fix_that_only_the_software_names_is_still_one(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    """As after a scan: otherwise a policy for what is fixable would let the image through."""
    software = {"name": "openssl", "version": "3.0.7", "fixVersion": "3.0.8"}
    details = {"sha": SHA, "secrets": [], "softwares": [{**software, "vulnerabilities": [FOUND]}]}
    answers.get(f"{IMAGES}/{SHA}", json=details)
    answers.get(f"{IMAGES}/{SHA}/layers/malware", json={"data": [], "count": 0})
    answers.get(f"{IMAGES}/{SHA}/vuln", json={"details": [FOUND]})
    assert judged(qualys)["fixable"]["critical"] == 1
