"""From references into ECR to images: the digest that each stands for, and a tag to scan it by.

A tag is resolved as it stands when the event is read. A digest-only reference needs a tag as well,
because Qualys can only be asked for a repository and tag.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from image_scan.contracts import Image
from image_scan.ecr import identity, repositories
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
    """Images by (container, reference), each distinct one once, with all containers that run it.

    `registry_of` gives ECR of an account and region, `platform` is what all of them run on. What
    ECR does not hold is unscannable, and so is what a foreign account's repository does not let us
    read. What it does not let us read of our own keeps its reference as key. What it does not
    answer for is `unread`.
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
            # Two repositories may hold the same bytes, and only one of them under a tag.
            image = found if known["unscannable"] else known
            image["containers"] = [*dict.fromkeys([*known["containers"], container])]
            images[image["key"]] = image
    return list(images.values())


def as_seen(
    references: Iterable[tuple[str, EcrReference]], platform: str, *, confirmed: bool = True
) -> list[Image]:
    """The same without asking ECR: by the digest that each reference names, or, where that is not
    `confirmed`, by the reference."""
    images: dict[str, Image] = {}
    for container, reference in references:
        found = _image(replace(reference, seen=confirmed), Repository(), platform)
        found["unscannable"] = ""  # nobody has looked
        images.setdefault(found["key"], found)["containers"].append(container)
    return list(images.values())


def as_ended(
    references: Sequence[tuple[str, EcrReference]], is_ours: Callable[[str], bool], platform: str
) -> list[Image]:
    """What a stopped task has run, under each key that it may have had when it started."""
    doubtful = [
        (container, each)
        for container, each in references
        if each.digest and not (each.seen and is_ours(each.account_id))
    ]
    return [*as_seen(references, platform), *as_seen(doubtful, platform, confirmed=False)]


def reference_key(image: Image) -> str:
    """The key of an image whose digest ECR does not confirm: that it is in this repository, only
    its reference says. Anybody may name anybody's digest."""
    tag = f":{image['tag']}" if image["tag"] else ""
    digest = f"@{image['digest']}" if image["digest"] else ""
    name = f"{image['account_id']}/{image['region']}/{image['repository']}{tag}{digest}"
    return identity.cache_key(name, image["platform"])


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
        manifests=[*known.manifests] if digest else [],
        configs=[*known.configs],
        certain=known.certain,
        containers=[],
        unscannable=unscannable,
        role_account_id=repository.role_account_id,
    )
    confirmed = asked in repository.manifests or (reference.seen and repository.ours)
    if not (digest and confirmed):
        image["key"] = reference_key(image)
    if repository.unread:
        image["unread"] = repository.unread
    if repository.awaited:
        image["awaited"] = True
    return image


def _tag_of(reference: EcrReference, tags: Sequence[str]) -> str:
    """A tag that points at the reference's digest today: its own, else the first by name."""
    return reference.tag if reference.tag in tags else next(iter(tags), "")
