"""Faults and counts that are about one image alone."""

from typing import Any

import pytest

from tests.sandbox.qualys.caller import HOST, Caller, digest, single

SHA, OTHER = "a" * 64, "b" * 64
LIST = "/csapi/v1.3/images"
DETAILS = "/csapi/v1.3/images/{sha}"
SCHEDULE = "/csapi/v1.3/registry/{registry_id}/schedule"


@pytest.fixture
def pair(caller: Caller) -> Caller:
    """Two images that are scanned, each by a job of its own."""
    caller.push("team/app", "1.0", single("a"))
    caller.push("team/other", "1.0", single("b"))
    caller.scan()
    caller.scan(repo="team/other")
    caller.control.forget_calls()
    return caller


@pytest.mark.parametrize("image", [SHA, digest("a"), SHA[:12], "team/app:1.0", "team/app"])
def test_a_fault_of_one_image_leaves_the_others_alone(pair: Caller, image: str) -> None:
    pair.control.fail(image=image, status=503, times=0)
    for path in ("/images/{}", "/images/{}/vuln", "/images/{:.12}/vuln/count"):
        assert pair.get(path.format(SHA)).status_code == 503, path
        assert pair.get(path.format(OTHER)).status_code == 200, path
    for text in (f"sha:{SHA}", 'repo.repository:"team/app"', "repo.repository:`team/app`"):
        assert pair.get("/images", filter=text).status_code == 503, text
    assert pair.get("/images", filter="repo.repository:`team/other`").status_code == 200
    assert pair.get("/images").status_code == 200
    assert pair.get("/registry").status_code == 200


def test_a_fault_of_one_tag_leaves_other_tags_alone(pair: Caller) -> None:
    pair.control.fail(LIST, image="team/app:1.0", status=503, times=0)
    both = "repo.repository:`team/app` and repo.tag:{}"
    assert pair.get("/images", filter=both.format("1.0")).status_code == 503
    assert pair.get("/images", filter=both.format("2.0")).status_code == 204


def test_jobs_are_about_what_they_name(pair: Caller) -> None:
    registry = pair.get("/registry").json()["data"][0]["registryUuid"]
    path = f"/registry/{registry}/schedule"
    mine, other = pair.schedule(registry), pair.schedule(registry, repo="team/other")
    pair.control.fail(image="team/app", status=503, times=0)
    body = {"name": "job", "filters": [{"repoTags": [{"repo": "team/app", "tag": "1.0, 2.0"}]}]}
    assert pair.post(path, body).status_code == 503
    assert pair.get(path, filter=f"scheduleUuid:{mine}").status_code == 503
    assert pair.get(path, filter=f"scheduleUuid:{other}").status_code == 200
    assert pair.post(f"{path}/{mine}/cancel").status_code == 503
    assert pair.ask("POST", f"{path}/cancel", params={"scheduleIds": [mine]}).status_code == 503
    assert pair.delete(f"{path}/bulk", scheduleIds=[other, mine]).status_code == 503
    assert pair.delete(f"{path}/bulk", scheduleIds=[other]).status_code == 200
    assert pair.get(path).status_code == 200


def test_the_second_status_call_of_an_image_is_over_the_limit(pair: Caller) -> None:
    pair.control.throttle("/csapi/v1.3/images/[^/]+", image="team/app:1.0", nth=2, window=2)
    found = []
    for _ in range(3):
        found.append(pair.get(f"/images/{SHA}").status_code)
        assert pair.get(f"/images/{OTHER}").status_code == 200
    assert found == [200, 429, 200]


def test_calls_are_counted_per_image(pair: Caller) -> None:
    registry = pair.get("/registry").json()["data"][0]["registryUuid"]
    job = pair.schedule(registry)
    for _ in range(3):
        pair.get(f"/images/{SHA}")
    pair.get(f"/images/{OTHER}")
    pair.get("/images", filter=f"repo.repository:`team/app` and repo.registry:`{HOST}`")
    pair.get(f"/registry/{registry}/schedule", filter=f"scheduleUuid:{job}")
    mine = {f"GET {DETAILS}": 3, f"GET {LIST}": 1, f"POST {SCHEDULE}": 1, f"GET {SCHEDULE}": 1}
    for image in (SHA, "team/app", "team/app:1.0"):
        assert pair.control.counts(image) == mine
    assert pair.control.counts("team/other") == {f"GET {DETAILS}": 1}
    assert pair.control.counts("team/nothing") == {}
    assert pair.control.count("GET", DETAILS, image=SHA) == 3
    assert pair.control.count("GET", DETAILS) == 4


def test_a_job_stays_counted_once_it_is_deleted(pair: Caller) -> None:
    registry = pair.get("/registry").json()["data"][0]["registryUuid"]
    job = pair.schedule(registry)
    pair.finish()
    assert pair.delete(f"/registry/{registry}/schedule/{job}").status_code == 204
    route = "/csapi/v1.3/registry/{registry_id}/schedule/{schedule_id}"
    assert pair.control.count("DELETE", route, image="team/app") == 1


def test_a_job_of_all_tags_is_about_each(pair: Caller) -> None:
    pair.schedule(pair.get("/registry").json()["data"][0]["registryUuid"], tag=".*")
    assert pair.control.count("POST", SCHEDULE, image="team/app:1.0") == 1
    assert pair.control.count("POST", SCHEDULE, image=SHA) == 1
    assert pair.control.count("POST", SCHEDULE, image="team/other:1.0") == 0


def test_an_image_that_is_not_shown_yet_is_counted_by_its_job(caller: Caller) -> None:
    caller.control.scenario(visible_from="scanned")
    caller.push("team/app", "1.0", single())
    caller.schedule(caller.registry())
    caller.control.advance(0.03)
    caller.control.advance(0.03)
    assert caller.get(f"/images/{SHA}").status_code == 404
    assert caller.control.count("GET", DETAILS, image="team/app:1.0") == 1


def test_a_body_that_is_no_job_is_about_nothing(caller: Caller) -> None:
    registry = caller.registry()
    wrong = {"filters": [{"repoTags": [{"repo": 1, "tag": 2}]}]}
    bodies: tuple[Any, ...] = (None, [], {"filters": 1}, wrong)
    for body in bodies:
        caller.post(f"/registry/{registry}/schedule", body)
    caller.ask("POST", f"/registry/{registry}/schedule", data=b"\xff{")
    assert [one["about"] for one in caller.control.calls()][-5:] == [[]] * 5
