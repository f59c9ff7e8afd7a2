"""Container image references: what they name, and whether Amazon ECR holds it. Pure.

The grammar is that of the distribution project's reference package; the registry hosts are those of
https://docs.aws.amazon.com/general/latest/gr/ecr.html (every partition, FIPS and dual-stack).
"""

import re
from dataclasses import dataclass, replace

_NAME = r"[a-z0-9]+(?:(?:\.|__|_|-+)[a-z0-9]+)*"
_REFERENCE = re.compile(
    rf"(?:(?P<host>(?:[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?::[0-9]+)?|[A-Za-z0-9-]+:[0-9]+|localhost))/)?"
    rf"(?P<repository>{_NAME}(?:/{_NAME})*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?"
    r"(?:@(?P<digest>[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-fA-F]{32,}))?",
    re.ASCII,
)
# Dual-stack suffix of hosts to ordinary suffix, for each partition. Both name the same registry.
# The suffixes follow the SDK's partitions.
_CANONICAL_SUFFIX = {
    "on.aws": "amazonaws.com",
    "on.amazonwebservices.com.cn": "amazonaws.com.cn",
    "on.amazonwebservices.eu": "amazonaws.eu",
    "on.aws.ic.gov": "c2s.ic.gov",
    "on.aws.scloud": "sc2s.sgov.gov",
    "on.cloud-aws.adc-e.uk": "cloud.adc-e.uk",
    "on.aws.hci.ic.gov": "csp.hci.ic.gov",
}
_SUFFIX = "|".join(map(re.escape, (*_CANONICAL_SUFFIX, *_CANONICAL_SUFFIX.values())))
_ECR_HOST = re.compile(
    r"(?P<account>[0-9]{12})\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9]+(?:-[a-z0-9]+)+)\."
    rf"(?P<suffix>{_SUFFIX})(?::443)?"
)
SHA256 = re.compile(r"sha256:[0-9a-f]{64}")
_LONGEST = 1024
_NOT_IN_ECR = "other#"


@dataclass(frozen=True)
class EcrReference:
    """A reference into a private ECR registry.

    `host` is the registry's ordinary host, whichever the reference used. `tag` and `digest` are
    empty if the reference has none, but never both: `latest` is implied. `seen`: ECS has reported
    that it pulled this digest.
    """

    uri: str
    account_id: str
    region: str
    host: str
    repository: str
    tag: str
    digest: str
    seen: bool = False


@dataclass(frozen=True)
class Unscannable:
    """A reference that Qualys cannot scan, and the reason. `name` has no tag and no digest, because
    ECS sometimes shows one and sometimes the other."""

    uri: str
    name: str
    reason: str

    @property
    def full_name(self) -> str:
        """Returns the name with its registry, and of Docker Hub with `library/` where it is left
        out."""
        first, slash, _ = self.name.partition("/")
        is_of_host = slash and ("." in first or ":" in first or first == "localhost")
        if is_of_host and first != "docker.io":
            return self.name
        short = self.name.removeprefix("docker.io/")
        return f"docker.io/{short}" if "/" in short else f"docker.io/library/{short}"

    @property
    def key(self) -> str:
        """Returns the key for every table. Whoever deploys an image chooses its name, so a prefix
        separates it from all other keys."""
        return f"{_NOT_IN_ECR}{self.name}"


def is_foreign(key: str) -> bool:
    """Checks whether a key is that of an image that is not in ECR."""
    return key.startswith(_NOT_IN_ECR)


def of_key(key: str) -> Unscannable | None:
    """Reads the key of an image that is not in ECR; None for any other key."""
    found = parse(key.removeprefix(_NOT_IN_ECR)) if is_foreign(key) else None
    return found if isinstance(found, Unscannable) else None


def parse(uri: str) -> EcrReference | Unscannable:
    """Reads an image reference as ECS does. Accepts any text."""
    match = _REFERENCE.fullmatch(uri) if len(uri) <= _LONGEST else None
    if match is None:
        shown = uri[:256].encode("unicode_escape").decode()[:_LONGEST]
        return Unscannable(shown or "(empty)", shown or "(empty)", "not a valid image reference")
    name = uri[: match.end("repository")]
    host = (match["host"] or "docker.io").lower()
    ecr = _ECR_HOST.fullmatch(host)
    if ecr is None:
        return Unscannable(uri, name, f"not in a private Amazon ECR registry ({host})")
    digest = (match["digest"] or "").lower()
    if digest and not SHA256.fullmatch(digest):
        return Unscannable(uri, name, "its digest is not a SHA-256 digest")
    suffix = _CANONICAL_SUFFIX.get(ecr["suffix"], ecr["suffix"])
    return EcrReference(
        uri=uri,
        account_id=ecr["account"],
        region=ecr["region"],
        host=f"{ecr['account']}.dkr.ecr.{ecr['region']}.{suffix}",
        repository=match["repository"],
        tag=match["tag"] or ("" if digest else "latest"),
        digest=digest,
    )


def pinned(reference: EcrReference | Unscannable, digest: str) -> EcrReference | Unscannable:
    """Adds the digest that was seen to run, unless the reference names one itself."""
    if isinstance(reference, Unscannable) or not digest:
        return reference
    if reference.digest:
        return replace(reference, seen=reference.digest == digest)
    return replace(reference, uri=f"{reference.uri}@{digest}", digest=digest, seen=True)


def bare(digest: str) -> str:
    """A digest as Qualys writes it: 64 hexadecimal digits without the algorithm."""
    return digest.removeprefix("sha256:").lower()
