"""ECR answers for images as AWS does, and ours are real ones."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError

from sandbox.images import AMD64, ARM64, Image, build, push

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecr.type_defs import ImageIdentifierTypeDef

    from tests.sandbox.account import Account


@pytest.fixture
def ecr(account: Account) -> ECRClient:
    client: ECRClient = account.client("ecr")
    client.create_repository(repositoryName="team/app")
    return client


def get(ecr: ECRClient, *image_ids: dict[str, str]) -> Any:
    named = cast("list[ImageIdentifierTypeDef]", list(image_ids))
    return ecr.batch_get_image(repositoryName="team/app", imageIds=named)


def describe(ecr: ECRClient, **image_id: str) -> Any:
    answer = ecr.describe_images(
        repositoryName="team/app", imageIds=[cast("ImageIdentifierTypeDef", image_id)]
    )
    return answer["imageDetails"][0]


def test_digests_are_those_of_the_bytes(ecr: ECRClient, account: Account) -> None:
    pushed = push(ecr, "team/app", build("a", [AMD64, ARM64], attestation=True), "1")
    assert pushed.registry == f"{account.id}.dkr.ecr.us-east-1.amazonaws.com"
    (index,) = get(ecr, {"imageTag": "1"})["images"]
    assert index["imageId"] == {"imageDigest": pushed.index_digest, "imageTag": "1"}
    assert "sha256:" + hashlib.sha256(index["imageManifest"].encode()).hexdigest() == pushed.digest
    entries = json.loads(index["imageManifest"])["manifests"]
    assert [entry["digest"] for entry in entries[:2]] == list(pushed.manifest_digests.values())
    assert entries[2]["platform"] == {"os": "unknown", "architecture": "unknown"}
    (child,) = get(ecr, {"imageDigest": pushed.manifest_digests[ARM64]})["images"]
    assert child["imageId"] == {"imageDigest": pushed.manifest_digests[ARM64]}
    assert json.loads(child["imageManifest"])["config"]["digest"] == pushed.config_digests[ARM64]


@pytest.mark.parametrize(
    ("image", "media_type"),
    [
        (build("x"), "application/vnd.oci.image.manifest.v1+json"),
        (build("x", kind="docker"), "application/vnd.docker.distribution.manifest.v2+json"),
        (build("x", index=True), "application/vnd.oci.image.index.v1+json"),
        (
            build("x", [AMD64, ARM64], kind="docker"),
            "application/vnd.docker.distribution.manifest.list.v2+json",
        ),
    ],
    ids=["oci", "docker", "index", "list"],
)
def test_every_kind_of_manifest(ecr: ECRClient, image: Image, media_type: str) -> None:
    push(ecr, "team/app", image, "1")
    assert describe(ecr, imageTag="1")["imageManifestMediaType"] == media_type


def test_what_is_missing(ecr: ECRClient) -> None:
    push(ecr, "team/app", build("a"), "1")
    answer = get(ecr, {"imageTag": "1"}, {"imageTag": "2"}, {"imageDigest": "sha256:" + "0" * 64})
    assert len(answer["images"]) == 1
    assert [f["failureCode"] for f in answer["failures"]] == ["ImageNotFound"] * 2
    with pytest.raises(ClientError, match=r"ImageNotFoundException.*imageTag:'2'"):
        describe(ecr, imageTag="2")
    for call in (ecr.describe_images, ecr.batch_get_image):
        with pytest.raises(ClientError, match="RepositoryNotFoundException"):
            call(repositoryName="absent", imageIds=[{"imageTag": "1"}])


def test_a_tag_and_a_digest_must_agree(ecr: ECRClient) -> None:
    one, two = (push(ecr, "team/app", build(name), name) for name in ("one", "two"))
    answer = get(ecr, {"imageTag": "one", "imageDigest": two.digest})
    assert [f["failureCode"] for f in answer["failures"]] == ["ImageTagDoesNotMatchDigest"]
    assert get(ecr, {"imageTag": "one", "imageDigest": one.digest})["images"]


def test_all_tags_of_a_digest(ecr: ECRClient) -> None:
    image = build("a")
    for tag in ("1", "latest"):
        pushed = push(ecr, "team/app", image, tag)
    assert describe(ecr, imageDigest=pushed.digest)["imageTags"] == ["1", "latest"]
    listed = ecr.list_images(repositoryName="team/app")["imageIds"]
    assert [image_id["imageTag"] for image_id in listed] == ["1", "latest"]


def test_an_untagged_image_has_no_tags(ecr: ECRClient) -> None:
    pushed = push(ecr, "team/app", build("a"))
    assert "imageTags" not in describe(ecr, imageDigest=pushed.digest)


def test_pushing_a_tag_again_moves_it(ecr: ECRClient) -> None:
    old = push(ecr, "team/app", build("old"), "1")
    new = push(ecr, "team/app", build("new"), "1")
    assert get(ecr, {"imageTag": "1"})["images"][0]["imageId"]["imageDigest"] == new.digest
    assert "imageTags" not in describe(ecr, imageDigest=old.digest)


def test_deleting_by_tag_leaves_the_other_tags(ecr: ECRClient) -> None:
    image = build("a")
    push(ecr, "team/app", image, "1")
    pushed = push(ecr, "team/app", image, "2")
    for tag in ("1", "2"):
        assert describe(ecr, imageDigest=pushed.digest)
        ecr.batch_delete_image(repositoryName="team/app", imageIds=[{"imageTag": tag}])
    with pytest.raises(ClientError, match="ImageNotFoundException"):
        describe(ecr, imageDigest=pushed.digest)


def test_an_index_needs_its_children(ecr: ECRClient) -> None:
    index = build("a", [AMD64, ARM64]).top
    with pytest.raises(ClientError, match="ReferencedImagesNotFoundException"):
        ecr.put_image(repositoryName="team/app", imageManifest=index.text, imageTag="1")


def test_one_hundred_ids_at_most(ecr: ECRClient) -> None:
    image_ids = [{"imageTag": str(number)} for number in range(101)]
    assert len(get(ecr, *image_ids[:100])["failures"]) == 100
    with pytest.raises(ClientError, match="InvalidParameterException"):
        get(ecr, *image_ids)


def test_a_running_task_names_the_digest_behind_its_tag(ecr: ECRClient, account: Account) -> None:
    pushed = push(ecr, "team/app", build("a", [AMD64, ARM64]), "1")
    arn = f"arn:aws:sqs:us-east-1:{account.id}:q"
    pattern = {"detail-type": ["ECS Task State Change"]}
    policy = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    url, _ = account.queue("q", {"Version": "2012-10-17", "Statement": [policy]})
    account.rule("r", pattern, {"Arn": arn})
    ecs = account.client("ecs")
    containers = [{"name": "a", "image": pushed.by_tag}, {"name": "b", "image": "nginx"}]
    ecs.register_task_definition(family="f", containerDefinitions=containers)
    ecs.create_cluster(clusterName="c")
    ecs.run_task(cluster="c", taskDefinition="f")
    detail = json.loads(account.message(url)["Body"])["detail"]
    assert [c.get("imageDigest") for c in detail["containers"]] == [pushed.digest, None]
