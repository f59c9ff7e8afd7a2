"""Finds the image that a workload runs, among all that a digest names, and its digests. Pure.

A tag may name an index. An index lists many things: an image for each platform, attestations, SOCI
indexes, other artifacts, further indexes. Each can have its own tag and its own scan result. The
result of another entry must not count for the image that runs: whoever may push could list a clean
image beside a bad one.

- A task states its platform. Only an entry for this platform can run, and its manifest and config
  identify its bytes. A result of one of these two digests is a result of the image, whichever tag
  Qualys pulled it by. A result of another entry is not.
- The index's own digest proves that Qualys pulled some image of the index, but not which one. It
  identifies the image only if the index has no entry for another platform.
- Entries that cannot run are left out: those for the platform `unknown` (attestations of BuildKit),
  and those with the empty config `{}` (SOCI indexes, ORAS artifacts), which share one digest.
- An entry that is no image by its media types identifies nothing. A runtime may still run it, so
  the image is then not `certain`.
- Several entries may be for one platform: variants, or entries without a platform, which OCI
  permits. Then the image is not `certain` either, and only a result of what Qualys pulled by the
  index's digest counts, because Qualys chooses as the runtime does. See `scans.status`.

https://github.com/opencontainers/image-spec/blob/v1.1.1/image-index.md
https://github.com/awslabs/soci-snapshotter/blob/main/docs/soci-index-manifest-v2.md
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from image_scan.ecr.references import SHA256

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Document = Mapping[str, Any]

INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_CONFIGS = (
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
)
_EMPTY = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
# Other names of an architecture that container runtimes know.
_ARCHITECTURES = {
    "x86_64": "amd64",
    "x86-64": "amd64",
    "aarch64": "arm64",
    "i386": "386",
    "armhf": "arm",
    "armel": "arm",
}
# By platform: another platform that its processor can run, and the platform's basic variant.
_ALSO_RUNS = {
    "linux/amd64": ("linux/386", "v1"),
    "linux/arm64": ("linux/arm", "v8"),
    "windows/amd64": ("windows/386", "v1"),
}
# Fargate's default if a task definition states no platform.
DEFAULT_PLATFORM = "linux/amd64"
PLATFORMS = (DEFAULT_PLATFORM, "linux/arm64", "windows/amd64", "")
# An index is one level, an index in it the next.
LEVELS = 3
# This many entries are read. The image of a longer index is not `certain`.
_MOST = 100


@dataclass(frozen=True)
class Identity:
    """`manifests` and `configs` are the digests of the images that may run, and of no others.

    `certain`: only one image may run, and `configs` has its config. Nothing is known of a digest
    whose document ECR did not show: it may be that of an index.
    """

    manifests: tuple[str, ...]
    configs: tuple[str, ...]
    certain: bool


@dataclass(frozen=True)
class _Entry:
    """An entry of an index; `platforms` are its own and those of the indexes that contain it.

    An entry without a digest stands for entries that were not read.
    """

    platforms: tuple[str, ...]
    digest: str = ""
    descriptor: Document = field(default_factory=dict)
    document: Document = field(default_factory=dict)

    @property
    def config(self) -> str:
        return _image_config(self.document)

    @property
    def is_image(self) -> bool:
        """Checks whether the entry is an image. Without its document, the descriptor decides."""
        if not self.digest or _is_artifact(self.descriptor):
            return False
        return bool(self.config) or not self.document

    def can_run(self) -> bool:
        media_type = self.descriptor.get("mediaType")
        is_known = media_type is None or media_type in (*INDEXES, *MANIFESTS)
        config = _digest(_mapping(self.document.get("config")))
        return is_known and "unknown" not in self.platforms and config != _EMPTY

    def fits(self, *platforms: str) -> bool:
        return "" in platforms or all(each in ("", *platforms) for each in self.platforms)

    def is_made_for(self, platform: str) -> bool:
        """Checks whether every runtime of the platform prefers this entry to `_ALSO_RUNS`."""
        stated = _mapping(self.descriptor.get("platform"))
        more = {name: value for name, value in stated.items() if name not in ("os", "architecture")}
        variant = more.pop("variant", "")
        is_basic = variant in ("", _ALSO_RUNS.get(platform, ("", ""))[1])
        return self.platforms == (platform,) and is_basic and not any(more.values())


def identify(digest: str, documents: Mapping[str, Document], platform: str) -> Identity:
    """Returns what runs of `digest` on a platform (`os/architecture`, empty if unknown).

    `documents` are the manifests and indexes that ECR shows, by their digests.
    """
    if (document := documents.get(digest)) is None:
        return Identity((), (), certain=False)
    if not _is_index(document):
        config = _image_config(document)
        return Identity((digest,), (config,) if config else (), certain=True)
    listed = list(islice(_entries(document, documents), _MOST + 1))
    is_whole = len(listed) <= _MOST and all(each.digest for each in listed)
    runnable = [each for each in listed if each.can_run()]
    # If no entry is for the platform, a runtime may take another that its processor can run.
    fitting = [each for each in runnable if each.fits(platform)] or runnable
    if platform in _ALSO_RUNS and not any(each.is_made_for(platform) for each in runnable):
        # A runtime even prefers such an entry to one without a platform.
        either = (platform, _ALSO_RUNS[platform][0])
        fitting = [each for each in runnable if each in fitting or each.fits(*either)]
    images = [each for each in fitting if each.is_image]
    manifests = [each.digest for each in images]
    if is_whole and len(fitting) == len(runnable):
        manifests.append(digest)
    configs = {each.config: None for each in images}
    is_certain = is_whole and len(images) == len(fitting) and len(configs) == 1
    return Identity(
        tuple(dict.fromkeys(manifests)),
        tuple(each for each in configs if each),
        certain=is_certain and "" not in configs,
    )


def children(document: Document) -> list[str]:
    """Returns the digests that an index lists, `_MOST` at most; none for other documents."""
    listed = (each["digest"] for each in _listed(document))
    return list(islice(dict.fromkeys(listed), _MOST))


def cache_key(name: str, platform: str) -> str:
    """Returns the cache key of an image on a platform, from its digest or fallback name.

    Two platforms of one index have two images, and one verdict must not count for both. The digests
    of an index are not known at every event (ECR is not asked for a stopped task). So the key has
    the platform itself.
    """
    return name if platform == DEFAULT_PLATFORM else f"{name}#{platform or 'any'}"


def platform_of(key: str) -> str:
    """Returns the platform of a cache key; empty if it is unknown or the image is not in ECR."""
    name, _, platform = key.partition("#")
    if platform:
        return platform if platform in PLATFORMS else ""
    return DEFAULT_PLATFORM if name else ""


def _entries(
    index: Document,
    documents: Mapping[str, Document],
    level: int = 1,
    above: tuple[str, ...] = (),
) -> Iterator[_Entry]:
    listed = _listed(index)
    for each in listed[:_MOST]:
        digest = each["digest"]
        document = documents.get(digest, {})
        platforms = (*above, _platform(each.get("platform")))
        if not (_is_index(document) or _is_index(each)):
            yield _Entry(platforms, digest, each, document)
        elif document and level < LEVELS:
            yield from _entries(document, documents, level + 1, platforms)
        else:
            yield _Entry(platforms)
    if len(listed) > _MOST:
        yield _Entry(above)


def _listed(document: Document) -> list[Document]:
    found = document.get("manifests")
    return [
        each
        for each in (found if isinstance(found, list) else [])
        if isinstance(each, dict) and _digest(each)
    ]


def _platform(value: Any) -> str:
    """Returns `os/architecture`, `unknown` for an entry without any, or empty if not stated."""
    stated = _mapping(value)
    system, architecture = (str(stated.get(name) or "").lower() for name in ("os", "architecture"))
    if "unknown" in (system, architecture):
        return "unknown"
    if not system or not architecture:
        return ""
    return f"{system}/{_ARCHITECTURES.get(architecture, architecture)}"


def _is_index(document: Document) -> bool:
    return document.get("mediaType") in INDEXES or isinstance(document.get("manifests"), list)


def _is_artifact(document: Document) -> bool:
    """Checks the artifact type. OCI permits an image to repeat its config's media type there."""
    return document.get("artifactType") not in (None, "", *_CONFIGS)


def _image_config(document: Document) -> str:
    """Returns the digest of an image's config; empty if the document is no image."""
    config = _mapping(document.get("config"))
    digest = _digest(config)
    is_image = config.get("mediaType") in _CONFIGS and digest != _EMPTY
    return digest if is_image and not _is_artifact(document) else ""


def _digest(descriptor: Document) -> str:
    digest = descriptor.get("digest")
    return digest if isinstance(digest, str) and SHA256.fullmatch(digest) else ""


def _mapping(value: Any) -> Document:
    return value if isinstance(value, dict) else {}
