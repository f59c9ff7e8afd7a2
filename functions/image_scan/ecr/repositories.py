"""Reads repositories of ECR: each separately, but all wanted images of one together."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypedDict, cast

from botocore.exceptions import ClientError, ParamValidationError

from image_scan.aws import clients
from image_scan.ecr import asking, identity, index_tags

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mypy_boto3_ecr import ECRClient
    from mypy_boto3_ecr.type_defs import ImageIdentifierTypeDef

    from image_scan.aws.cross_account import Registry

_BATCH = 100  # image ids in one BatchGetImage or DescribeImages call
_NOT_FOUND = "not found in its ECR repository"
# Why an image cannot be pulled, by ECR's failure code.
_ABSENT = {
    "ImageNotFound": _NOT_FOUND,
    "InvalidImageDigest": _NOT_FOUND,
    "InvalidImageTag": _NOT_FOUND,
    "ImageInaccessible": "archived in its ECR repository: it has to be restored first",
}
# A pull-through cache creates a repository at the first pull.
_NO_REPOSITORY = "RepositoryNotFoundException"
# No repository can have a name that ECR calls invalid.
_ABSENT_REPOSITORY = frozenset({_NO_REPOSITORY, "InvalidParameterException"})
_FORBIDDEN = frozenset({"AccessDenied", "AccessDeniedException"})
# A region knows no credentials of an account that it is not enabled for, nor of another partition.
# The sensor can pull nothing from there either.
_UNKNOWN_CREDENTIALS = frozenset({"InvalidSignatureException", "UnrecognizedClientException"})
# Later ones are enabled by each account for itself.
# https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
_ENABLED_BY_DEFAULT = frozenset(
    {
        *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1"),
        *("eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "ap-south-1"),
        *("ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-southeast-1"),
        "ap-southeast-2",
    }
)
_NOT_ENABLED = "the region {} is not enabled for its account, or belongs to another partition"
_CLOSED = "its registry denies access to this installation"
_FORBIDDEN_READ = "ECR does not let this account read the repository"


_Manifests = dict[str, tuple[str, dict[str, Any]]]


class _Where(TypedDict):
    registryId: str
    repositoryName: str


@dataclass(frozen=True)
class Repository:
    """What ECR said of one repository. `manifests` maps a tag or digest to (digest, manifest).

    `absent` gives the reason by tag or digest; `awaited`: the repository does not exist yet.
    `problem`: what ECR did not permit us to read. `closed`: why its images cannot be scanned.
    `unread`: why ECR did not answer at all. `ours`: the account is our own or a member.
    """

    manifests: _Manifests = field(default_factory=dict)
    tags: dict[str, list[str]] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)
    awaited: bool = False
    problem: str = ""
    closed: str = ""
    unread: str = ""
    ours: bool = True
    role_account_id: str = ""

    @property
    def is_trusted(self) -> bool:
        """Whether a digest that ECS has pulled from it is a fact."""
        return self.ours and not self.problem


class _Timed:
    """ECR that starts no call when the time of the question is over."""

    def __init__(self, ecr: ECRClient, require_time: Callable[[], None]) -> None:
        self._ecr = ecr
        self._require_time = require_time

    def batch_get_image(self, **arguments: Any) -> Any:
        self._require_time()
        return self._ecr.batch_get_image(**arguments)

    def describe_images(self, **arguments: Any) -> Any:
        self._require_time()
        return self._ecr.describe_images(**arguments)


def read(
    wanted: Mapping[tuple[str, str, str], Sequence[str]],
    registry_of: Callable[[str, str], Registry],
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[tuple[str, str, str], Repository]:
    """Returns repositories by account, region and name. `wanted` has the tags and digests to
    read."""

    def ask(address: tuple[str, str, str], require_time: Callable[[], None]) -> Repository:
        registry = registry_of(*address[:2])
        ecr = cast("ECRClient", _Timed(registry.ecr, require_time))
        found = _read(ecr, address, wanted[address])
        is_denied = found.problem and not (found.manifests or registry.ours)
        closed = _CLOSED if is_denied else found.closed
        role = registry.role_account_id
        return replace(found, closed=closed, ours=registry.ours, role_account_id=role)

    answers = asking.each(wanted, ask, clock, sleep)
    return {address: _repository(answer, address[1]) for address, answer in answers.items()}


def _repository(answer: Repository | asking.Unanswered, region: str) -> Repository:
    if isinstance(answer, Repository):
        return answer
    if answer.silent and region not in clients.regions():
        return Repository(closed=f"no registry answers in the region {region}", ours=False)
    return Repository(unread=answer.reason, ours=False)


def _read(ecr: ECRClient, address: tuple[str, str, str], wanted: Sequence[str]) -> Repository:
    account_id, region, name = address
    where = _Where(registryId=account_id, repositoryName=name)
    with clients.calls("ecr:BatchGetImage"):
        try:
            named, absent = _manifests(ecr, where, wanted)
            found = Repository({**named, **_below(ecr, where, named)}, absent=absent)
        except ClientError as error:
            if (code := clients.error_code(error)) in _ABSENT_REPOSITORY:
                absent = dict.fromkeys(wanted, _NOT_FOUND)
                return Repository(absent=absent, awaited=code == _NO_REPOSITORY)
            if code in _UNKNOWN_CREDENTIALS and _may_be_closed(region):
                return Repository(closed=_NOT_ENABLED.format(region))
            if code in _FORBIDDEN | _UNKNOWN_CREDENTIALS:
                return Repository(problem=_FORBIDDEN_READ)
            raise
        except ParamValidationError:
            return Repository(absent=dict.fromkeys(wanted, _NOT_FOUND))
    digests = sorted(key for key in named if key.startswith("sha256:"))
    with clients.calls("ecr:DescribeImages"):
        try:
            return replace(found, tags=_tags(ecr, where, digests))
        except ClientError as error:
            if clients.error_code(error) not in _FORBIDDEN:
                raise
            return replace(found, problem=_FORBIDDEN_READ)  # we may pull, but not list


def _may_be_closed(region: str) -> bool:
    """Whether a region may refuse valid credentials. Not one that every account has."""
    partition = clients.partition_of(region)
    is_own = partition == clients.partition_of(clients.home_region())
    return not is_own or (partition == "aws" and region not in _ENABLED_BY_DEFAULT)


def _manifests(
    ecr: ECRClient, where: _Where, wanted: Sequence[str]
) -> tuple[_Manifests, dict[str, str]]:
    found: _Manifests = {}
    absent = {}
    for batch in _batches(wanted):
        answer = ecr.batch_get_image(
            **where,
            imageIds=[_identifier(each) for each in batch],
            acceptedMediaTypes=[*identity.INDEXES, *identity.MANIFESTS],
        )
        for each in answer.get("images", []):
            key = each["imageId"]
            value = (key["imageDigest"], _document(each.get("imageManifest", "")))
            asked = (key.get("imageTag", ""), key["imageDigest"])
            found.update({name: value for name in asked if name in batch})
        for failure in answer.get("failures", []):
            if reason := _ABSENT.get(failure.get("failureCode", "")):
                key = failure.get("imageId", {})
                absent[key.get("imageTag") or key.get("imageDigest", "")] = reason
    return found, absent


def _below(ecr: ECRClient, where: _Where, named: _Manifests) -> _Manifests:
    """Reads what indexes list, and what nested indexes list: of these, one batch per level."""
    found: _Manifests = {}
    level = named
    for number in range(identity.LEVELS):
        listed = {child for _, each in level.values() for child in identity.children(each)}
        unread = sorted(listed - named.keys() - found.keys())
        level, _ = _manifests(ecr, where, unread[:_BATCH] if number else unread)
        found |= level
    return found


def _tags(ecr: ECRClient, where: _Where, digests: Sequence[str]) -> dict[str, list[str]]:
    """Returns the tags of each digest; if it has none, those of an index that lists it."""
    tags: dict[str, list[str]] = {}
    untagged = {}
    for batch in _batches(digests):
        answer = ecr.describe_images(**where, imageIds=[_identifier(each) for each in batch])
        for each in answer.get("imageDetails", []):
            digest = each.get("imageDigest", "")
            tags[digest] = sorted(each.get("imageTags", []))
            if not tags[digest] and "imagePushedAt" in each:
                untagged[digest] = each["imagePushedAt"]
    if not untagged:
        return tags

    def read(names: Sequence[str]) -> dict[str, dict[str, Any]]:
        return dict(_manifests(ecr, where, names)[0].values())

    address = where["registryId"], where["repositoryName"]
    return tags | index_tags.find(ecr, *address, untagged, read)


def _document(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _identifier(name: str) -> ImageIdentifierTypeDef:
    return {"imageDigest": name} if name.startswith("sha256:") else {"imageTag": name}


def _batches(names: Sequence[str]) -> Iterator[Sequence[str]]:
    return (names[start : start + _BATCH] for start in range(0, len(names), _BATCH))
