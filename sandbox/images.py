"""Container images for the emulated ECR: real manifests with real digests, and no layers to run.

Three digests name an image: those of its index (if it has one), of each platform's manifest, and of
each platform's configuration. All are returned, so that a test that confuses them fails.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Json = dict[str, Any]
Format = Literal["oci", "docker"]

MEDIA_TYPES: dict[Format, dict[str, str]] = {
    "oci": {
        "index": "application/vnd.oci.image.index.v1+json",
        "manifest": "application/vnd.oci.image.manifest.v1+json",
        "config": "application/vnd.oci.image.config.v1+json",
        "layer": "application/vnd.oci.image.layer.v1.tar+gzip",
    },
    "docker": {
        "index": "application/vnd.docker.distribution.manifest.list.v2+json",
        "manifest": "application/vnd.docker.distribution.manifest.v2+json",
        "config": "application/vnd.docker.container.image.v1+json",
        "layer": "application/vnd.docker.image.rootfs.diff.tar.gzip",
    },
}
AMD64, ARM64 = "linux/amd64", "linux/arm64"


@dataclass(frozen=True)
class Blob:
    media_type: str
    text: str

    @property
    def digest(self) -> str:
        return "sha256:" + hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def descriptor(self) -> Json:
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.text)}


@dataclass(frozen=True)
class Image:
    """A built image. `manifests` and `configs` are by platform; `extra` are other index entries."""

    manifests: dict[str, Blob]
    configs: dict[str, Blob]
    index: Blob | None = None
    extra: tuple[Blob, ...] = ()

    @property
    def top(self) -> Blob:
        """The index or manifest that a tag of this image resolves to."""
        return self.index or next(iter(self.manifests.values()))


@dataclass(frozen=True)
class PushedImage:
    """An image in a registry. `digest` is what ECR and ECS report: the index's, if there is one."""

    registry: str
    repository: str
    tag: str | None
    digest: str
    index_digest: str | None
    manifest_digests: dict[str, str]
    config_digests: dict[str, str]

    @property
    def config_digest(self) -> str:
        """The config digest of the only, or first, platform."""
        return next(iter(self.config_digests.values()))

    @property
    def by_tag(self) -> str:
        return f"{self.registry}/{self.repository}:{self.tag}"

    @property
    def by_digest(self) -> str:
        return f"{self.registry}/{self.repository}@{self.digest}"


def build(
    content: str,
    platforms: Sequence[str] = (AMD64,),
    *,
    kind: Format = "oci",
    index: bool | None = None,
    attestation: bool = False,
) -> Image:
    """An image whose digests depend on `content` alone. More than one platform makes an index;
    `index=True` makes one of a single platform too. An attestation is one more child, of no
    platform, as `docker buildx` pushes it."""
    configs = {platform: _config(content, platform, kind) for platform in platforms}
    manifests = {
        platform: _manifest(config, f"{content} {platform}", kind)
        for platform, config in configs.items()
    }
    entries = [
        manifest.descriptor | {"platform": _platform(platform)}
        for platform, manifest in manifests.items()
    ]
    extra: tuple[Blob, ...] = ()
    if attestation:
        subject = next(iter(manifests.values())).digest
        extra = (_manifest(_config(subject, "unknown/unknown", kind), subject, kind),)
        note = {
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": subject,
        }
        unknown = {"platform": _platform("unknown/unknown"), "annotations": note}
        entries.append(extra[0].descriptor | unknown)
    if not (len(entries) > 1 if index is None else index):
        return Image(manifests, configs)
    return Image(manifests, configs, _blob("index", kind, manifests=entries), extra)


def push(ecr: Any, repository: str, image: Image, tag: str | None = None) -> PushedImage:
    """Push with a boto3 ECR client; children go untagged, the tag (if any) to what is on top."""
    known = ecr.describe_repositories(repositoryNames=[repository])["repositories"][0]
    children = [*image.manifests.values(), *image.extra] if image.index else []
    for child in children:
        _put(ecr, repository, child, None)
    _put(ecr, repository, image.top, tag)
    return PushedImage(
        known["repositoryUri"].removesuffix(f"/{repository}"),
        repository,
        tag,
        image.top.digest,
        image.index.digest if image.index else None,
        {platform: blob.digest for platform, blob in image.manifests.items()},
        {platform: blob.digest for platform, blob in image.configs.items()},
    )


def _put(ecr: Any, repository: str, blob: Blob, tag: str | None) -> None:
    name = {"imageTag": tag} if tag else {}
    try:
        ecr.put_image(
            repositoryName=repository,
            imageManifest=blob.text,
            imageManifestMediaType=blob.media_type,
            **name,
        )
    except ecr.exceptions.ImageAlreadyExistsException:
        return  # pushed before, under this name: as with `docker push`, no harm


def _config(content: str, platform: str, kind: Format) -> Blob:
    layer = hashlib.sha256(f"{content} {platform} diff".encode()).hexdigest()
    body = _platform(platform) | {
        "config": {"Labels": {"content": content}},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer}"]},
    }
    return Blob(MEDIA_TYPES[kind]["config"], json.dumps(body))


def _manifest(config: Blob, content: str, kind: Format) -> Blob:
    layer = hashlib.sha256(f"{content} layer".encode()).hexdigest()
    layers = [
        {"mediaType": MEDIA_TYPES[kind]["layer"], "digest": f"sha256:{layer}", "size": 3_400_000}
    ]
    return _blob("manifest", kind, config=config.descriptor, layers=layers)


def _blob(part: str, kind: Format, **body: Any) -> Blob:
    media_type = MEDIA_TYPES[kind][part]
    return Blob(media_type, json.dumps({"schemaVersion": 2, "mediaType": media_type} | body))


def _platform(platform: str) -> Json:
    system, architecture = platform.split("/")
    return {"os": system, "architecture": architecture}
