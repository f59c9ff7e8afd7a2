"""Where the sensor pulls from: what it needs of a registry, and a registry held in memory."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

_URI = re.compile(
    r"https://(?P<host>(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?)"
)


@dataclass(frozen=True)
class RegistryAccess:
    """A registry entry as the sensor sees it: where, and as whom it may pull."""

    host: str
    account_id: str
    region: str
    role_arn: str
    external_id: str


@dataclass(frozen=True)
class PulledImage:
    """What a tag resolved to. `resolved` is the index's digest where there is an index."""

    config: str
    manifest: str
    resolved: str
    size: int = 0
    architecture: str = "amd64"
    created: float | None = None
    layers: tuple[str, ...] = ()


class PullError(Exception):
    """The sensor could not get at the image. `missing`: the registry has no such tag."""

    def __init__(self, code: str, message: str, *, missing: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.missing = missing


class ImageSource(Protocol):
    """Both calls raise PullError."""

    def tags(self, registry: RegistryAccess, repository: str) -> list[str]:
        """Every tag of the repository."""
        ...

    def resolve(self, registry: RegistryAccess, repository: str, tag: str) -> PulledImage:
        """The image of one platform that the tag points at now."""
        ...


def parse_registry_uri(uri: str) -> tuple[str, str, str] | None:
    """Host, account and region of a private ECR registry; None for any other URI."""
    found = _URI.fullmatch(uri)
    return (found["host"], found["account"], found["region"]) if found else None


class HeldImages:
    """A registry of images by host, repository and tag, for a simulator without an AWS.

    It may refuse roles, as an AWS account does whose trust policy is wrong.
    """

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], dict[str, PulledImage]] = {}
        self.refused_roles: set[str] = set()
        self.pulls: list[tuple[RegistryAccess, str, str]] = []

    def push(self, host: str, repository: str, images: Mapping[str, PulledImage]) -> None:
        """Tags images; a tag that exists moves."""
        self._held.setdefault((host, repository), {}).update(images)

    def tags(self, registry: RegistryAccess, repository: str) -> list[str]:
        self._enter(registry)
        return sorted(self._held.get((registry.host, repository), {}))

    def resolve(self, registry: RegistryAccess, repository: str, tag: str) -> PulledImage:
        self._enter(registry)
        self.pulls.append((registry, repository, tag))
        image = self._held.get((registry.host, repository), {}).get(tag)
        if image is None:
            raise PullError("IMAGE_NOT_FOUND", f"{repository}:{tag} not found", missing=True)
        return image

    def _enter(self, registry: RegistryAccess) -> None:
        if registry.role_arn in self.refused_roles:
            raise PullError("ASSUME_ROLE_FAILED", f"not authorized to assume {registry.role_arn}")
