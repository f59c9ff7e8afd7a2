"""What can be set for one image otherwise than for the subscription."""

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.qualys import ControlRefused
from tests.sandbox.qualys.caller import HOST, Caller, digest, single

ONE, OTHER = "a" * 64, "b" * 64
FOUND = {"qid": 1, "title": "one", "severity": 5}
POTENTIAL = {"qid": 2, "title": "two", "severity": 3, "typeDetected": "POTENTIAL"}
EXEMPTED = {"qid": 3, "title": "three", "severity": 4, "isExempted": True}


@pytest.fixture
def pair(caller: Caller) -> Caller:
    """Two images that differ in nothing but their names."""
    for sha, repository in ((ONE, "team/app"), (OTHER, "team/other")):
        repo_tag = {"registry": HOST, "repository": repository, "tag": "1.0"}
        found = [FOUND, POTENTIAL, EXEMPTED]
        caller.control.know_image(sha, repo=[repo_tag], findings=found)
    return caller


def row(caller: Caller, sha: str) -> Any:
    return caller.get("/images", filter=f"sha:{sha}").json()["data"][0]


def details(caller: Caller, sha: str) -> Any:
    return caller.get(f"/images/{sha}").json()


def vuln(caller: Caller, sha: str) -> Any:
    return caller.get(f"/images/{sha}/vuln").json()


def count(caller: Caller, sha: str) -> Any:
    return caller.get(f"/images/{sha}/vuln/count").json()


Shown = Callable[[Caller, str], Any]
SEEN: list[tuple[dict[str, Any], Shown, Any]] = [
    ({"vuln_shape": "data"}, lambda *at: "data" in vuln(*at), True),
    ({"vuln_shape": "vulnerabilities"}, lambda *at: "vulnerabilities" in vuln(*at), True),
    ({"scan_time_field": "lastScanned"}, lambda *at: "lastScanned" in row(*at), True),
    ({"exempted": "marked"}, lambda *at: len(vuln(*at)["details"]), 3),
    ({"null_registry": True}, lambda *at: row(*at)["repo"][0]["registry"], None),
    ({"repo_registry": "uri"}, lambda *at: details(*at)["repo"][0]["registry"], f"https://{HOST}"),
    ({"counted": "confirmed"}, lambda *at: row(*at)["vulnerabilities"]["severity3Count"], 0),
    ({"counted": "confirmed"}, lambda *at: count(*at)["severity3Count"], 0),
    (
        {"image_vulnerabilities": "counts"},
        lambda *at: "severity5Count" in details(*at)["vulnerabilities"],
        True,
    ),
    ({"vuln_page_size": 1}, lambda *at: [one["qid"] for one in vuln(*at)["details"]], [1]),
    (
        {"counts": {"severity5Count": 40}},
        lambda *at: row(*at)["vulnerabilities"]["severity5Count"],
        40,
    ),
    ({"counts": {"severity5Count": 40}}, lambda *at: details(*at)["totalVulnCount"], 41),
    ({"vuln_count": {"severity5Count": 41}}, lambda *at: count(*at)["severity5Count"], 41),
    (
        {"summary": {"confirmed": {"sev5Count": 42}}},
        lambda *at: vuln(*at)["vulnSummary"]["confirmed"]["sev5Count"],
        42,
    ),
    ({"out_of_scope": True}, lambda caller, sha: caller.get(f"/images/{sha}").status_code, 403),
]


@pytest.mark.parametrize("key", ["team/app:1.0", "team/app", ONE, digest("a")])
@pytest.mark.parametrize(("stated", "shown", "expected"), SEEN)
def test_an_image_looks_as_set_and_the_others_as_before(
    pair: Caller, key: str, stated: dict[str, Any], shown: Shown, expected: Any
) -> None:
    before = shown(pair, OTHER)
    assert shown(pair, ONE) == before != expected
    pair.control.behave(key, **stated)
    assert (shown(pair, ONE), shown(pair, OTHER)) == (expected, before)
    pair.control.behave(key)
    assert shown(pair, ONE) == before


def test_the_narrowest_notified_counts_and_none_says_nothing(pair: Caller) -> None:
    pair.control.behave("*", vuln_shape="data")
    pair.control.behave("team/app", vuln_shape="list")
    assert isinstance(vuln(pair, ONE), list)
    assert "data" in vuln(pair, OTHER)
    pair.control.behave("team/app", vuln_shape=None, null_registry=True)
    assert "details" in vuln(pair, ONE)
    pair.control.scenario(vuln_shape="vulnerabilities")
    assert "vulnerabilities" in vuln(pair, ONE)


def test_what_is_notified_of_one_image_is_a_switch_of_the_subscription_too(pair: Caller) -> None:
    pair.control.scenario(counts={"severity1Count": 9})
    assert row(pair, ONE)["vulnerabilities"]["severity1Count"] == 9
    assert row(pair, OTHER)["vulnerabilities"]["severity1Count"] == 9


@pytest.mark.parametrize(
    "wrong",
    [
        {"vuln_shape": "other"},
        {"counts": {"severity5Count": "40"}},
        {"early_results": ["colour"]},
        {"external_id": 1},
        {"results_lag_seconds": True},
        {"nothing": None},
    ],
)
def test_what_does_not_fit_is_refused(pair: Caller, wrong: dict[str, Any]) -> None:
    with pytest.raises(ControlRefused, match=next(iter(wrong))):
        pair.control.behave("team/app", **wrong)


def test_images_out_of_scope_are_not_listed(pair: Caller) -> None:
    pair.control.behave("team/app", out_of_scope=True)
    assert pair.get("/images").json()["count"] == 1
    answer = pair.get(f"/images/{ONE}/vuln")
    assert (answer.status_code, answer.json()["message"]) == (403, "Request Forbidden")


def test_pages_of_vulnerabilities_with_the_whole_summary(pair: Caller) -> None:
    pair.control.behave("team/app", vuln_page_size=1)
    second = pair.get(f"/images/{ONE}/vuln", pageNumber=2).json()
    assert [one["qid"] for one in second["details"]] == [2]
    assert second["vulnSummary"]["confirmed"]["sev5Count"] == 1
    assert len(pair.get(f"/images/{ONE}/vuln", pageSize=5).json()["details"]) == 2
    assert pair.get(f"/images/{ONE}/vuln", pageNumber=3).json()["details"] == []


def test_a_page_number_may_be_ignored_and_a_list_cut_short(pair: Caller) -> None:
    """What is cut off stays in the summary."""
    pair.control.behave("team/app", vuln_page_size=1, vuln_page_number="ignored")
    second = pair.get(f"/images/{ONE}/vuln", pageNumber=2).json()
    assert [one["qid"] for one in second["details"]] == [1]
    pair.control.behave("team/app", vuln_most=1)
    cut = vuln(pair, ONE)
    assert [one["qid"] for one in cut["details"]] == [1]
    assert cut["vulnSummary"]["potential"]["sev3Count"] == 1
    pair.control.behave("team/app", vuln_most=1, vuln_shape="object")
    assert vuln(pair, ONE)["details"]["qid"] == 1


def test_each_answer_may_have_times_of_its_own(pair: Caller) -> None:
    one, other = (vuln(pair, ONE)["details"] for _ in range(2))
    assert one == other
    pair.control.behave("team/app", vuln_times="of the answer")
    times = {vuln(pair, ONE)["details"][0]["lastFound"] for _ in range(5)}
    assert len(times) == 5


def test_each_answer_may_have_its_lists_in_another_order(caller: Caller) -> None:
    found = {**FOUND, "cveids": ["CVE-2026-1", "CVE-2026-2"]}
    caller.control.know_image(ONE, findings=[found, POTENTIAL])
    caller.control.behave(ONE, vuln_order="changing")
    answers = [vuln(caller, ONE)["details"] for _ in range(2)]
    assert [[each["qid"] for each in answer] for answer in answers] == [[1, 2], [2, 1]]
    cves = [each["cveids"] for answer in answers for each in answer if each["qid"] == 1]
    assert cves == [["CVE-2026-1", "CVE-2026-2"], ["CVE-2026-2", "CVE-2026-1"]]


def test_one_finding_may_be_an_object_instead_of_a_list(caller: Caller) -> None:
    caller.control.know_image(ONE, findings=[FOUND])
    caller.control.behave(ONE, vuln_shape="object")
    assert vuln(caller, ONE)["details"]["qid"] == 1


@pytest.mark.parametrize(
    ("stated", "status", "body"),
    [
        ("404", 404, None),
        ("null", 200, {"details": None, "vulnSummary": None}),
    ],
)
def test_what_an_unscanned_image_answers_for_its_vulnerabilities(
    caller: Caller, stated: str, status: int, body: Any
) -> None:
    caller.control.know_image(ONE)
    assert caller.get(f"/images/{ONE}/vuln").status_code == 204
    caller.control.behave(ONE, pending_vulns=stated)
    for tail in ("vuln", "vuln/count"):
        assert caller.get(f"/images/{ONE}/{tail}").status_code == status
    if body:
        assert vuln(caller, ONE) == body
        assert set(count(caller, ONE).values()) == {None}


def test_an_unscanned_image_may_look_clean_to_its_vulnerability_call(caller: Caller) -> None:
    caller.control.know_image(ONE)
    caller.control.behave(ONE, pending_vulns="empty", unscanned_counts="nulls")
    answer = vuln(caller, ONE)
    assert (answer["details"], answer["vulnSummary"]["confirmed"]["sev5Count"]) == ([], 0)
    assert set(count(caller, ONE).values()) == {0}
    assert set(row(caller, ONE)["vulnerabilities"].values()) == {None}
    assert details(caller, ONE)["vulnerabilities"] is None


@pytest.mark.parametrize(("stated", "status"), [("404", 404), ("204", 204), ("empty", 200)])
def test_an_unknown_image_is_so_in_three_ways(caller: Caller, stated: str, status: int) -> None:
    caller.control.behave(ONE, unknown_image=stated)
    answer = caller.get(f"/images/{ONE}")
    assert answer.status_code == status
    assert (answer.content == b"") == (stated != "404")
    assert caller.get(f"/images/{OTHER}").status_code == 404


def test_jobs_of_one_repository_go_another_way(caller: Caller) -> None:
    for repository, letter in (("team/app", "a"), ("team/other", "b")):
        caller.push(repository, "1.0", single(letter))
    caller.control.behave(
        "team/app", image_id_from="manifest", tag_matching="regex", missing_tag="finish"
    )
    assert caller.scan(".*")["status"] == "Finished"
    assert caller.scan(".*", repo="team/other")["errors"][0]["errorCode"] == "IMAGE_NOT_FOUND"
    assert caller.scan("1.0", repo="team/other")["status"] == "Finished"
    known = {one["sha"] for one in caller.get("/images").json()["data"]}
    assert known == {"e" * 64, OTHER}


def test_one_repository_may_go_without_force_scan_or_finish_without_its_tag(caller: Caller) -> None:
    caller.push("team/app", "1.0", single())
    caller.scan()
    first = caller.image()["lastVmScanDate"]
    caller.control.behave("team/app", force_scan_enabled=False, missing_tag="finish")
    caller.scan()
    assert caller.image()["lastVmScanDate"] == first
    assert caller.scan("9.9")["status"] == "Finished"
    caller.control.behave("team/app")
    caller.scan()
    assert caller.image()["lastVmScanDate"] != first
    assert caller.scan("9.9")["status"] == "Error"
