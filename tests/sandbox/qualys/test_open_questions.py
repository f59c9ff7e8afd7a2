"""What the documents contradict each other in, or leave open: each side can be switched on.

What can differ from image to image is in test_image_switches.py, answers over a limit are in
test_throttling.py.
"""

from typing import Any

import pytest
import requests

from tests.sandbox.qualys.caller import HOST, REGISTRY, TOKEN, Caller, single

SHA = "a" * 64
FOUND = {"qid": 1, "title": "one", "severity": 5}
LISTS = ("/images", "/images/list", "/registry", "/registry/aws/connectors", "/containers")


def test_a_new_job_may_answer_another_success(caller: Caller) -> None:
    caller.control.scenario(schedule_status=202, schedule_reply="empty")
    registry = caller.registry()
    pair = {"repo": "team/app", "tag": "1.0"}
    body = {"name": "job", "filters": [{"repoTags": [pair]}]}
    answer = caller.post(f"/registry/{registry}/schedule", body)
    assert (answer.status_code, answer.content) == (202, b"")
    assert caller.get(f"/registry/{registry}/schedule").json()["count"] == 1


@pytest.mark.parametrize("path", LISTS)
def test_an_empty_list_answers_in_three_ways(caller: Caller, path: str) -> None:
    assert caller.get(path).status_code == 204
    caller.control.scenario(empty_list="200")
    answer = caller.get(path)
    assert answer.status_code == 200
    assert answer.json() in ([], {"count": 0, "data": []})
    caller.control.scenario(empty_list="404")
    assert caller.get(path).json()["errorCode"] == "404 NOT_FOUND"


def test_the_short_id_may_be_good_for_every_call_or_for_none(caller: Caller) -> None:
    caller.control.know_image(SHA, findings=[FOUND])
    paths = [f"/images/{SHA[:12]}{tail}" for tail in ("", "/vuln", "/vuln/count")]
    found = {}
    for stated in ("count", "all", "none"):
        caller.control.scenario(short_ids=stated)
        found[stated] = [caller.get(path).status_code for path in paths]
    assert found == {"count": [400, 400, 200], "all": [200] * 3, "none": [400] * 3}


def test_a_list_may_read_the_older_page_parameter(caller: Caller) -> None:
    for number in range(3):
        caller.control.know_image(f"{number:064x}", created=float(number))
    caller.control.scenario(page_parameter="pageNo")
    first = caller.get("/images", pageSize=2, pageNumber=2).json()
    second = caller.get("/images", pageSize=2, pageNo=2).json()
    assert ([row["created"] for row in first["data"]], len(second["data"])) == (["2000", "1000"], 1)


def test_the_uri_of_a_registry_may_come_back_in_another_form(caller: Caller) -> None:
    caller.post("/registry", REGISTRY)
    search = {"filter": f'registryUri:"https://{HOST}"'}
    found = {}
    for stated in ("given", "host", "slash"):
        caller.control.scenario(registry_uri_form=stated)
        row = caller.get("/registry").json()["data"][0]
        found[stated] = (row["registryUri"], caller.get("/registry", **search).status_code)
    assert found == {
        "given": (f"https://{HOST}", 200),
        "host": (HOST, 204),
        "slash": (f"https://{HOST}/", 200),
    }


def test_the_external_id_may_be_a_string_and_may_change(caller: Caller) -> None:
    caller.control.scenario(external_id_form="string", external_id=5)
    assert caller.get("/registry/aws-base").json()["externalId"] == "5"


def test_a_bad_filter_may_answer_something_else_or_be_ignored(caller: Caller) -> None:
    caller.control.know_image(SHA)
    bad = {"filter": "repoDigests.digest:x"}
    assert caller.get("/images", **bad).status_code == 400
    caller.control.scenario(bad_filter_status=500)
    assert caller.get("/images", **bad).status_code == 500
    caller.control.scenario(bad_filter_status=0)
    assert caller.get("/images", **bad).json()["count"] == 1


def test_a_token_may_find_all_rows_or_none(caller: Caller) -> None:
    caller.post("/registry", REGISTRY)
    search = {"filter": f'registryUri:"https://{HOST}"'}
    caller.control.scenario(token_matches={"registryUri": "none"})
    assert caller.get("/registry", **search).status_code == 204
    assert caller.get("/registry").json()["count"] == 1
    caller.control.scenario(token_matches={"registryUri": "all"})
    assert caller.get("/registry", filter="registryUri:nothing").json()["count"] == 1


def test_there_may_be_a_quota_of_jobs(caller: Caller) -> None:
    caller.push("team/app", "1.0", single())
    caller.control.scenario(schedule_quota=1, refused_status=409)
    registry = caller.registry()
    caller.schedule(registry)
    pair = {"repo": "team/app", "tag": "1.0"}
    body = {"name": "job", "filters": [{"repoTags": [pair]}]}
    assert caller.post(f"/registry/{registry}/schedule", body).status_code == 409
    caller.finish()
    assert caller.post(f"/registry/{registry}/schedule", body).status_code == 200


def test_an_access_token_may_have_an_end(caller: Caller) -> None:
    caller.control.scenario(access_token_seconds=3600)
    caller.control.advance(3500)
    assert caller.get("/registry/aws-base").status_code == 200
    caller.control.advance(101)
    answer = caller.get("/registry/aws-base")
    assert (answer.status_code, answer.json()["message"]) == (401, "JWT expired")
    caller.control.scenario(access_token_seconds=None)
    assert caller.get("/registry/aws-base").status_code == 200


def test_objects_may_have_fields_that_nobody_documented(caller: Caller) -> None:
    caller.control.know_image(SHA, findings=[FOUND])
    caller.control.scenario(unknown_fields=True)
    row = caller.get("/images").json()["data"][0]
    finding = caller.get(f"/images/{SHA}/vuln").json()["details"][0]
    for known in (row, row["vulnerabilities"], finding):
        assert known["undocumented"] == {"since": "1.99"}
    assert "undocumented" not in caller.control.state()


def test_fields_that_are_null_may_be_absent(caller: Caller) -> None:
    caller.control.know_image(SHA)
    assert caller.get(f"/images/{SHA}").json()["vulnerabilities"] is None
    caller.control.scenario(absent_nulls=True)
    shown = caller.get(f"/images/{SHA}").json()
    assert "vulnerabilities" not in shown
    assert None not in shown.values()


def test_a_status_may_be_one_that_the_older_documents_do_not_know(caller: Caller) -> None:
    caller.push("team/app", "1.0", single())
    caller.control.scenario(status_names={"Running": "Unknown"})
    caller.control.behave("team/app", never_ends=True)
    assert caller.scan()["status"] == "Unknown"


@pytest.mark.parametrize(
    ("values", "kind", "text"),
    [
        (
            {"status": 200, "body": "<html>", "headers": {"Content-Type": "text/html"}},
            "text/html",
            "<html>",
        ),
        ({"status": 200, "body": ""}, "application/json;charset=UTF-8", ""),
        ({"headers": {"Content-Type": "text/plain"}}, "text/plain", None),
        ({"status": 200, "body": "null"}, "application/json;charset=UTF-8", "null"),
        ({"status": 302, "body": "", "headers": {"Location": "http://127.0.0.1:9"}}, None, ""),
    ],
)
def test_an_answer_may_be_no_answer_of_the_api(
    caller: Caller, values: dict[str, Any], kind: str | None, text: str | None
) -> None:
    caller.control.fail("/csapi/v1.3/registry/aws-base", **values)
    url = f"{caller.url}/csapi/v1.3/registry/aws-base"
    headers = {"Authorization": f"Bearer {TOKEN}"}
    answer = requests.get(url, headers=headers, timeout=5, allow_redirects=False)
    assert kind in (None, answer.headers["Content-Type"])
    assert text in (None, answer.text)
    assert answer.status_code == values.get("status", 200)


def test_the_registries_and_software_of_an_image(caller: Caller) -> None:
    caller.push("team/app", "1.0", single())
    expat = {**FOUND, "software": [{"name": "expat", "version": "2.1", "fixVersion": "2.2"}]}
    caller.control.set_findings("team/app", [expat])
    caller.scan()
    registry = caller.get("/registry").json()["data"][0]["registryUuid"]
    assert caller.get(f"/images/{SHA}/associatedRegistries").json() == [
        {"registry": HOST, "registryUuid": registry, "repo": "team/app", "tag": "1.0"}
    ]
    software = caller.get(f"/images/{SHA}/software").json()
    assert software["count"] == 1
    assert software["data"][0]["fixVersion"] == "2.2"
    caller.control.know_image("b" * 64)
    for tail in ("associatedRegistries", "software"):
        assert caller.get(f"/images/{'b' * 64}/{tail}").status_code == 204
        assert caller.get(f"/images/{'c' * 64}/{tail}").status_code == 404
