"""Where sources disagree on which image or registry an answer is of: rows 7, 8, 12 and 13."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.support.builders import HOST
from tests.support.pipeline import REPOSITORY, SHA, TAG, URI, Pipeline, ended, verdict

IMAGE = "/images/[0-9a-f]{64}"
JOBS = "/registry/[^/]+/schedule"
OTHER = "d" * 64


def item(pipeline: Pipeline) -> dict[str, Any]:
    return pipeline.item(pipeline.push())


def test_row_07_images_are_asked_for_by_their_whole_config_digest(connected: Pipeline) -> None:
    connected.find(5)
    connected.scan()
    paths = [each["path"] for each in connected.qualys.calls() if "/images/" in each["path"]]
    assert paths
    for path in paths:
        assert re.fullmatch(rf"/csapi/v1\.3/images/{SHA}(/vuln|/layers/malware)?", path), path


@pytest.mark.parametrize("severities", [(), (5,)], ids=["clean", "bad"])
def test_row_08_an_image_may_be_known_by_its_manifest(
    connected: Pipeline, severities: tuple[int, ...]
) -> None:
    connected.qualys.scenario(image_id_from="manifest")
    connected.wire.rewrites["/images"] = lambda body: {
        **body,
        "data": [{**row, "repoDigests": []} for row in body["data"]],
    }
    connected.find(*severities)
    run = connected.scan()
    assert ended(run) == ("FINDINGS" if severities else "CLEAN", "")
    digest = connected.push()
    assert connected.item(digest)["config_digest"] == digest


def test_row_08_an_image_may_be_known_by_the_digest_it_was_pulled_by(connected: Pipeline) -> None:
    """Neither its config nor its manifest is the `sha`; its repoDigests have the manifest."""
    connected.find(5)
    connected.spoil(f"/images/{SHA}", status=404, times=0)
    connected.wire.rewrites["/images"] = lambda body: {
        **body,
        "data": [{**row, "sha": "e" * 64} for row in body["data"]],
    }
    connected.spoil(f"/images/{'e' * 64}/vuln", status=200, body={"details": [{"severity": 5}]})
    assert verdict(connected.scan()) == "FINDINGS"
    assert item(connected)["config_digest"] == f"sha256:{'e' * 64}"


def test_row_08_an_image_may_be_known_by_its_config_alone(connected: Pipeline) -> None:
    connected.find(5)
    connected.wire.rewrites[IMAGE] = lambda body: {**body, "repoDigests": None, "repo": None}
    assert verdict(connected.scan()) == "FINDINGS"


def test_row_08_an_image_that_shares_only_its_name_never_answers(connected: Pipeline) -> None:
    connected.spoil(f"/images/{SHA}", status=404, times=0)
    connected.wire.rewrites["/images"] = lambda body: {
        **body,
        "data": [{**row, "sha": OTHER, "repoDigests": []} for row in body["data"]],
    }
    assert ended(connected.scan()) == ("UNSCANNABLE", "ImageNotScannable")
    assert not [call for call in connected.calls() if call.endswith("/vuln")]


@pytest.mark.parametrize("matching", ["list", "regex", "literal"])
def test_row_12_one_exact_tag_is_asked_for_and_only_it_answers(
    connected: Pipeline, matching: str
) -> None:
    """Read as a pattern, 1.4.2 is 1a4b2 as well: its findings are not ours."""
    connected.qualys.scenario(tag_matching=matching)
    connected.push(tag="1a4b2", config=OTHER)
    connected.find(5, 5, key=OTHER)
    assert ended(connected.scan()) == ("CLEAN", "")
    (body,) = connected.wire.bodies("POST", JOBS)
    assert body["filters"] == [{"days": None, "repoTags": [{"repo": REPOSITORY, "tag": TAG}]}]
    pulled = {tag for _, _, tag in connected.held.pulls}
    assert pulled == ({TAG, "1a4b2"} if matching == "regex" else {TAG})


def test_row_12_a_latest_is_no_wildcard(connected: Pipeline) -> None:
    connected.push(tag="latest", config=OTHER)
    run = connected.scan(f"{HOST}/{REPOSITORY}")
    assert verdict(run) == "CLEAN"
    assert {tag for _, _, tag in connected.held.pulls} == {"latest"}


@pytest.mark.parametrize(
    "form", ["https://{}", "https://{}/", "{}", "http://{}", "HTTPS://{}"], ids=lambda each: each
)
def test_row_13_a_registry_is_the_same_with_and_without_its_scheme(
    connected: Pipeline, form: str
) -> None:
    connected.forget_registry()
    connected.wire.rewrites["/registry"] = lambda body: {
        **body,
        "data": [{**row, "registryUri": form.format(HOST)} for row in body["data"]],
    }
    assert verdict(connected.scan()) == "CLEAN"
    assert len(connected.qualys.state()["registries"]) == 1


@pytest.mark.parametrize("other", [f"{HOST}.example.com", HOST.replace("1", "2"), "", None])
def test_row_13_a_registry_of_another_host_is_not_taken(connected: Pipeline, other: Any) -> None:
    connected.forget_registry()
    row = {"registryUuid": "0a1d9b9a-3bab-42ec-a894-4d5969a47616", "registryUri": other}
    connected.spoil("/registry", status=200, body={"count": 1, "data": [row]}, times=2)
    assert verdict(connected.scan()) == "CLEAN"
    assert row["registryUuid"] not in str(connected.wire.sent)


@pytest.mark.parametrize("registry", [None, f"https://{HOST}", "elsewhere"])
def test_row_13_an_image_is_ours_by_its_digest_whatever_its_registry_is_called(
    connected: Pipeline, registry: Any
) -> None:
    connected.qualys.scenario(image_id_from="manifest")
    connected.find(5)
    connected.wire.rewrites["/images"] = lambda body: {
        **body,
        "data": [
            {**row, "repo": [{**each, "registry": registry} for each in row["repo"]]}
            for row in body["data"]
        ],
    }
    assert verdict(connected.scan()) == "FINDINGS"


@pytest.mark.parametrize("registry", [HOST, f"https://{HOST}"])
def test_row_13_an_image_without_a_digest_is_ours_by_host_repository_and_tag(
    connected: Pipeline, registry: str
) -> None:
    """ECR does not let us read the repository: all that is known of the image is its tag."""
    connected.find(5)
    connected.ecr_refuses()
    connected.wire.rewrites["/images"] = lambda body: {
        **body,
        "data": [
            {**row, "repo": [{**each, "registry": registry} for each in row["repo"]]}
            for row in body["data"]
        ],
    }
    run = connected.scan(URI)
    assert verdict(run) == "FINDINGS"
    assert "identified by its tag only" in connected.notifications()[0]["reason"]
