"""What the sensor finds in a registry, and under which names an image is known then."""

import pytest

from sandbox.qualys import HeldImages, PulledImage, QualysSimulator
from tests.sandbox.qualys.caller import HOST, ROLE, Caller, digest, single


def source(simulator: QualysSimulator) -> HeldImages:
    assert isinstance(simulator.image_source, HeldImages)
    return simulator.image_source


def test_the_ids_of_a_multi_platform_image(caller: Caller) -> None:
    pulled = PulledImage(digest("a"), manifest=digest("b"), resolved=digest("c"), size=7)
    caller.push("team/app", "1.0", pulled)
    caller.scan()
    row = caller.get("/images").json()["data"][0]
    assert (row["sha"], row["imageId"], row["size"]) == ("a" * 64, "a" * 12, 7)
    assert row["repo"] == [{"registry": HOST, "repository": "team/app", "tag": "1.0"}]
    resolved = {"registry": HOST, "repository": "team/app", "digest": "c" * 64}
    assert row["repoDigests"] == [resolved]
    assert row["source"] == ["REGISTRY"]


def test_the_digest_of_a_platform_may_stand_for_the_index(caller: Caller) -> None:
    caller.control.scenario(repo_digest_of="manifest")
    caller.push("team/app", "1.0", PulledImage(digest("a"), digest("b"), digest("c")))
    caller.scan()
    (row,) = caller.get("/images").json()["data"]
    assert [each["digest"] for each in row["repoDigests"]] == ["b" * 64]


def test_a_containerd_sensor_names_images_by_manifest(caller: Caller) -> None:
    caller.control.scenario(image_id_from="manifest")
    caller.push("team/app", "1.0", PulledImage(digest("a"), digest("b"), digest("c")))
    caller.scan()
    assert caller.get("/images").json()["data"][0]["sha"] == "b" * 64


def test_the_sensor_pulls_as_the_connectors_role_with_the_external_id(
    caller: Caller, simulator: QualysSimulator
) -> None:
    caller.push("team/app", "1.0", single())
    caller.scan()
    access, repository, tag = source(simulator).pulls[0]
    assert (access.role_arn, access.external_id, access.region) == (ROLE, "4711004711", "eu-west-1")
    assert (access.account_id, repository, tag) == ("123456789012", "team/app", "1.0")


def test_a_role_that_cannot_be_assumed_ends_the_job_in_error(
    caller: Caller, simulator: QualysSimulator
) -> None:
    caller.push("team/app", "1.0", single())
    caller.scan()
    source(simulator).refused_roles.add(ROLE)
    job = caller.scan()
    assert job["status"] == "Error"
    assert job["errors"][0]["errorCode"] == "ASSUME_ROLE_FAILED"
    assert set(job["errors"][0]) == {"errorCode", "errorMessage", "contextParams"}
    assert caller.image()["scanErrorCode"] == "ASSUME_ROLE_FAILED"
    assert caller.image()["vulnerabilities"] == []


@pytest.mark.parametrize(
    ("stated", "status", "errors"), [("error", "Error", 1), ("finish", "Finished", 0)]
)
def test_a_missing_tag(caller: Caller, stated: str, status: str, errors: int) -> None:
    caller.control.scenario(missing_tag=stated)
    job = caller.scan("9.9")
    assert (job["status"], len(job["errors"])) == (status, errors)
    assert caller.get("/images").status_code == 204


def test_the_rest_of_a_job_is_scanned_though_a_part_failed(caller: Caller) -> None:
    caller.push("team/app", "1.0", single())
    job = caller.scan("1.0, 9.9")
    assert (job["status"], len(job["errors"])) == ("Error", 1)
    assert caller.image()["scanStatus"] == "SUCCESS"


@pytest.mark.parametrize(
    ("matching", "tag", "found"),
    [
        ("list", "1.0,1.1", 2),
        ("list", ".*", 0),
        ("regex", ".*", 3),
        ("regex", "1.0", 2),
        ("regex", "(", 0),
        ("literal", "1.0,1.1", 0),
    ],
)
def test_tags_are_read_as_given(caller: Caller, matching: str, tag: str, found: int) -> None:
    for letter, name in (("a", "1.0"), ("b", "1.1"), ("c", "1x0")):
        caller.push("team/app", name, single(letter))
    caller.control.scenario(tag_matching=matching)
    caller.scan(tag)
    listed = caller.get("/images")
    assert (len(listed.json()["data"]) if listed.content else 0) == found


def test_days_leave_out_older_images(caller: Caller, simulator: QualysSimulator) -> None:
    made = simulator.clock.now() - 3 * 86_400
    caller.push("team/app", "1.0", PulledImage(digest("a"), digest("b"), digest("b"), created=made))
    assert caller.scan(days=2)["status"] == "Finished"
    assert caller.get("/images").status_code == 204
    caller.scan(days=4)
    assert caller.image()["created"] == str(int(made * 1000))


def test_one_content_under_many_names(caller: Caller) -> None:
    caller.push("team/app", "1.0", single())
    caller.push("team/copy", "latest", single())
    caller.scan()
    caller.scan("latest", repo="team/copy")
    rows = caller.get("/images").json()["data"]
    assert len(rows) == 1
    assert [one["repository"] for one in rows[0]["repo"]] == ["team/app", "team/copy"]
    caller.control.scenario(null_registry=True)
    assert {one["registry"] for one in caller.get("/images").json()["data"][0]["repo"]} == {None}


def test_a_tag_that_moves_during_the_queue_is_scanned_where_it_points_then(caller: Caller) -> None:
    caller.push("team/app", "1.0", single("a"))
    caller.schedule(caller.registry())
    caller.push("team/app", "1.0", single("b"))
    caller.finish()
    assert [row["sha"][0] for row in caller.get("/images").json()["data"]] == ["b"]
