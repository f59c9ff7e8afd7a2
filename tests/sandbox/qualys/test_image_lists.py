"""The image lists: pages, the bulk cursor, and what they can be searched by."""

from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from tests.sandbox.qualys.caller import HOST, Caller

REPO_TAG = {"registry": HOST, "repository": "team/app", "tag": "1.0"}
EXPAT = {"qid": 351234, "title": "Advisory for expat", "severity": 5}


def know(caller: Caller, number: int, **values: Any) -> str:
    sha = f"{number:064x}"
    caller.control.know_image(sha, scanned_seconds_ago=60, **values)
    return sha


@pytest.mark.parametrize("name", ["lastScanned", "lastScannedDate"])
def test_the_scan_time_has_older_names(caller: Caller, name: str) -> None:
    caller.control.scenario(scan_time_field=name)
    row = caller.get(f"/images/{know(caller, 1)}").json()
    assert row[name].isdigit()
    assert "lastVmScanDate" not in row


def test_pages_of_the_list_and_their_limits(caller: Caller) -> None:
    for number in range(5):
        know(caller, number, created=float(number))
    first = caller.get("/images", pageSize=2).json()
    assert (first["count"], [row["created"] for row in first["data"]]) == (5, ["4000", "3000"])
    last = caller.get("/images", pageSize=2, pageNumber=3).json()["data"]
    assert [row["created"] for row in last] == ["0"]
    assert caller.get("/images", pageSize=2, pageNumber=4).status_code == 204
    ascending = caller.get("/images", sort="created:asc").json()["data"]
    assert ascending[0]["created"] == "0"
    for wrong in ("0", "1001", "x", "-1"):
        assert caller.get("/images", pageSize=wrong).status_code == 400
    assert caller.get("/images", pageSize=1000, pageNumber=10).status_code == 204
    assert caller.get("/images", pageSize=1000, pageNumber=11).status_code == 400


def test_the_bulk_list_is_followed_by_its_link(caller: Caller) -> None:
    for number in range(5):
        know(caller, number, findings=[EXPAT])
    url, seen = f"{caller.url}/csapi/v1.3/images/list?limit=2&filter=source:REGISTRY", []
    while True:
        answer = requests.get(url, headers=caller.headers, timeout=5)
        seen += [row["sha"] for row in answer.json()["data"]]
        assert set(answer.json()["data"][0]["vulnerabilities"][0]) == {"qid", "result", "software"}
        link = answer.headers["Link"]
        if link == "null":
            break
        assert link.endswith(">;rel=next")
        url = link[1 : link.index(">")]
        assert urlsplit(url).query.count("limit=2") == 1
    assert seen == sorted(seen)
    assert len(seen) == 5
    caller.control.scenario(link_end="absent")
    assert "Link" not in caller.get("/images/list").headers
    assert caller.get("/images/list", limit=251).status_code == 400
    assert caller.get("/images/list", paginationQuery="!").status_code == 400


def test_an_image_is_found_by_the_evidenced_tokens(caller: Caller) -> None:
    sha = know(caller, 1, repo=[REPO_TAG])
    other = {**REPO_TAG, "repository": "other/tool"}
    know(caller, 2, repo=[other])
    for text in (
        f"sha:{sha}",
        f'sha:"{sha}" and lastScanned: [now-120s ... now]',
        f"repo.registry:`{HOST}` and repo.repository:`team/app` and repo.tag:1.0",
        "not repo.repository:`other/tool`",
        "imageId:000000000000 and (repo.repository:app or repo.repository:nothing)",
    ):
        rows = caller.get("/images", filter=text).json()["data"]
        assert [row["sha"] for row in rows] == [sha], text
    assert caller.get("/images", filter="lastScanned:[now-30s ... now]").status_code == 204


def test_there_is_no_search_by_manifest_digest(caller: Caller) -> None:
    answer = caller.get("/images", filter=f"repoDigests.digest:{'c' * 64}")
    assert answer.status_code == 400
    assert set(answer.json()) == {"errorCode", "message", "timestamp"}
