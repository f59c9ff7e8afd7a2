"""Finds the images that a call is about, so that faults and counts can be limited to one image.

A call is about the names in it: in its path and filter, in a new job, or in the jobs whose ids it
has. A name is a sha, a short id, `repository:tag`, or `repository` for all its tags.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from sandbox.qualys.qql import terms

if TYPE_CHECKING:
    from sandbox.qualys.world import World

_SHA = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_SHORT_ID = re.compile(r"/images/([0-9a-f]{12})(?:/|$)")
_HEX = re.compile(r"(?:sha256:)?([0-9a-f]{64}|[0-9a-f]{12})")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TAG = re.compile(r"[\w][\w.-]*")


def names_of(world: "World", path: str, query: Mapping[str, list[str]], body: bytes) -> set[str]:
    """The names that a call bears; `query` as its values by parameter."""
    text = " ".join([path, *(value for values in query.values() for value in values)])
    names = {*_SHA.findall(text), *_SHORT_ID.findall(path)}
    for written in query.get("filter", []):
        names |= _searched(written)
    ids = _UUID.findall(f"{text} {body.decode(errors='replace')}")
    jobs = [job for one in ids if (job := world.schedules.find(one))]
    for filters in (_filters(body), *(job.filters for job in jobs)):
        names |= _scanned(filters)
    return names


def is_about(world: "World", names: Iterable[str], image: str) -> bool:
    """Whether a call of these names is about the image: a sha, `repository:tag` or repository."""
    wanted = _HEX.fullmatch(image)
    named = set(names)
    if wanted and (wanted[1] in named or wanted[1][:12] in named):
        return True
    asked = _names(world, image)
    return any(
        _meet(one, other) for name in named for one in _names(world, name) for other in asked
    )


def _names(world: "World", name: str) -> list[tuple[str, str]]:
    """Repositories and tags of a name; no tag for all of them."""
    if not (found := _HEX.fullmatch(name)):
        repository, _, tag = name.partition(":")
        return [(repository, tag)]
    known = [
        repo_tag
        for one in world.images.all()
        if one.sha.startswith(found[1])
        for repo_tag in one.repo
    ]
    pulled = [
        repo_tag
        for job in world.schedules.all()
        for repo_tag, image in job.targets
        if image.config.removeprefix("sha256:").startswith(found[1])
    ]
    return [(repo_tag.repository, repo_tag.tag) for repo_tag in (*known, *pulled)]


def _meet(one: tuple[str, str], other: tuple[str, str]) -> bool:
    return one[0] == other[0] and ("" in (one[1], other[1]) or one[1] == other[1])


def _searched(text: str) -> set[str]:
    found = terms(text)
    repositories = [value for token, value in found if token == "repo.repository"]
    tags = [value for token, value in found if token == "repo.tag"]
    return {f"{one}:{tag}" for one in repositories for tag in tags} or set(repositories)


def _scanned(filters: Any) -> set[str]:
    """What the filters of a job name; a pattern of tags stands for all of them."""
    try:
        pairs = [(pair["repo"], pair["tag"]) for one in filters for pair in one["repoTags"]]
        tags = [(repository, tag.strip()) for repository, text in pairs for tag in text.split(",")]
        return {f"{one}:{tag}" if _TAG.fullmatch(tag) else str(one) for one, tag in tags}
    except (TypeError, KeyError, AttributeError):
        return set()


def _filters(body: bytes) -> Any:
    try:
        given = json.loads(body)
    except ValueError:
        return None
    return given.get("filters") if isinstance(given, dict) else None
