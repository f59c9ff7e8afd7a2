"""ECR repositories. moto does not do: it forgets which of several tags was asked for, keeps one
untagged image only, and answers a missing digest without naming it."""

from __future__ import annotations

import copy
import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import EndpointConnectionError

from image_scan.aws import clients
from sandbox.emulator import regions
from tests.support.builders import ACCOUNT, client_error

_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


class FakeEcr:
    """The calls that the functions make, and the pushes that tests make; of one account.

    `troubles` are what calls end with, by repository or region. No opt-in region of `partition` is
    enabled.
    """

    def __init__(self, account: str = ACCOUNT) -> None:
        self._account = account
        self._images: dict[str, dict[str, str]] = {}
        self._tags: dict[str, dict[str, str]] = {}
        self._region = ""
        self.partition = "aws"
        self.troubles: dict[str, Exception] = {}
        self._archived: set[str] = set()
        self._pushed: dict[str, datetime] = {}

    def in_region(self, region: str | None) -> FakeEcr:
        """The same images; a region that does not exist has no host to ask, and one that is not
        enabled knows no credentials."""
        there = copy.copy(self)
        there._region = region or ""
        if region and region not in clients.regions():
            url = f"https://api.ecr.{region}.amazonaws.com"
            there.troubles = {region: EndpointConnectionError(endpoint_url=url)}
        elif region and not regions.is_enabled(region, self.partition):
            there.troubles = {region: client_error("UnrecognizedClientException")}
        return there

    def archive(self, digest: str) -> None:
        """It stays under its tags, and cannot be pulled."""
        self._archived.add(digest)

    def push(self, repository: str, tag: str = "", config: str = "c" * 64) -> str:
        """Pushes a one-platform image; returns its digest."""
        media = "application/vnd.oci.image.manifest.v1+json"
        known = {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": f"sha256:{config}",
        }
        return self.put(repository, tag, {"mediaType": media, "config": known})

    def push_index(self, repository: str, tag: str, *images: tuple[str, str]) -> str:
        """Pushes an index of (digest, `os/architecture`); returns its digest."""
        manifests = [
            {
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "digest": digest,
                "platform": dict(zip(("os", "architecture"), platform.split("/"), strict=True)),
            }
            for digest, platform in images
        ]
        media = "application/vnd.oci.image.index.v1+json"
        return self.put(repository, tag, {"mediaType": media, "manifests": manifests})

    def put(self, repository: str, tag: str, body: dict[str, Any]) -> str:
        """Pushes any manifest or index; returns its digest."""
        manifest = json.dumps({"schemaVersion": 2, **body})
        digest = f"sha256:{hashlib.sha256(manifest.encode()).hexdigest()}"
        self._images.setdefault(repository, {})[digest] = manifest
        self._pushed.setdefault(digest, _BEGAN + timedelta(minutes=len(self._pushed)))
        tags = self._tags.setdefault(repository, {})
        if tag:
            tags[tag] = digest
        return digest

    def batch_get_image(
        self,
        registryId: str,  # noqa: N803 - boto3's names
        repositoryName: str,  # noqa: N803
        imageIds: list[dict[str, str]],  # noqa: N803
        acceptedMediaTypes: list[str],  # noqa: N803
    ) -> dict[str, Any]:
        images, tags = self._repository(registryId, repositoryName)
        found, failures = [], []
        for key in imageIds:
            digest = tags.get(key.get("imageTag", ""), key.get("imageDigest", ""))
            manifest = images.get(digest)
            if digest in self._archived:
                failures.append({"imageId": key, "failureCode": "ImageInaccessible"})
            elif manifest is None:
                failures.append({"imageId": key, "failureCode": "ImageNotFound"})
            elif json.loads(manifest)["mediaType"] in acceptedMediaTypes:
                identity = {**key, "imageDigest": digest}
                found.append({"imageId": identity, "imageManifest": manifest})
        return {"images": found, "failures": failures}

    def list_tags_for_resource(self, resourceArn: str) -> dict[str, Any]:  # noqa: N803
        """None of its repositories has a tag."""
        registry, repository = resourceArn.split(":", 5)[4:]
        self._repository(registry, repository.removeprefix("repository/"))
        return {"tags": []}

    def describe_images(
        self,
        registryId: str,  # noqa: N803
        repositoryName: str,  # noqa: N803
        imageIds: list[dict[str, str]] | None = None,  # noqa: N803
        filter: dict[str, str] | None = None,  # noqa: A002
        maxResults: int = 100,  # noqa: N803
        nextToken: str = "0",  # noqa: N803
    ) -> dict[str, Any]:
        images, tags = self._repository(registryId, repositoryName)
        asked = [key["imageDigest"] for key in imageIds or []] or list(images)
        if filter:
            assert filter == {"tagStatus": "TAGGED"}
            asked = [digest for digest in asked if digest in tags.values()]
        begin, end = int(nextToken), int(nextToken) + maxResults
        page = [self._detail(images[digest], tags, digest) for digest in asked[begin:end]]
        more = {"nextToken": str(end)} if end < len(asked) else {}
        return {"imageDetails": page, **more}

    def _detail(self, manifest: str, tags: dict[str, str], digest: str) -> dict[str, Any]:
        named = [tag for tag, at in tags.items() if at == digest]
        return {
            "imageDigest": digest,
            "imageManifestMediaType": json.loads(manifest)["mediaType"],
            "imagePushedAt": self._pushed[digest],
            # An untagged image is described without the list.
            **({"imageTags": named} if named else {}),
        }

    def _repository(self, account: str, name: str) -> tuple[dict[str, str], dict[str, str]]:
        for each in (name, self._region):
            if each in self.troubles:
                raise self.troubles[each]
        if account != self._account:
            raise client_error("AccessDeniedException")
        if name not in self._images:
            raise client_error("RepositoryNotFoundException")
        return self._images[name], self._tags[name]
