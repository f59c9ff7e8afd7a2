"""Which entries of an index are the image that runs. The documents below `indexes` are written from
the OCI image specification 1.1, the manifests of SOCI v1 and v2, and what BuildKit, Notation,
Cosign, ORAS, nerdctl and skopeo push."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from image_scan.ecr import identity
from image_scan.ecr.identity import Identity, identify

DOCUMENTS = sorted((Path(__file__).parent / "indexes").glob("*.json"))
EMPTY_CONFIG = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


def read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text())
    return document


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_only_the_image_of_the_platform_is_its_identity(path: Path) -> None:
    written = read(path)
    for platform, expected in written["expected"].items():
        found = identify(written["deployed"], written["documents"], platform)
        assert sorted(found.manifests) == sorted(expected["manifests"]), platform
        assert sorted(found.configs) == sorted(expected["configs"]), platform
        assert found.certain is expected["certain"], platform


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_an_empty_config_is_nobodys_identity(path: Path) -> None:
    written = read(path)
    for platform in identity.PLATFORMS:
        found = identify(written["deployed"], written["documents"], platform)
        assert EMPTY_CONFIG not in found.configs


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_all_that_is_identity_is_in_what_was_deployed(path: Path) -> None:
    written = read(path)
    text = json.dumps(written["documents"])
    found = identify(written["deployed"], written["documents"], "linux/amd64")
    assert all(each in text for each in (*found.manifests, *found.configs))


def test_nothing_is_known_of_what_ecr_does_not_show() -> None:
    """It may be an index, and its digest then names the images of all platforms."""
    assert identify("sha256:" + "1" * 64, {}, "linux/amd64") == Identity((), (), certain=False)


def test_an_index_with_more_than_is_looked_at_is_not_certain() -> None:
    """The rest of it may have another image for the platform."""
    digest = "sha256:" + "a" * 64
    image = {"digest": digest, "platform": {"os": "linux", "architecture": "amd64"}}
    other = {"os": "linux", "architecture": "s390x"}
    many = [{"digest": f"sha256:{number:064x}", "platform": other} for number in range(200)]
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest}
    documents: dict[str, Any] = {
        "top": {"manifests": [image, *many]},
        digest: {"config": config},
    }
    assert identify("top", documents, "linux/amd64").certain is False
    documents["top"]["manifests"] = [image, *many[:50]]
    assert identify("top", documents, "linux/amd64").certain is True


INDEX = "application/vnd.oci.image.index.v1+json"
CLEAN, BAD = "sha256:" + "c" * 64, "sha256:" + "b" * 64
OLD = {
    "linux/amd64": {"os": "linux", "architecture": "386"},
    "linux/arm64": {"os": "linux", "architecture": "arm", "variant": "v7"},
}


def beside_an_older_processors(platform: str, clean: dict[str, Any] | None) -> Identity:
    """Identity of an index: an image for the processor's predecessor, and a clean one."""
    entries: list[dict[str, Any]] = [
        {"digest": BAD, "platform": OLD[platform]},
        {"digest": CLEAN, **({"platform": clean} if clean is not None else {})},
    ]
    config = {"mediaType": "application/vnd.oci.image.config.v1+json"}
    of_each = {each: {"config": {**config, "digest": each}} for each in (CLEAN, BAD)}
    return identify("top", {"top": {"manifests": entries}, **of_each}, platform)


@pytest.mark.parametrize("platform", OLD)
@pytest.mark.parametrize("more", [None, {}, {"variant": "v9"}, {"os.features": ["x"]}], ids=str)
def test_what_the_processor_also_runs_is_not_hidden_by_what_may_not_be_taken(
    platform: str, more: dict[str, Any] | None
) -> None:
    """A runtime takes an image for 386 before one without a platform, and before one for a
    variant that the processor is not of. So the clean one must not answer for it."""
    named = {"os": "linux", "architecture": platform.split("/")[1], **more} if more else more
    found = beside_an_older_processors(platform, named)
    assert (found.certain, sorted(found.configs)) == (False, [BAD, CLEAN])


@pytest.mark.parametrize("name", ["386", "i386"])
def test_what_the_processor_also_runs_is_not_hidden_in_an_index_of_the_platform(name: str) -> None:
    inner = "sha256:" + "1" * 64
    amd64 = {"os": "linux", "architecture": "amd64"}
    entries = [{"digest": BAD, "platform": {**amd64, "architecture": name}}, {"digest": CLEAN}]
    config = {"mediaType": "application/vnd.oci.image.config.v1+json"}
    documents: dict[str, Any] = {
        "top": {"manifests": [{"digest": inner, "mediaType": INDEX, "platform": amd64}]},
        inner: {"mediaType": INDEX, "manifests": entries},
        **{each: {"config": {**config, "digest": each}} for each in (CLEAN, BAD)},
    }
    found = identify("top", documents, "linux/amd64")
    assert (found.certain, sorted(found.configs)) == (False, [BAD, CLEAN])


@pytest.mark.parametrize("platform", OLD)
@pytest.mark.parametrize("variant", [{}, {"variant": ""}, {"variant": "basic"}])
def test_what_is_made_for_the_platform_is_taken_before_what_it_also_runs(
    platform: str, variant: dict[str, str]
) -> None:
    basic = {"linux/amd64": "v1", "linux/arm64": "v8"}[platform]
    named = {"os": "linux", "architecture": platform.split("/")[1], **variant}
    named = {name: basic if value == "basic" else value for name, value in named.items()}
    found = beside_an_older_processors(platform, named)
    assert (found.certain, found.configs, found.manifests) == (True, (CLEAN,), (CLEAN,))


_DIGESTS = ["sha256:" + digit * 64 for digit in "123"]
_WORDS = ["linux", "amd64", "unknown", *identity.INDEXES, *identity.MANIFESTS]
_NAMES = ["manifests", "config", "digest", "platform", "os", "architecture", "mediaType"]
documents = st.recursive(
    st.none() | st.integers() | st.text(max_size=5) | st.sampled_from([*_DIGESTS, *_WORDS]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*_NAMES, "artifactType"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(found=st.dictionaries(st.sampled_from(_DIGESTS), documents))
@settings(max_examples=300)
def test_any_json_as_manifests(found: dict[str, Any]) -> None:
    shown = {digest: each for digest, each in found.items() if isinstance(each, dict)}
    for platform in identity.PLATFORMS:
        known = identify(_DIGESTS[0], shown, platform)
        assert not known.certain or len(known.configs) <= 1
    for each in shown.values():
        assert len(identity.children(each)) <= 100
