"""The images that the subscription knows: what it was asked to scan, or given; nothing else.

An image is named by `sha`, the digest of its config as bare hex ("Fetch a list of images"); its
`repo[]` grows with every repository and tag that the same content was seen under.
"""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.qualys.answers import Json

RESULT_PARTS = ("status", "time", "findings")


@dataclass(frozen=True)
class RepoTag:
    registry: str
    repository: str
    tag: str


@dataclass(frozen=True)
class RepoDigest:
    """The digest, as bare hex, that a reference resolved to: a manifest or an index."""

    registry: str
    repository: str
    digest: str


@dataclass(frozen=True)
class ScanResult:
    """What a scan that ended at a moment brought; no findings where it failed. `malware` and
    `secrets` are None where it did not look for them."""

    at: float
    findings: list[Json] | None
    status: str = "SUCCESS"
    error_code: str | None = None
    error_message: str | None = None
    malware: list[Json] | None = None
    secrets: list[Json] | None = None


@dataclass
class Image:
    """`findings` is None until the first scan has ended: known, and still being processed."""

    sha: str
    created: float
    updated: float
    size: int = 0
    architecture: str = "amd64"
    operating_system: str = "Linux"
    repo: list[RepoTag] = field(default_factory=list)
    repo_digests: list[RepoDigest] = field(default_factory=list)
    registry_uuids: list[str] = field(default_factory=list)
    source: list[str] = field(default_factory=lambda: ["REGISTRY"])
    layers: list[str] = field(default_factory=list)
    scanned_at: float | None = None
    assessed_at: float | None = None
    scan_status: str | None = None
    scan_error_code: str | None = None
    scan_error_message: str | None = None
    findings: list[Json] | None = None
    malware: list[Json] | None = None
    secrets: list[Json] | None = None
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()))

    def seen(self, repo_tag: RepoTag, digest: str, registry_uuid: str | None) -> None:
        """Adds a tag and digest to those known."""
        resolved = RepoDigest(repo_tag.registry, repo_tag.repository, digest)
        if repo_tag not in self.repo:
            self.repo.append(repo_tag)
        if resolved not in self.repo_digests:
            self.repo_digests.append(resolved)
        if registry_uuid and registry_uuid not in self.registry_uuids:
            self.registry_uuids.append(registry_uuid)

    def take(self, result: ScanResult, parts: Collection[str] = RESULT_PARTS) -> None:
        """Shows those parts of a result; a failure keeps what an earlier scan found."""
        if "status" in parts:
            self.scan_status = result.status
            self.scan_error_code = result.error_code
            self.scan_error_message = result.error_message
        if result.findings is not None and "time" in parts:
            self.scanned_at = result.at
        if result.findings is not None and "findings" in parts:
            self.findings = result.findings
            self.malware, self.secrets = result.malware, result.secrets
        self.updated = result.at


class Images:
    def __init__(self) -> None:
        self._by_sha: dict[str, Image] = {}

    def all(self) -> list[Image]:
        return list(self._by_sha.values())

    def get(self, sha: str) -> Image | None:
        return self._by_sha.get(sha)

    def by_id(self, prefix: str) -> Image | None:
        """By the first 12 characters of the sha, which `imageId` holds."""
        return next((image for image in self.all() if image.sha[:12] == prefix), None)

    def at(self, repo_tag: RepoTag) -> list[Image]:
        return [image for image in self.all() if repo_tag in image.repo]

    def add(self, image: Image) -> Image:
        """The image that is known by this sha, or the given one."""
        return self._by_sha.setdefault(image.sha, image)

    def replace(self, image: Image) -> None:
        self._by_sha[image.sha] = image


def given_image(wanted: Mapping[str, Any], findings: list[Json] | None, now: float) -> Image:
    """An image as the control API gives it, with the age of its scan in `scanned_seconds_ago`.

    Raises ValueError on an unknown name or a sha that is none.
    """
    values = dict(wanted)
    sha = str(values.pop("sha", "")).removeprefix("sha256:")
    if len(sha) != 64 or set(sha) - set("0123456789abcdef"):
        raise ValueError("sha must be 64 hex digits")
    ago = values.pop("scanned_seconds_ago", None)
    image = Image(sha=sha, created=now, updated=now, findings=findings)
    image.repo = [RepoTag(**one) for one in values.pop("repo", [])]
    image.repo_digests = [RepoDigest(**one) for one in values.pop("repo_digests", [])]
    for name, value in values.items():
        if name not in Image.__dataclass_fields__ or name in ("uuid", "findings", "sha"):
            raise ValueError(f"unknown name {name}")
        setattr(image, name, value)
    if ago is not None:
        image.take(
            ScanResult(
                now - float(ago), findings or [], malware=image.malware, secrets=image.secrets
            )
        )
        image.scan_status = values.get("scan_status", "SUCCESS")
        image.scan_error_code = values.get("scan_error_code")
    return image
