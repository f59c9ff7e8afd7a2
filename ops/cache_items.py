"""Reads the items of images in the cache table, as plain values. Changes nothing."""

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import BotoCoreError, ClientError

from image_scan.cache import entries
from image_scan.ecr import references
from image_scan.ecr.identity import PLATFORMS, cache_key
from image_scan.findings import encoding
from ops.answers import answers
from ops.installation import Installation
from ops.repositories import is_of
from ops.stored import Entry, Listed, fits

Item = dict[str, Any]
IN_PROGRESS = "IN_PROGRESS"


class CacheItems:
    """Reads items. Every method raises OpsError if DynamoDB does not answer."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._dynamodb = installation.client("dynamodb")

    def get(self, key: str) -> Item | None:
        """Returns the item of a cache key (`key_of`), expired or not."""
        with answers():
            answer = self._dynamodb.get_item(
                TableName=self._installation.cache_table,
                Key={"imageDigest": {"S": key}},
                ConsistentRead=True,
            )
        item = plain(answer.get("Item", {}))
        return as_stored(item) if fits(item, Entry) else None

    def all(self, *names: str) -> Iterator[Item]:
        """Returns every item of an image, with only these attributes if any are named."""
        arguments: dict[str, Any] = {"TableName": self._installation.cache_table}
        if names:
            shown = {f"#{name}": name for name in {*names, "status", "valid_until", "rescan"}}
            arguments |= {
                "ProjectionExpression": ", ".join(shown),
                "ExpressionAttributeNames": shown,
            }
        kind = Listed if names else Entry
        return (as_stored(row) for row in self._rows(arguments) if fits(row, kind))

    def contents(self) -> dict[str, set[int]]:
        """Returns the QIDs of all findings of each image, as far as they are stored."""
        prefix = entries.findings_key("")
        lists = {
            "TableName": self._installation.cache_table,
            "FilterExpression": "begins_with(imageDigest, :prefix)",
            "ExpressionAttributeValues": {":prefix": {"S": prefix}},
        }
        found = {}
        for row in self._rows(lists):
            listed = encoding.unpack(str(row.get("listed", "")))
            if listed is not None:
                found[str(row["imageDigest"]).removeprefix(prefix)] = {each.qid for each in listed}
        return found

    def find(self, reference: str) -> list[Item]:
        """Finds the items that an operator names by URI, digest or repository:tag. Newest first.

        A tag of ECR is resolved in ECR first, because it may have named another image before.
        """
        if reference.startswith("sha256:"):
            return self._on_any(reference) or self._matching(reference, "")
        parsed = references.parse(reference)
        if not isinstance(parsed, references.EcrReference):
            # Images of ECR may have the same name without their registry.
            return self._matching(reference, "")
        named = f"{parsed.repository}:{parsed.tag}"
        if not (digest := self.key_of(reference)):
            return self._matching(named, parsed.account_id)
        by_tag = f"{parsed.account_id}/{parsed.region}/{named}"
        return [*self._on_any(digest), *self._on_any(by_tag)]

    def of_repository(self, name: str) -> list[Item]:
        """Finds the items of a repository, with or without its registry. Newest first."""
        return _newest_first(
            item
            for item in self.all()
            if is_of(name, str(item.get("repository", "")), str(item.get("uri", "")))
        )

    def _on_any(self, name: str) -> list[Item]:
        """Returns the items of a digest or fallback name, for each platform."""
        keys = [cache_key(name, platform) for platform in PLATFORMS]
        return [item for key in keys if (item := self.get(key))]

    def with_finding(self, name: str) -> list[Item]:
        """Returns images with a QID or CVE. If an image has too many findings for the table, only
        the worst are searched."""
        items: list[Item] = []
        having: set[str] = set()
        for row in self._rows({"TableName": self._installation.cache_table}):
            if fits(row, Entry):
                items.append(as_stored(row))
            if name.upper() in _found(row):
                having.add(row["imageDigest"])
        return [
            item
            for item in items
            if having & {key := item["imageDigest"], entries.findings_key(key)}
        ]

    def _rows(self, arguments: dict[str, Any]) -> Iterator[Item]:
        with answers():
            for page in self._dynamodb.get_paginator("scan").paginate(**arguments):
                for row in page["Items"]:
                    yield plain(row)

    def key_of(self, reference: str) -> str:
        """Returns the cache key of a full reference; empty if ECR does not give the digest."""
        if reference.startswith("sha256:") or references.of_key(reference):
            return reference
        parsed = references.parse(reference)
        if not isinstance(parsed, references.EcrReference):
            return parsed.key
        if parsed.digest:
            return parsed.digest
        ecr = self._installation.session.client("ecr", region_name=parsed.region)
        try:
            answer = ecr.describe_images(
                registryId=parsed.account_id,
                repositoryName=parsed.repository,
                imageIds=[{"imageTag": parsed.tag}],
            )
        except (ClientError, BotoCoreError):
            return ""
        return str(answer["imageDetails"][0]["imageDigest"])

    def _matching(self, reference: str, account_id: str) -> list[Item]:
        """Finds items by digest (the image's own or one of Qualys'), repository, or
        repository:tag."""
        return _newest_first(
            item
            for item in self.all()
            if reference in _names(item) and account_id in ("", item.get("account_id"))
        )


def _newest_first(found: Iterable[Item]) -> list[Item]:
    return sorted(found, key=lambda item: int(item.get("ttl", 0)), reverse=True)


def is_full(reference: str) -> bool:
    """Checks whether a reference names one image of one registry, and not a repository or tag of
    any account."""
    is_of_ecr = isinstance(references.parse(reference), references.EcrReference)
    return reference.startswith("sha256:") or is_of_ecr


def digest_of(key: str) -> str:
    """Returns the digest of a cache key; empty for a fallback name, or an image that is not in
    ECR."""
    name = key.partition("#")[0]
    return name if name.startswith("sha256:") else ""


def of_name(key: str, uri: str) -> Item:
    """Describes an image that is not in ECR and has no item: its verdict follows from its name.
    Returns an empty item for any other image."""
    if (found := references.of_key(key)) is None:
        return {}
    why = {"status": "UNSCANNABLE", "reason": found.reason, "repository": found.name}
    return {"imageDigest": key, "uri": uri, **why}


def as_named(item: Item, row: Mapping[str, Any]) -> Item:
    """Names an image of ECR as the workload of a row does. The same bytes may have been scanned in
    another repository."""
    parsed = references.parse(row["uri"])
    if not isinstance(parsed, references.EcrReference):
        return item
    registry = {"account_id": parsed.account_id, "region": parsed.region}
    named = {"uri": row["uri"], "repository": row["repository"], "tag": row.get("tag", "")}
    return {**item, **registry, **named}


def as_stored(item: Item) -> Item:
    """Returns what an item counts as, with its own end, also where a rescan goes on beside it."""
    item = entries.as_now(item, time.time()) or item
    return {**item, "ttl": entries.valid_until(item)} if "ttl" in item else item


def is_known(item: Item) -> bool:
    """Checks whether an item is still valid. DynamoDB removes expired items late."""
    is_of_name = references.of_key(item["imageDigest"]) is not None
    return is_of_name or int(item.get("ttl", 0)) > time.time()


def _found(row: Item) -> set[str]:
    """Returns the QIDs and CVEs of an image's item, or of its list of all findings."""
    listed = encoding.unpack(str(row.get("listed", ""))) or []
    found = {name for each in listed for name in (str(each.qid), *each.cves)}
    top = row.get("top", []) if fits(row, Entry) else []
    return found | {name for each in top for name in (str(each["qid"]), *each["cves"])}


def _names(item: Item) -> set[str]:
    repository = str(item.get("repository", ""))
    return {
        str(item.get("imageDigest", "")),
        str(item.get("config_digest", "")),
        str(item.get("uri", "")),
        repository,
        f"{repository}:{item.get('tag', '')}",
    }


def plain(row: dict[str, Any]) -> Item:
    deserialize = TypeDeserializer().deserialize
    values = {name: deserialize(value) for name, value in row.items()}
    # Numbers come as Decimal; every one of ours is a whole number. We store no other types.
    plain: Item = json.loads(json.dumps(values, default=_plain))
    return plain


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, Decimal) else repr(value)
