"""Pulls from ECR: what the sensor asks for, and what it makes of the manifests."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws
from moto.core.responses import ActionResult
from moto.ecr.responses import ECRResponse

from sandbox.qualys import AwsCredentials, EcrImages, PullError, RegistryAccess, make_sensor_user
from tests.sandbox.qualys.caller import HOST, ROLE, digest
from tests.support.builders import client_error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_ecr import ECRClient

ACCESS = RegistryAccess(HOST, "123456789012", "eu-west-1", ROLE, "4711")
OCI = "application/vnd.oci.image"


@pytest.fixture
def ecr(monkeypatch: pytest.MonkeyPatch) -> Iterator[ECRClient]:
    """An ECR with the repository team/app; the emulator has no layers to give out."""
    monkeypatch.setattr(
        ECRResponse, "get_download_url_for_layer", lambda _: ActionResult({"downloadUrl": "x"})
    )
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        client = boto3.client("ecr", region_name="eu-west-1")
        client.create_repository(repositoryName="team/app")
        yield client


@pytest.fixture
def images() -> EcrImages:
    return EcrImages(None, lambda: AwsCredentials("key", "secret"))


def manifest(letter: str, media: str = f"{OCI}.config.v1+json") -> dict[str, Any]:
    return {
        "schemaVersion": 2,
        "mediaType": f"{OCI}.manifest.v1+json",
        "config": {"mediaType": media, "digest": digest(letter), "size": 5},
        "layers": [{"mediaType": "x", "digest": digest("f"), "size": 30}],
    }


def put(ecr: ECRClient, document: dict[str, Any], tag: str | None = None) -> str:
    text = json.dumps(document)
    named = "sha256:" + sha256(text.encode()).hexdigest()
    ecr.put_image(
        repositoryName="team/app",
        imageManifest=text,
        imageDigest=named,  # else it is made from the layers
        imageManifestMediaType=document["mediaType"],
        **({"imageTag": tag} if tag else {}),
    )
    return named


def index(*children: tuple[str, str, str]) -> dict[str, Any]:
    return {
        "schemaVersion": 2,
        "mediaType": f"{OCI}.index.v1+json",
        "manifests": [
            {
                "mediaType": f"{OCI}.manifest.v1+json",
                "digest": named,
                "size": 1,
                "platform": {"os": system, "architecture": architecture},
            }
            for named, system, architecture in children
        ],
    }


def test_a_single_manifest(ecr: ECRClient, images: EcrImages) -> None:
    named = put(ecr, manifest("a"), "1.0")
    found = images.resolve(ACCESS, "team/app", "1.0")
    assert (found.config, found.manifest, found.resolved) == (digest("a"), named, named)
    assert (found.size, found.layers) == (35, ("f" * 64,))


@pytest.mark.parametrize(
    ("platforms", "expected", "architecture"),
    [
        ((("linux", "arm64"), ("linux", "amd64")), "b", "amd64"),
        ((("unknown", "unknown"), ("linux", "arm64")), "b", "arm64"),
    ],
)
def test_an_index(
    ecr: ECRClient,
    images: EcrImages,
    platforms: tuple[tuple[str, str], ...],
    expected: str,
    architecture: str,
) -> None:
    children = [put(ecr, manifest(letter)) for letter in ("a", "b")]
    described = [(child, *platform) for child, platform in zip(children, platforms, strict=True)]
    named = put(ecr, index(*described), "1.0")
    found = images.resolve(ACCESS, "team/app", "1.0")
    assert (found.config, found.manifest) == (digest(expected), children[1])
    assert (found.resolved, found.architecture) == (named, architecture)


def test_tags_are_listed(ecr: ECRClient, images: EcrImages) -> None:
    for tag in ("1.1", "1.0"):
        put(ecr, manifest("a"), tag)
    assert images.tags(ACCESS, "team/app") == ["1.0", "1.1"]


@pytest.mark.parametrize(("repository", "tag"), [("team/app", "9.9"), ("team/none", "1.0")])
def test_a_missing_image_is_said_to_be_missing(
    ecr: ECRClient, images: EcrImages, repository: str, tag: str
) -> None:
    with pytest.raises(PullError) as refused:
        images.resolve(ACCESS, repository, tag)
    assert refused.value.missing


def test_a_missing_repository_has_no_tags(ecr: ECRClient, images: EcrImages) -> None:
    with pytest.raises(PullError) as refused:
        images.tags(ACCESS, "team/none")
    assert refused.value.missing


def test_what_is_no_container_image_is_refused(ecr: ECRClient, images: EcrImages) -> None:
    put(ecr, manifest("a", "application/vnd.cncf.helm.config.v1+json"), "chart")
    put(ecr, index(), "empty")
    for tag in ("chart", "empty"):
        with pytest.raises(PullError) as refused:
            images.resolve(ACCESS, "team/app", tag)
        assert (refused.value.code, refused.value.missing) == ("UNSUPPORTED_IMAGE", False)


class RefusingSts:
    """Stands in for STS and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []

    def assume_role(self, **asked: str) -> None:
        self.asked.append(asked)
        raise client_error("AccessDenied", operation="AssumeRole")


def test_the_role_is_assumed_with_the_external_id_and_may_be_refused(
    monkeypatch: pytest.MonkeyPatch, images: EcrImages
) -> None:
    sts = RefusingSts()
    monkeypatch.setattr("sandbox.qualys.ecr.boto3.client", lambda *_, **__: sts)
    with pytest.raises(PullError) as refused:
        images.resolve(ACCESS, "team/app", "1.0")
    assert (refused.value.code, refused.value.missing) == ("ASSUME_ROLE_FAILED", False)
    assert (sts.asked[0]["RoleArn"], sts.asked[0]["ExternalId"]) == (ROLE, "4711")


def test_the_sensors_user_is_made_again_each_time() -> None:
    with mock_aws():
        first = make_sensor_user("https://iam.amazonaws.com")
        second = make_sensor_user("https://iam.amazonaws.com")
        iam: Any = boto3.client("iam", region_name="us-east-1")
        keys = iam.list_access_keys(UserName="qualys-registry-sensor")["AccessKeyMetadata"]
        policy = iam.get_user_policy(
            UserName="qualys-registry-sensor", PolicyName="assume-connector-roles"
        )["PolicyDocument"]
    assert first.access_key_id != second.access_key_id
    assert len(keys) <= 1
    assert policy["Statement"][0]["Action"] == "sts:AssumeRole"
