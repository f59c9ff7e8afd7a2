"""The listing phase of a job: which tags it names, and what each of them points at now."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from sandbox.qualys.answers import Json
from sandbox.qualys.image_source import ImageSource, PulledImage, PullError, RegistryAccess
from sandbox.qualys.images import RepoTag


@dataclass
class Listing:
    found: list[tuple[RepoTag, PulledImage]] = field(default_factory=list)
    failed: list[tuple[RepoTag, PullError]] = field(default_factory=list)


def list_images(
    source: ImageSource,
    access: RegistryAccess,
    filters: list[Json],
    matching: Mapping[tuple[str, str], str],
    now: float,
) -> Listing:
    """Pulls what the filters of a job name. `days` keeps images made that many days ago or later.

    `matching` is the `tag_matching` of each pair: a comma list, one regular expression, or
    one tag.
    """
    listing = Listing()
    for one in filters:
        oldest = None if one.get("days") is None else now - one["days"] * 86_400
        for pair in one["repoTags"]:
            repository, asked = pair["repo"], pair["tag"]
            try:
                tags = _named_tags(source, access, (repository, asked), matching[repository, asked])
            except PullError as failure:
                listing.failed.append((RepoTag(access.host, repository, asked), failure))
                continue
            for tag in tags:
                _pull(listing, source, access, (repository, tag), oldest)
    return listing


def _named_tags(
    source: ImageSource, access: RegistryAccess, asked: tuple[str, str], matching: str
) -> list[str]:
    repository, text = asked
    if matching == "literal":
        return [text]
    if matching == "list":
        return [tag.strip() for tag in text.split(",") if tag.strip()]
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise PullError("INVALID_TAG_PATTERN", str(error)) from error
    return [tag for tag in source.tags(access, repository) if pattern.fullmatch(tag)]


def _pull(
    listing: Listing,
    source: ImageSource,
    access: RegistryAccess,
    asked: tuple[str, str],
    oldest: float | None,
) -> None:
    repo_tag = RepoTag(access.host, *asked)
    try:
        pulled = source.resolve(access, *asked)
    except PullError as failure:
        listing.failed.append((repo_tag, failure))
        return
    if oldest is None or pulled.created is None or pulled.created >= oldest:
        listing.found.append((repo_tag, pulled))
