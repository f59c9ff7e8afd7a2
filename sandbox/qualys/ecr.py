"""Pulls from ECR the way the Registry Sensor does: as the connector's role, with the external id.

Vendor documentation, "AWS" under Registries: the role trusts the Qualys account under the external
id of this subscription and carries `AmazonEC2ContainerRegistryReadOnly`.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from sandbox.qualys.image_source import PulledImage, PullError, RegistryAccess

_INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_CONFIGS = (
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
)
_QUICK = Config(connect_timeout=3, read_timeout=20, retries={"max_attempts": 3, "mode": "standard"})


@dataclass(frozen=True)
class AwsCredentials:
    """Keys of the Qualys AWS account's sensor user, who may sts:AssumeRole."""

    access_key_id: str
    secret_access_key: str


class EcrImages:
    """`credentials` is asked at each pull, so that the user may be made after the simulator."""

    def __init__(self, endpoint_url: str | None, credentials: Callable[[], AwsCredentials]) -> None:
        self._endpoint_url = endpoint_url
        self._credentials = credentials

    def tags(self, registry: RegistryAccess, repository: str) -> list[str]:
        try:
            pages = (
                self._ecr(registry)
                .get_paginator("list_images")
                .paginate(
                    registryId=registry.account_id,
                    repositoryName=repository,
                    filter={"tagStatus": "TAGGED"},
                )
            )
            return sorted(one["imageTag"] for page in pages for one in page["imageIds"])
        except (ClientError, BotoCoreError) as error:
            raise _pull_error(error, "LISTING_FAILED") from error

    def resolve(self, registry: RegistryAccess, repository: str, tag: str) -> PulledImage:
        try:
            ecr = self._ecr(registry)
            ecr.get_authorization_token()
            name = {"registryId": registry.account_id, "repositoryName": repository}
            resolved, document = _manifest(ecr, name, {"imageTag": tag})
            manifest, architecture = resolved, "amd64"
            if document.get("mediaType") in _INDEXES or "manifests" in document:
                manifest, architecture = _platform(document)
                _, document = _manifest(ecr, name, {"imageDigest": manifest})
            if document.get("config", {}).get("mediaType") not in _CONFIGS:
                raise PullError("UNSUPPORTED_IMAGE", f"{repository}:{tag} is no container image")
            config = document["config"]
            ecr.get_download_url_for_layer(**name, layerDigest=config["digest"])
        except (ClientError, BotoCoreError) as error:
            raise _pull_error(error, "IMAGE_PULL_FAILED") from error
        layers = document.get("layers", [])
        return PulledImage(
            config=config["digest"],
            manifest=manifest,
            resolved=resolved,
            size=config.get("size", 0) + sum(layer.get("size", 0) for layer in layers),
            architecture=architecture,
            layers=tuple(layer["digest"].removeprefix("sha256:") for layer in layers),
        )

    def _ecr(self, registry: RegistryAccess) -> Any:
        keys = self._credentials()
        sts: Any = boto3.client(
            "sts",
            region_name=registry.region,
            endpoint_url=self._endpoint_url,
            aws_access_key_id=keys.access_key_id,
            aws_secret_access_key=keys.secret_access_key,
            config=_QUICK,
        )
        try:
            session = sts.assume_role(
                RoleArn=registry.role_arn,
                RoleSessionName="qualys-registry-sensor",
                ExternalId=registry.external_id,
            )["Credentials"]
        except (ClientError, BotoCoreError) as error:
            raise PullError("ASSUME_ROLE_FAILED", str(error)) from error
        return boto3.client(
            "ecr",
            region_name=registry.region,
            endpoint_url=self._endpoint_url,
            aws_access_key_id=session["AccessKeyId"],
            aws_secret_access_key=session["SecretAccessKey"],
            aws_session_token=session["SessionToken"],
            config=_QUICK,
        )


def _manifest(ecr: Any, name: dict[str, str], image: dict[str, str]) -> tuple[str, dict[str, Any]]:
    answer = ecr.batch_get_image(
        **name, imageIds=[image], acceptedMediaTypes=[*_INDEXES, *_MANIFESTS]
    )
    if not answer.get("images"):
        reasons = ", ".join(one.get("failureCode", "") for one in answer.get("failures", []))
        raise PullError("IMAGE_NOT_FOUND", f"{image} not found: {reasons}", missing=True)
    found = answer["images"][0]
    return found["imageId"]["imageDigest"], json.loads(found["imageManifest"])


def _platform(index: dict[str, Any]) -> tuple[str, str]:
    """The child for linux/amd64, else the first one that is for a platform at all."""
    children = [
        (child["digest"], child["platform"]["os"], child["platform"]["architecture"])
        for child in index.get("manifests", [])
        if child.get("platform", {}).get("architecture", "unknown") != "unknown"
    ]
    if not children:
        raise PullError("UNSUPPORTED_IMAGE", "the index names no platform")
    digest, _, architecture = next(
        (child for child in children if child[1:] == ("linux", "amd64")), children[0]
    )
    return digest, architecture


def _pull_error(error: ClientError | BotoCoreError, code: str) -> PullError:
    missing = isinstance(error, ClientError) and error.response["Error"]["Code"] in (
        "RepositoryNotFoundException",
        "ImageNotFoundException",
    )
    return PullError(code, str(error), missing=missing)
