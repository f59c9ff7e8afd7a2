"""The calls of the API, in what they send and in what they make of the answers."""

from typing import Any

import pytest
import responses

from image_scan.errors import QualysRejected, QualysUnavailable, QualysUnreadable
from image_scan.qualys.client import QualysClient
from tests.support.builders import API, JOB, SHA, listed, qualys_image, schedule
from tests.support.wire import parameters


@pytest.mark.parametrize("stated", [4711, "4711"])
def test_the_external_id_is_text(
    qualys: QualysClient, answers: responses.RequestsMock, stated: Any
) -> None:
    answers.get(f"{API}/registry/aws-base", json={"accountId": "9", "externalId": stated})
    assert qualys.aws_external_id() == "4711"


@pytest.mark.parametrize(
    "stated",
    [
        {},
        {"externalId": None},
        {"externalId": 0},
        {"externalId": True},
        {"externalId": -3},
        {"externalId": " "},
        {"externalId": "0"},
        [],
        "x",
    ],
)
def test_no_external_id_is_refused(
    qualys: QualysClient, answers: responses.RequestsMock, stated: Any
) -> None:
    answers.get(f"{API}/registry/aws-base", json=stated)
    with pytest.raises(QualysUnreadable):
        qualys.aws_external_id()


def test_every_page_of_a_list_is_read(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    first = [qualys_image(sha=f"{number:064x}") for number in range(200)]
    answers.get(f"{API}/images", json={"count": 201, "data": first})
    answers.get(f"{API}/images", json={"count": 201, "data": [qualys_image()]})
    found = list(qualys.images("shop/app"))
    assert len(found) == 201
    assert [parameters(call)["pageNumber"] for call in answers.calls] == [["1"], ["2"]]
    assert parameters(answers.calls[0])["filter"] == ["repo.repository:`shop/app`"]


def test_pages_that_are_cut_shorter_than_asked_for_are_all_read(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    """The largest page that the API gives is not documented for every list."""
    rows = [qualys_image(sha=f"{number:064x}") for number in range(120)]
    for start in (0, 50, 100):
        answers.get(f"{API}/images", json={"count": 120, "data": rows[start : start + 50]})
    assert len(list(qualys.images("shop/app"))) == 120
    assert len(answers.calls) == 3


def test_a_page_that_repeats_ends_the_list(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    """As where the page parameter has another name."""
    page = [qualys_image(sha=f"{number:064x}") for number in range(200)]
    answers.get(f"{API}/images", json={"count": 999, "data": page})
    assert len(list(qualys.images("shop/app"))) == 200


def test_a_list_without_end_is_refused(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    for number in range(51):
        rows = [qualys_image(sha=f"{number:032x}{row:032x}") for row in range(200)]
        answers.get(f"{API}/images", json={"count": 10**6, "data": rows})
    with pytest.raises(QualysRejected, match="more than 50 pages"):
        list(qualys.images("shop/app"))


@pytest.mark.parametrize("none", [{"status": 204}, {"status": 404}, {"json": listed()}])
def test_no_rows_in_each_way(
    qualys: QualysClient, answers: responses.RequestsMock, none: dict[str, Any]
) -> None:
    answers.get(f"{API}/images", **none)
    assert list(qualys.images("shop/app")) == []


@pytest.mark.parametrize("stated", [{"count": 3}, {"data": "x"}, {"data": [1]}, "x", 1])
def test_a_list_of_unknown_shape_is_refused(
    qualys: QualysClient, answers: responses.RequestsMock, stated: Any
) -> None:
    answers.get(f"{API}/images", json=stated)
    with pytest.raises(QualysUnreadable):
        list(qualys.images("shop/app"))


@pytest.mark.parametrize("none", [{"status": 204}, {"status": 404}])
def test_an_unknown_image_is_none(
    qualys: QualysClient, answers: responses.RequestsMock, none: dict[str, Any]
) -> None:
    answers.get(f"{API}/images/{SHA}", **none)
    assert qualys.image(SHA) is None


@pytest.mark.parametrize("body", ["", '{"sha": "abc', "<html>", "[" * 100_000, "\udcff"])
def test_a_garbled_body_is_the_gateways_failure(
    qualys: QualysClient, answers: responses.RequestsMock, body: str
) -> None:
    answers.get(f"{API}/images/{SHA}", body=body.encode("utf-8", "surrogateescape"))
    with pytest.raises(QualysUnavailable, match="without a JSON body"):
        qualys.image(SHA)


def test_details_that_are_no_object_are_refused(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    answers.get(f"{API}/images/{SHA}", json=[qualys_image()])
    with pytest.raises(QualysUnreadable):
        qualys.image(SHA)


def test_a_schedule_is_compared_and_not_trusted(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    rows = listed(schedule(scheduleUuid="other"), schedule("Error"))
    answers.get(f"{API}/registry/reg-1/schedule", json=rows)
    found = qualys.schedule("reg-1", JOB)
    assert found is not None
    assert (found.uuid, found.state) == (JOB, "failed")
    assert qualys.schedule("reg-1", "sched-9") is None


def test_a_connector_of_an_unknown_account_is_absent(
    qualys: QualysClient, answers: responses.RequestsMock
) -> None:
    answers.get(f"{API}/registry/aws/connectors/1", status=404)
    assert qualys.connector_exists("arn:aws:iam::1:role/x", "1") is False


@pytest.mark.parametrize(
    "body",
    [
        '{"details": [{"severity": 5}], "details": []}',
        '{"details": [], "vulnSummary": NaN}',
        '{"details": [], "vulnSummary": Infinity}',
        '{"details": [], "title": "\udcff"}',
    ],
)
def test_a_lenient_reading_finds_no_findings_here(
    qualys: QualysClient, answers: responses.RequestsMock, body: str
) -> None:
    answers.get(f"{API}/images/{SHA}/vuln", body=body.encode("utf-8", "surrogateescape"))
    with pytest.raises(QualysUnavailable):
        qualys.vulnerabilities(SHA, apply_exceptions=True, expected=0)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32-le"])
def test_json_in_each_of_its_encodings_is_read(
    qualys: QualysClient, answers: responses.RequestsMock, encoding: str
) -> None:
    answers.get(f"{API}/images/{SHA}/vuln", body='{"details": []}'.encode(encoding))
    assert qualys.vulnerabilities(SHA, apply_exceptions=True, expected=0).entries == []


@pytest.mark.parametrize("status", [201, 202, 203, 206])
def test_only_a_200_is_a_whole_answer(
    qualys: QualysClient, answers: responses.RequestsMock, status: int
) -> None:
    answers.get(f"{API}/images/{SHA}/vuln", status=status, json={"details": []})
    with pytest.raises(QualysUnavailable, match=f"HTTP {status} without"):
        qualys.vulnerabilities(SHA, apply_exceptions=True, expected=0)


@pytest.mark.attack(12)
@pytest.mark.parametrize("stated", ["../../x?y=", " ", "", 7, None, "x" * 65])
def test_an_id_that_cannot_stand_in_a_path_is_refused(
    qualys: QualysClient, answers: responses.RequestsMock, stated: Any
) -> None:
    row = {"registryUuid": stated, "registryUri": "https://host"}
    answers.get(f"{API}/registry", json=listed(row))
    with pytest.raises(QualysUnreadable):
        qualys.registry_uuid("https://host")
    answers.get(f"{API}/registry/reg-1/schedule", json=listed(schedule(scheduleUuid=stated)))
    assert qualys.schedule_named("reg-1", "image-scan-scan-1") is None
