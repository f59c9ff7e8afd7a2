"""Image references: every host of ECR, every form of a reference, and any other text."""

import time
from dataclasses import replace
from typing import Any

import pytest
from botocore.loaders import Loader
from hypothesis import given, settings
from hypothesis import strategies as st

from image_scan.ecr import references
from image_scan.ecr.references import EcrReference, Unscannable

DIGEST = "sha256:" + "5c" * 32
HOST = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
PARTITIONS: list[Any] = Loader().load_data("partitions")["partitions"]


def ecr(uri: str) -> EcrReference:
    parsed = references.parse(uri)
    assert isinstance(parsed, EcrReference), parsed
    return parsed


@pytest.mark.parametrize(
    ("host", "region", "canonical"),
    [
        (HOST, "us-east-1", HOST),
        (HOST.upper(), "us-east-1", HOST),
        ("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1",
         "123456789012.dkr.ecr.us-gov-west-1.amazonaws.com"),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1",
         "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn"),
        ("123456789012.dkr-ecr.eu-west-1.on.aws", "eu-west-1",
         "123456789012.dkr.ecr.eu-west-1.amazonaws.com"),
        ("123456789012.dkr-ecr-fips.us-west-2.on.aws", "us-west-2",
         "123456789012.dkr.ecr.us-west-2.amazonaws.com"),
        ("123456789012.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn", "cn-north-1",
         "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn"),
        ("123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1",
         "123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu"),
        ("123456789012.dkr.ecr.us-iso-east-1.c2s.ic.gov", "us-iso-east-1",
         "123456789012.dkr.ecr.us-iso-east-1.c2s.ic.gov"),
        ("123456789012.dkr.ecr.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1",
         "123456789012.dkr.ecr.us-isob-east-1.sc2s.sgov.gov"),
    ],
)  # fmt: skip
def test_every_registry_host_of_ecr(host: str, region: str, canonical: str) -> None:
    found = ecr(f"{host}/app:1")
    assert (found.account_id, found.region, found.host) == ("123456789012", region, canonical)


@pytest.mark.parametrize("partition", PARTITIONS, ids=lambda each: each["id"])
def test_the_registry_hosts_of_every_partition_that_the_sdk_knows(partition: Any) -> None:
    """Ordinary hosts end in the partition's own suffix, dual-stack hosts in one like its APIs'."""
    suffix = partition["outputs"]["dnsSuffix"]
    dual = partition["outputs"]["dualStackDnsSuffix"].replace("api.", "on.", 1)
    for region in partition["regions"]:
        canonical = f"123456789012.dkr.ecr.{region}.{suffix}"
        for host in (canonical, f"123456789012.dkr-ecr.{region}.{dual}", f"{canonical}:443"):
            found = ecr(f"{host}/app:1")
            assert (found.region, found.host) == (region, canonical)


@pytest.mark.parametrize("port", [":80", ":4430", ":0443", ":"])
def test_a_registry_at_another_port_is_not_that_of_ecr(port: str) -> None:
    assert isinstance(references.parse(f"{HOST}{port}/app:1"), Unscannable)


@pytest.mark.parametrize(
    ("rest", "repository", "tag", "digest"),
    [
        ("app", "app", "latest", ""),
        ("app:1.2.3", "app", "1.2.3", ""),
        ("team/shop/app:v1", "team/shop/app", "v1", ""),
        (f"app@{DIGEST}", "app", "", DIGEST),
        (f"app:v1@{DIGEST}", "app", "v1", DIGEST),
        (f"app@{DIGEST.replace('5c', '5C')}", "app", "", DIGEST),
        ("a__b/c-d.e_f:A.b-C_9", "a__b/c-d.e_f", "A.b-C_9", ""),
        (f"app:{'t' * 128}", "app", "t" * 128, ""),
    ],
)
def test_every_form_of_a_reference(rest: str, repository: str, tag: str, digest: str) -> None:
    found = ecr(f"{HOST}/{rest}")
    assert (found.repository, found.tag, found.digest) == (repository, tag, digest)
    assert found.uri == f"{HOST}/{rest}"


@pytest.mark.parametrize(
    ("uri", "registry"),
    [
        ("nginx", "docker.io"),
        ("library/nginx:1.27", "docker.io"),
        ("public.ecr.aws/nginx/nginx:1", "public.ecr.aws"),
        ("localhost/app", "localhost"),
        ("registry.example.com:5000/app:1", "registry.example.com:5000"),
        ("12345678901.dkr.ecr.us-east-1.amazonaws.com/app", "12345678901.dkr.ecr.us-east-1"),
        (f"{HOST}.evil.example/app", "evil.example"),
        (f"evil-{HOST}/app", "evil-123456789012"),
    ],
)
def test_other_registries_are_named_in_the_reason(uri: str, registry: str) -> None:
    found = references.parse(uri)
    assert isinstance(found, Unscannable)
    assert found.uri == uri
    assert found.reason.startswith("not in a private Amazon ECR registry (")
    assert registry in found.reason


@pytest.mark.parametrize(
    "uri",
    [
        "",
        " ",
        f"{HOST}/App:1",
        f"{HOST}/app:",
        f"{HOST}/app:{'t' * 129}",
        f"{HOST}/app:1 ",
        f"{HOST}/app:1\n",
        f"{HOST}//app",
        f"{HOST}/app@sha256:short",
        f"{HOST}/../app",
        f"{HOST}/app:1:2",
        f"{HOST}/{'a' * 1024}",
        "https://" + HOST + "/app:1",
    ],
)
def test_what_is_no_reference_is_unscannable(uri: str) -> None:
    found = references.parse(uri)
    assert isinstance(found, Unscannable)
    assert found.reason == "not a valid image reference"
    assert found.uri


def test_only_sha_256_digests_are_known_to_ecr() -> None:
    found = references.parse(f"{HOST}/app@sha512:{'a' * 128}")
    assert isinstance(found, Unscannable)
    assert found.reason == "its digest is not a SHA-256 digest"


def test_a_hostile_length_is_refused_in_no_time() -> None:
    started = time.perf_counter()
    for unit in ("a", "a.", "a-", "-", "a/", "_", "a:", "9.", "aA-."):
        for tail in ("", "!", ":", "@", "/"):
            references.parse((unit * 1024)[:1023] + tail)
    assert time.perf_counter() - started < 2


@given(st.text(max_size=300) | st.text(alphabet="aZ0.:/@-_\n\u00e9\ud800\U0001f433", max_size=300))
@settings(max_examples=200)
def test_any_text_is_answered(uri: str) -> None:
    found = references.parse(uri)
    if isinstance(found, Unscannable):
        assert found.reason
    assert found.uri.isascii()
    # The hash key of a table takes 2048 bytes.
    assert 0 < len(found.uri) <= 1024


@pytest.mark.parametrize("unit", ["\U0001f433", "\ud800", "\x00", "é"])
def test_long_text_of_any_characters_makes_a_key_that_a_table_takes(unit: str) -> None:
    assert len(references.parse(unit * 2000).uri.encode()) <= 1024


repositories = st.from_regex(
    r"[a-z0-9]{2,8}(/[a-z0-9]{1,8}([._-][a-z0-9]{1,4})?){0,3}", fullmatch=True
)
tags = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,20}", fullmatch=True)


@given(repository=repositories, tag=tags, with_digest=st.booleans())
@settings(max_examples=100)
def test_what_is_put_together_is_taken_apart(repository: str, tag: str, with_digest: bool) -> None:
    found = ecr(f"{HOST}/{repository}:{tag}" + (f"@{DIGEST}" if with_digest else ""))
    assert (found.repository, found.tag) == (repository, tag)
    assert found.digest == (DIGEST if with_digest else "")


def test_a_bare_digest_is_lower_case_hexadecimal() -> None:
    assert references.bare("sha256:" + "AB" * 32) == references.bare("ab" * 32) == "ab" * 32


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("nginx", "nginx"),
        ("nginx:1.27", "nginx"),
        (f"nginx@{DIGEST}", "nginx"),
        (f"localhost:5000/team/app:1@{DIGEST}", "localhost:5000/team/app"),
        ("localhost:5000/team/app", "localhost:5000/team/app"),
        ("not an image", "not an image"),
    ],
)
def test_what_cannot_be_scanned_has_one_name_with_and_without_its_tag(uri: str, name: str) -> None:
    found = references.parse(uri)
    assert isinstance(found, Unscannable)
    assert found.name == name


def test_a_digest_that_was_seen_pins_a_tag() -> None:
    seen = references.pinned(references.parse(f"{HOST}/app:1"), DIGEST)
    named = references.parse(f"{HOST}/app:1@{DIGEST}")
    assert isinstance(named, EcrReference)
    assert seen == references.pinned(named, DIGEST) == replace(named, seen=True)
    other = "sha256:" + "0" * 64
    for uri in (f"{HOST}/app@{DIGEST}", "nginx"):
        assert references.pinned(references.parse(uri), other) == references.parse(uri)
    assert references.pinned(references.parse(f"{HOST}/app:1"), "") == references.parse(
        f"{HOST}/app:1"
    )
