"""Converts references into ECR to images: finds the digest of each, and a tag to scan it by.

A tag is resolved when the event is read. A reference by digest needs a tag as well, because Qualys
scans by repository and tag only.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from image_scan.contracts import Image
from image_scan.ecr import identity, repositories
from image_scan.ecr.keys import reference_key
from image_scan.ecr.repositories import Repository

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from image_scan.aws.cross_account import Registry
    from image_scan.ecr.references import EcrReference


def identify(
    references: Iterable[tuple[str, EcrReference]],
    registry_of: Callable[[str, str], Registry],
    platform: str,
) -> list[Image]:
    """Returns the distinct images of (container, reference) pairs, with all their containers.

    `registry_of` returns ECR of an account and region; all images run on `platform`. An image is
    unscannable if ECR does not hold it, if its region is not enabled, or if a foreign account's
    repository denies access. If our own repository denies access, the reference is the image's key.
    If ECR does not answer, the image is `unread`.
    """
    groups: dict[tuple[str, str, str], list[tuple[str, EcrReference]]] = defaultdict(list)
    for container, reference in references:
        address = (reference.account_id, reference.region, reference.repository)
        groups[address].append((container, reference))
    wanted = {
        address: sorted({each.digest or each.tag for _, each in members})
        for address, members in groups.items()
    }
    read = repositories.read(wanted, registry_of)
    images: dict[str, Image] = {}
    for address, members in groups.items():
        for container, reference in members:
            found = _image(reference, read[address], platform)
            known = images.get(found["key"], found)
            # Two repositories may hold the same bytes, and only one may have a tag for them.
            image = found if known["unscannable"] else known
            image["containers"] = [*dict.fromkeys([*known["containers"], container])]
            images[image["key"]] = image
    return list(images.values())


def as_seen(
    references: Iterable[tuple[str, EcrReference]], platform: str, *, confirmed: bool = True
) -> list[Image]:
    """Returns the images without asking ECR. The key is the digest that a reference names, or the
    reference if the digest is not `confirmed`."""
    images: dict[str, Image] = {}
    for container, reference in references:
        found = _image(replace(reference, seen=confirmed), Repository(), platform)
        found["unscannable"] = ""  # unknown: ECR was not asked
        images.setdefault(found["key"], found)["containers"].append(container)
    return list(images.values())


def as_ended(
    references: Sequence[tuple[str, EcrReference]], is_ours: Callable[[str], bool], platform: str
) -> list[Image]:
    """Returns the images of a stopped task, under each key that they may have had at its start."""
    doubtful = [
        (container, each)
        for container, each in references
        if each.digest and not (each.seen and is_ours(each.account_id))
    ]
    return [*as_seen(references, platform), *as_seen(doubtful, platform, confirmed=False)]


def _image(reference: EcrReference, repository: Repository, platform: str) -> Image:
    asked = reference.digest or reference.tag
    digest, _ = repository.manifests.get(asked, (reference.digest, {}))
    known = identity.identify(digest, dict(repository.manifests.values()), platform)
    tag = reference.tag
    unscannable = repository.closed
    if unscannable or repository.unread:
        pass
    elif asked in repository.absent:
        unscannable = repository.absent[asked]
    elif reference.digest and digest in repository.tags:
        tag = _tag_of(reference, repository.tags[digest])
        unscannable = "" if tag else "no tag points at this digest, and Qualys scans by tag"
    elif not tag:
        unscannable = f"its tag is unknown: {repository.problem or 'ECR did not say'}"
    image = Image(
        uri=reference.uri,
        key=identity.cache_key(digest, platform),
        account_id=reference.account_id,
        region=reference.region,
        host=reference.host,
        repository=reference.repository,
        tag=tag,
        digest=digest,
        platform=platform,
        manifests=[*known.manifests],
        configs=[*known.configs],
        certain=known.certain,
        containers=[],
        unscannable=unscannable,
        role_account_id=repository.role_account_id,
    )
    confirmed = asked in repository.manifests or (reference.seen and repository.is_trusted)
    if not (digest and confirmed):
        image["key"] = reference_key(image)
    if repository.unread:
        image["unread"] = repository.unread
    if repository.awaited:
        image["awaited"] = True
    return image


def _tag_of(reference: EcrReference, tags: Sequence[str]) -> str:
    """Returns a tag that points at the reference's digest: its own, else the first by name."""
    return reference.tag if reference.tag in tags else next(iter(tags), "")
