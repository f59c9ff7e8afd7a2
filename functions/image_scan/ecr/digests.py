"""Which digests a reference into ECR stands for: what it names, its platforms, their configs.

A tag is resolved as it stands when the event is read. A digest-only reference needs a tag as well,
because Qualys can only be asked for a repository and tag.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypedDict

from botocore.exceptions import ClientError, ParamValidationError

from image_scan import aws
from image_scan.ecr.references import SHA256
from image_scan.payloads import Image

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecr.type_defs import ImageIdentifierTypeDef

    from image_scan.ecr.references import EcrReference

_INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_BATCH = 100  # image ids in one BatchGetImage or DescribeImages call
_ABSENT = frozenset({"ImageNotFound", "InvalidImageDigest", "InvalidImageTag"})
# No repository can have a name that ECR calls invalid.
_ABSENT_REPOSITORY = frozenset({"RepositoryNotFoundException", "InvalidParameterException"})
# The last two: a region that is not switched on, or one of another partition.
_FORBIDDEN = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "InvalidSignatureException",
        "UnrecognizedClientException",
    }
)


class _Where(TypedDict):
    registryId: str
    repositoryName: str


@dataclass(frozen=True)
class _Repository:
    """What ECR said of one repository. `manifests` maps a tag or digest to (digest, manifest)."""

    manifests: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    tags: dict[str, list[str]] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    problem: str = ""


def identify(
    references: Iterable[tuple[str, EcrReference]],
    ecr_in: Callable[[str, str], tuple[ECRClient, str]],
) -> list[Image]:
    """Images by (container, reference), each distinct one once, with all containers that run it.

    `ecr_in` gives the client for an account and region, and the account whose role pulls from it.

    Raises AwsUnavailable when ECR does not answer; what ECR does not hold is unscannable, and what
    it does not let us read keeps its reference as key.
    """
    groups: dict[tuple[str, str, str], list[tuple[str, EcrReference]]] = defaultdict(list)
    for container, reference in references:
        place = (reference.account_id, reference.region, reference.repository)
        groups[place].append((container, reference))
    images: dict[str, Image] = {}
    for (account_id, region, name), members in groups.items():
        wanted = sorted({reference.digest or reference.tag for _, reference in members})
        ecr, role_account_id = ecr_in(account_id, region)
        repository = _read(ecr, account_id, name, wanted)
        for container, reference in members:
            found = _image(reference, repository, role_account_id)
            known = images.get(found["key"], found)
            # Two repositories may hold the same bytes, and only one of them under a tag.
            image = found if known["unscannable"] else known
            image["containers"] = [*dict.fromkeys([*known["containers"], container])]
            images[image["key"]] = image
    return list(images.values())


def as_seen(references: Iterable[tuple[str, EcrReference]]) -> list[Image]:
    """The same without asking ECR: by the digest that each reference names, for what is over."""
    images: dict[str, Image] = {}
    for container, reference in references:
        found = _image(reference, _Repository(), "")
        found["unscannable"] = ""  # nobody has looked
        images.setdefault(found["key"], found)["containers"].append(container)
    return list(images.values())


def _read(ecr: ECRClient, account_id: str, name: str, wanted: Sequence[str]) -> _Repository:
    where = _Where(registryId=account_id, repositoryName=name)
    with aws.calls("ecr:BatchGetImage"):
        try:
            manifests, absent = _manifests(ecr, where, wanted)
            children = {child for _, each in manifests.values() for child in _platforms(each)}
            more, _ = _manifests(ecr, where, sorted(children - manifests.keys()))
            digests = sorted(key for key in manifests if key.startswith("sha256:"))
            return _Repository({**manifests, **more}, _tags(ecr, where, digests), absent)
        except ClientError as error:
            if aws.error_code(error) in _ABSENT_REPOSITORY:
                return _Repository(absent=frozenset(wanted))
            if aws.error_code(error) in _FORBIDDEN:
                return _Repository(problem="ECR does not let this account read the repository")
            raise
        except ParamValidationError:
            return _Repository(absent=frozenset(wanted))


def _manifests(
    ecr: ECRClient, where: _Where, wanted: Sequence[str]
) -> tuple[dict[str, tuple[str, dict[str, Any]]], frozenset[str]]:
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    absent = set()
    for batch in _batches(wanted):
        answer = ecr.batch_get_image(
            **where,
            imageIds=[_identifier(each) for each in batch],
            acceptedMediaTypes=[*_INDEXES, *_MANIFESTS],
        )
        for each in answer.get("images", []):
            key = each["imageId"]
            value = (key["imageDigest"], _document(each.get("imageManifest", "")))
            asked = (key.get("imageTag", ""), key["imageDigest"])
            found.update({name: value for name in asked if name in batch})
        for failure in answer.get("failures", []):
            if failure.get("failureCode") in _ABSENT:
                key = failure.get("imageId", {})
                absent.add(key.get("imageTag") or key.get("imageDigest", ""))
    return found, frozenset(absent)


def _tags(ecr: ECRClient, where: _Where, digests: Sequence[str]) -> dict[str, list[str]]:
    tags: dict[str, list[str]] = {}
    for batch in _batches(digests):
        answer = ecr.describe_images(**where, imageIds=[_identifier(each) for each in batch])
        for each in answer.get("imageDetails", []):
            tags[each.get("imageDigest", "")] = sorted(each.get("imageTags", []))
    return tags


def _image(reference: EcrReference, repository: _Repository, role_account_id: str) -> Image:
    asked = reference.digest or reference.tag
    digest, manifest = repository.manifests.get(asked, (reference.digest, {}))
    platforms = _platforms(manifest)
    configs = [_config(repository.manifests.get(each, ("", {}))[1]) for each in platforms]
    tag = reference.tag
    unscannable = ""
    if asked in repository.absent:
        unscannable = "not found in its ECR repository"
    elif reference.digest and digest in repository.tags:
        tag = _tag_of(reference, repository.tags[digest])
        unscannable = "" if tag else "no tag points at this digest, and Qualys scans by tag"
    elif not tag:
        unscannable = f"its tag is unknown: {repository.problem or 'ECR did not say'}"
    fallback = f"{reference.account_id}/{reference.region}/{reference.repository}:{tag}"
    return Image(
        uri=reference.uri,
        key=digest or fallback,
        account_id=reference.account_id,
        region=reference.region,
        host=reference.host,
        repository=reference.repository,
        tag=tag,
        digest=digest,
        manifests=platforms or ([digest] if digest else []),
        configs=[each for each in configs or [_config(manifest)] if each],
        containers=[],
        unscannable=unscannable,
        role_account_id=role_account_id,
    )


def _tag_of(reference: EcrReference, tags: Sequence[str]) -> str:
    """A tag that points at the reference's digest today: its own, else the first by name."""
    return reference.tag if reference.tag in tags else next(iter(tags), "")


def _platforms(manifest: dict[str, Any]) -> list[str]:
    """The manifest digests that an index lists; attestations (platform unknown) are no images."""
    listed = manifest.get("manifests")
    return [
        each["digest"]
        for each in (listed if isinstance(listed, list) else [])
        if isinstance(each, dict)
        and isinstance(each.get("digest"), str)
        and not _is_attestation(each.get("platform"))
    ]


def _is_attestation(platform: Any) -> bool:
    return isinstance(platform, dict) and platform.get("os") == "unknown"


def _config(manifest: dict[str, Any]) -> str:
    config = manifest.get("config")
    digest = config.get("digest") if isinstance(config, dict) else None
    return digest if isinstance(digest, str) and SHA256.fullmatch(digest) else ""


def _document(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _identifier(name: str) -> ImageIdentifierTypeDef:
    return {"imageDigest": name} if name.startswith("sha256:") else {"imageTag": name}


def _batches(names: Sequence[str]) -> Iterator[Sequence[str]]:
    return (names[start : start + _BATCH] for start in range(0, len(names), _BATCH))
