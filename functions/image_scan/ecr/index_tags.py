"""Finds tags of an index that lists an untagged manifest: it can be scanned by such a tag.

ECR does not say which indexes list a manifest. An index is pushed right after its manifests. So the
indexes that were pushed at nearly the same time are read, as many as one call returns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from image_scan.ecr import identity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecr.type_defs import ImageDetailTypeDef

_PAGE, _MOST_PAGES = 1000, 5  # of tagged images
_MOST_READ = 100  # indexes


def find(
    ecr: ECRClient,
    account_id: str,
    repository: str,
    untagged: Mapping[str, datetime],
    read: Callable[[Sequence[str]], Mapping[str, dict[str, Any]]],
) -> dict[str, list[str]]:
    """Returns tags by digest, those of the nearest index first.

    `untagged` gives the push time of each manifest; `read` returns the documents of digests.
    """
    indexes = list(_indexes(ecr, account_id, repository))
    found: dict[str, list[str]] = {}
    for digest, pushed in untagged.items():
        near = sorted(indexes, key=lambda each: abs(each["imagePushedAt"] - pushed))[:_MOST_READ]
        documents = read([each["imageDigest"] for each in near])
        found[digest] = [
            tag
            for each in near
            if digest in identity.children(documents.get(each["imageDigest"], {}))
            for tag in sorted(each["imageTags"])
        ]
    return found


def _indexes(ecr: ECRClient, account_id: str, repository: str) -> Iterator[ImageDetailTypeDef]:
    """Returns the indexes among the tagged images that ECR lists first."""
    more: dict[str, Any] = {}
    for _ in range(_MOST_PAGES):
        answer = ecr.describe_images(
            registryId=account_id,
            repositoryName=repository,
            filter={"tagStatus": "TAGGED"},
            maxResults=_PAGE,
            **more,
        )
        for each in answer["imageDetails"]:
            is_index = each.get("imageManifestMediaType") in identity.INDEXES
            if is_index and each.get("imageTags") and "imagePushedAt" in each:
                yield each
        if "nextToken" not in answer:
            return
        more = {"nextToken": answer["nextToken"]}
