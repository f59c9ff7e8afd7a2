"""Finds the image of ECR that an operator names: by full reference, or as in `make where`."""

import argparse
import os
import re

from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import Loader

from image_scan.ecr import references
from image_scan.ecr.identity import DEFAULT_PLATFORM, PLATFORMS
from image_scan.ecr.references import EcrReference, Unscannable
from ops.cache_items import CacheItems
from ops.errors import OpsError
from ops.installation import Installation

_TAKES = "IMAGE=<account>.dkr.ecr.<region>.amazonaws.com/name:tag, or IMAGE=name:tag"
_PLATFORMS = tuple(each for each in PLATFORMS if each)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}(#[a-z0-9/]+)?")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@#+-]*")
_HOST = re.compile(r"(?:localhost|[^/]*[.:][^/]*)/")
_NOT_THERE = ("ImageNotFoundException", "RepositoryNotFoundException")


def add_image(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--image",
        default=os.environ.get("IMAGE", ""),
        help="URI of the image, or repository:tag (IMAGE)",
    )


def add_platform(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--platform",
        default=os.environ.get("PLATFORM") or DEFAULT_PLATFORM,
        choices=_PLATFORMS,
        help=f"the platform of the workload, for an index (PLATFORM; {DEFAULT_PLATFORM})",
    )


def require_platform(asked: str) -> None:
    """Raises OpsError for an unknown platform: argparse does not look at a default."""
    if asked not in _PLATFORMS:
        known = f"{', '.join(_PLATFORMS[:-1])} or {_PLATFORMS[-1]}"
        raise OpsError(f"PLATFORM={asked} is not known: {known}.")


def require_image(asked: str) -> None:
    """Raises OpsError if no image or no valid image is given."""
    if not asked:
        raise OpsError(
            "No image is given: IMAGE=<account>.dkr.ecr.<region>.amazonaws.com/name:tag."
        )
    if re.search(r"\s", asked):
        raise OpsError(f"IMAGE has a space in it: {asked!r}.")
    if "://" in asked:
        raise OpsError(f"IMAGE={asked} is a URL: leave out {asked.partition('://')[0]}://.")
    if asked.startswith("sha256:") and not _DIGEST.fullmatch(asked):
        raise OpsError(f"IMAGE={asked} is no digest: it is sha256: and 64 hexadecimal digits.")
    if not _NAME.fullmatch(asked):
        raise OpsError(f"IMAGE={asked} is not a valid image reference: {_TAKES}.")


def ecr_uri(installation: Installation, items: CacheItems, asked: str) -> str:
    """Finds the reference to send. Raises OpsError if no image of ECR fits."""
    if asked.startswith("sha256:"):
        return _known(items, asked)
    parsed = references.parse(asked)
    if isinstance(parsed, EcrReference):
        if _is_missing(installation, parsed):
            raise OpsError(f"There is no image {_short(parsed)} in {parsed.host}.")
        return asked
    if _HOST.match(asked):
        raise OpsError(f"{asked} cannot be scanned, for it is {parsed.reason}: {_TAKES}.")
    here = references.parse(f"{_registry(installation)}/{asked}")
    if isinstance(here, Unscannable):
        raise OpsError(f"{asked} cannot be scanned, for it is {here.reason}: {_TAKES}.")
    return _known(items, asked, here) if _is_missing(installation, here) else here.uri


def _known(items: CacheItems, asked: str, here: EcrReference | None = None) -> str:
    """Returns the image of this name that the cache knows, in any registry."""
    found = set()
    for item in items.find(asked):
        image = references.parse(str(item.get("uri", "")))
        if isinstance(image, EcrReference):
            by_digest = f"{image.repository}@{item.get('digest', '')}"
            found.add(f"{image.host}/{asked if here else by_digest}")
    if len(found) == 1:
        return found.pop()
    if found:
        raise OpsError(f"{asked} is in several registries: IMAGE={' or '.join(sorted(found))}.")
    if here is None:
        raise OpsError(f"No image is known by {asked}: {_TAKES}.")
    raise OpsError(f"There is no image {_short(here)} in {here.host}: {_TAKES}.")


def _registry(installation: Installation) -> str:
    """Returns the host of the installation's own registry."""
    partitions = Loader().load_data("partitions")["partitions"]
    suffixes = {each["id"]: each["outputs"]["dnsSuffix"] for each in partitions}
    suffix = suffixes[installation.partition]
    return f"{installation.account_id}.dkr.ecr.{installation.region}.{suffix}"


def _is_missing(installation: Installation, image: EcrReference) -> bool:
    """Checks whether ECR says that an image does not exist. For another account, an answer without
    permission proves nothing."""
    if image.account_id != installation.account_id:
        return False
    ecr = installation.session.client("ecr", region_name=image.region)
    try:
        ecr.describe_images(
            registryId=image.account_id,
            repositoryName=image.repository,
            imageIds=[{"imageDigest": image.digest} if image.digest else {"imageTag": image.tag}],
        )
    except ClientError as error:
        return error.response.get("Error", {}).get("Code") in _NOT_THERE
    except BotoCoreError:
        return False
    return False


def _short(image: EcrReference) -> str:
    version = f"@{image.digest}" if image.digest else f":{image.tag}"
    return f"{image.repository}{version}"
