"""What manifests and indexes say of images. Pure."""

from __future__ import annotations

from typing import Any

from image_scan.ecr.references import SHA256

INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)


def platforms(manifest: dict[str, Any]) -> list[str]:
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


def config(manifest: dict[str, Any]) -> str:
    named = manifest.get("config")
    digest = named.get("digest") if isinstance(named, dict) else None
    return digest if isinstance(digest, str) and SHA256.fullmatch(digest) else ""
