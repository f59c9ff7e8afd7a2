"""What ECR says of references: digests, platforms, configs, tags; and what it cannot say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError, ParamValidationError

from image_scan.aws.cross_account import Registry
from image_scan.ecr import digests, references
from image_scan.ecr.references import EcrReference
from tests.support.builders import ACCOUNT, HOST, REGION, client_error

if TYPE_CHECKING:
    from mypy_boto3_ecr import ECRClient

    from image_scan.contracts import Image
    from tests.support.fake_ecr import FakeEcr

AMD, ARM = "a" * 64, "e" * 64


def identify(
    client: Any, *uris: str, ours: bool = True, platform: str = "linux/amd64"
) -> list[Image]:
    return digests.identify(named(*uris), lambda *_: Registry(client, "", ours), platform)


def named(*uris: str) -> list[tuple[str, EcrReference]]:
    """The containers of a task, each with its image."""
    found = []
    for number, uri in enumerate(uris):
        reference = references.parse(uri)
        assert isinstance(reference, EcrReference)
        found.append((f"c{number}", reference))
    return found


class Refusing:
    """ECR that fails each call: moto knows no permissions and no throttling."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def batch_get_image(self, **_: Any) -> None:
        raise self._error


class Scripted:
    """ECR with answers that moto does not give; counts the calls."""

    def __init__(self, found: list[Any], failures: list[Any] | None = None) -> None:
        self.calls: list[dict[str, Any]] = []
        self._answer = {"images": found, "failures": failures or []}

    def batch_get_image(self, **arguments: Any) -> dict[str, Any]:
        self.calls.append(arguments)
        return self._answer

    def describe_images(self, **arguments: Any) -> dict[str, Any]:
        self.calls.append(arguments)
        return {"imageDetails": []}


class Counting:
    """ECR, and how often its manifests were asked for."""

    def __init__(self, ecr: FakeEcr) -> None:
        self.calls = 0
        self.describe_images = ecr.describe_images
        self._ecr = ecr

    def batch_get_image(self, **arguments: Any) -> dict[str, Any]:
        self.calls += 1
        return self._ecr.batch_get_image(**arguments)


def test_a_tag_is_resolved_to_its_digest_and_config(ecr: FakeEcr) -> None:
    digest = ecr.push("shop/app", "1.4.2")
    (found,) = identify(ecr, f"{HOST}/shop/app:1.4.2")
    assert found == {
        "uri": f"{HOST}/shop/app:1.4.2",
        "key": digest,
        "account_id": ACCOUNT,
        "region": REGION,
        "host": HOST,
        "repository": "shop/app",
        "tag": "1.4.2",
        "digest": digest,
        "platform": "linux/amd64",
        "manifests": [digest],
        "configs": ["sha256:" + "c" * 64],
        "certain": True,
        "containers": ["c0"],
        "unscannable": "",
        "role_account_id": "",
    }


@pytest.mark.parametrize(
    ("platform", "config"), [("linux/amd64", AMD), ("linux/arm64", ARM)], ids=["amd64", "arm64"]
)
def test_of_an_index_the_image_of_the_platform_is_known(
    ecr: FakeEcr, platform: str, config: str
) -> None:
    pushed = {each: ecr.push("app", config=each) for each in (AMD, ARM, "f" * 64)}
    platforms = ("linux/amd64", "linux/arm64", "unknown/unknown")
    index = ecr.push_index("app", "v1", *zip(pushed.values(), platforms, strict=True))
    (found,) = identify(ecr, f"{HOST}/app:v1", platform=platform)
    assert found["digest"] == index
    assert found["manifests"] == [pushed[config]]
    assert found["configs"] == [f"sha256:{config}"]
    assert found["certain"]


def test_two_platforms_of_an_index_are_known_apart(ecr: FakeEcr) -> None:
    """By the key of the cache too, and whether or not ECR is asked."""
    index = ecr.push_index("app", "v1", (ecr.push("app"), "linux/amd64"))
    pinned = named(f"{HOST}/app:v1@{index}")
    for platform, key in (
        ("linux/amd64", index),
        ("linux/arm64", f"{index}#linux/arm64"),
        ("", f"{index}#any"),
    ):
        (found,) = identify(ecr, f"{HOST}/app:v1", platform=platform)
        (seen,) = digests.as_seen(pinned, platform)
        assert found["key"] == seen["key"] == key


def test_indexes_in_an_index_are_read(ecr: FakeEcr) -> None:
    image = ecr.push("app", config=AMD)
    for _ in range(3):
        image = ecr.push_index("app", "v1", (image, "linux/amd64"))
    (found,) = identify(ecr, f"{HOST}/app:v1")
    assert (found["configs"], found["certain"]) == ([f"sha256:{AMD}"], True)


def test_an_index_without_end_is_not_read_without_end(ecr: FakeEcr) -> None:
    """Each of its indexes lists a hundred of the level below."""
    level = [ecr.push("app", config=f"{number:064x}") for number in range(100)]
    for _ in range(4):
        level = [
            ecr.push_index(
                "app", "v1", *((each, "linux/amd64") for each in level), (one, "linux/s390x")
            )
            for one in level
        ]
    counted = Counting(ecr)
    (found,) = identify(counted, f"{HOST}/app:v1")
    assert not found["certain"]
    assert len(found["manifests"]) <= 101
    assert counted.calls <= 6


def test_a_digest_only_reference_is_given_a_tag_that_points_at_it(ecr: FakeEcr) -> None:
    digest = ecr.push("app", "v9")
    (found,) = identify(ecr, f"{HOST}/app@{digest}")
    assert (found["tag"], found["unscannable"]) == ("v9", "")


def test_the_tag_of_a_pinned_reference_is_used_while_it_points_there(ecr: FakeEcr) -> None:
    digest = ecr.push("app", "a")
    ecr.push("app", "z")
    (found,) = identify(ecr, f"{HOST}/app:z@{digest}")
    assert found["tag"] == "z"


def test_a_pinned_reference_whose_tag_moved_takes_another_tag(ecr: FakeEcr) -> None:
    digest = ecr.push("app", "stable", config=AMD)
    ecr.push("app", "prod", config=ARM)
    (found,) = identify(ecr, f"{HOST}/app:prod@{digest}")
    assert (found["digest"], found["tag"], found["unscannable"]) == (digest, "stable", "")


def test_an_untagged_digest_cannot_be_scanned(ecr: FakeEcr) -> None:
    digest = ecr.push("app")
    (found,) = identify(ecr, f"{HOST}/app@{digest}")
    assert found["tag"] == ""
    assert found["unscannable"] == "no tag points at this digest, and Qualys scans by tag"


@pytest.mark.parametrize("reference", ["app:gone", "other:1", f"app@sha256:{'9' * 64}"])
def test_what_ecr_does_not_hold_is_unscannable(ecr: FakeEcr, reference: str) -> None:
    ecr.push("app", "v1")
    (found,) = identify(ecr, f"{HOST}/{reference}")
    assert found["unscannable"] == "not found in its ECR repository"


def test_an_unknown_tag_does_not_hide_its_siblings(ecr: FakeEcr) -> None:
    digest = ecr.push("app", "v1")
    gone, found = identify(ecr, f"{HOST}/app:gone", f"{HOST}/app:v1")
    assert gone["unscannable"]
    assert gone["key"] == f"{ACCOUNT}/{REGION}/app:gone"
    assert (found["key"], found["unscannable"]) == (digest, "")


def test_references_to_the_same_bytes_are_one_image_with_all_containers(ecr: FakeEcr) -> None:
    digest = ecr.push("app", "v1")
    ecr.push("app", "v1-again")
    uris = [f"{HOST}/app:v1", f"{HOST}/app:v1-again", f"{HOST}/app@{digest}", f"{HOST}/app:v1"]
    (found,) = identify(ecr, *uris)
    assert found["containers"] == ["c0", "c1", "c2", "c3"]


def test_the_same_bytes_are_scanned_where_they_have_a_tag(ecr: FakeEcr) -> None:
    digest = ecr.push("untagged")
    assert ecr.push("tagged", "1") == digest
    uris = (f"{HOST}/untagged@{digest}", f"{HOST}/tagged:1", f"{HOST}/untagged@{digest}")
    for order in (uris, uris[::-1]):
        (image,) = identify(ecr, *order)
        assert (image["repository"], image["tag"], image["unscannable"]) == ("tagged", "1", "")
        assert sorted(image["containers"]) == ["c0", "c1", "c2"]


def test_one_repository_is_asked_once_for_all_its_images() -> None:
    ecr = Scripted([])
    identify(ecr, *(f"{HOST}/app:v{number}" for number in range(10)))
    assert len(ecr.calls) == 1
    assert ecr.calls[0]["registryId"] == ACCOUNT


def test_more_images_than_one_call_takes_are_asked_in_batches() -> None:
    ecr = Scripted([])
    identify(ecr, *(f"{HOST}/app:v{number}" for number in range(101)))
    assert [len(call["imageIds"]) for call in ecr.calls] == [100, 1]


def test_each_account_and_region_is_asked_for_its_own_images() -> None:
    asked: list[str] = []
    ecr = Scripted([])

    def ecr_in(account_id: str, region: str) -> Registry:
        asked.append(f"{account_id} {region}")
        return Registry(cast("ECRClient", ecr), account_id[:1], ours=True)

    uris = [f"{HOST}/a:1", "999999999999.dkr.ecr.eu-west-1.amazonaws.com/a:1"]
    found = digests.identify(named(*uris), ecr_in, "linux/amd64")
    assert asked == [f"{ACCOUNT} {REGION}", "999999999999 eu-west-1"]
    assert [each["role_account_id"] for each in found] == ["1", "9"]
    assert [call["registryId"] for call in ecr.calls] == [ACCOUNT, "999999999999"]
    assert len({each["key"] for each in found}) == 2


@pytest.mark.parametrize("code", ["AccessDeniedException", "AccessDenied"])
def test_what_ecr_does_not_let_us_read_is_known_by_its_tag(code: str) -> None:
    refusing = Refusing(client_error(code))
    tagged, pinned, both = identify(
        refusing,
        f"{HOST}/app:v1",
        f"{HOST}/app@sha256:{'9' * 64}",
        f"{HOST}/app:v2@sha256:{'8' * 64}",
    )
    assert (tagged["key"], tagged["digest"]) == (f"{ACCOUNT}/{REGION}/app:v1", "")
    assert tagged["unscannable"] == ""
    assert "does not let" in pinned["unscannable"]
    key = f"{ACCOUNT}/{REGION}/app:v2@sha256:{'8' * 64}"
    assert (both["key"], both["tag"], both["unscannable"]) == (key, "v2", "")


@pytest.mark.parametrize(
    "error",
    [client_error("InvalidParameterException"), client_error("RepositoryNotFoundException"),
     ParamValidationError(report="repositoryName: too short")],
)  # fmt: skip
def test_a_name_that_no_repository_can_have_is_not_found(error: Exception) -> None:
    (found,) = identify(Refusing(error), f"{HOST}/a:v1")
    assert found["unscannable"] == "not found in its ECR repository"


@pytest.mark.parametrize("by", ["tag", "digest"])
def test_an_archived_image_is_unscannable_with_that_reason(ecr: FakeEcr, by: str) -> None:
    digest = ecr.push("app", "v1")
    ecr.archive(digest)
    (found,) = identify(ecr, f"{HOST}/app" + (":v1" if by == "tag" else f"@{digest}"))
    assert found["unscannable"].startswith("archived in its ECR repository")


@pytest.mark.parametrize(
    ("error", "awaited"),
    [
        (client_error("RepositoryNotFoundException"), True),
        (client_error("InvalidParameterException"), False),
    ],
)
def test_a_repository_that_may_still_come_is_awaited(error: Exception, awaited: bool) -> None:
    (found,) = identify(Refusing(error), f"{HOST}/a:v1")
    assert found.get("awaited", False) is awaited


def test_a_repository_name_that_boto_refuses_harms_no_sibling(cloud: None) -> None:
    ecr = boto3.client("ecr", region_name=REGION)
    ecr.create_repository(repositoryName="app")
    short, other = identify(ecr, f"{HOST}/a:1", f"{HOST}/app:v1")
    assert short["unscannable"] == other["unscannable"] == "not found in its ECR repository"


@pytest.mark.parametrize(
    "error",
    [
        client_error("ThrottlingException"),
        client_error("Whatever", 503),
        EndpointConnectionError(endpoint_url="x"),
        client_error("ExpiredTokenException"),
    ],
)
def test_trouble_with_ecr_is_not_an_absent_image(error: Exception) -> None:
    (found,) = identify(Refusing(error), f"{HOST}/app:v1")
    assert found["unread"]
    assert found["unscannable"] == ""


def test_a_region_that_nobody_knows_and_that_does_not_answer_has_no_registry() -> None:
    silent = Refusing(EndpointConnectionError(endpoint_url="x"))
    (found,) = identify(silent, f"{ACCOUNT}.dkr.ecr.us-east-9.amazonaws.com/app:v1")
    assert found["unscannable"] == "no registry answers in the region us-east-9"
    assert "unread" not in found


def test_a_region_newer_than_the_sdk_is_one_that_answers(ecr: FakeEcr) -> None:
    digest = ecr.push("app", "v1")
    (found,) = identify(ecr, f"{ACCOUNT}.dkr.ecr.us-east-9.amazonaws.com/app:v1")
    assert (found["key"], found["unscannable"]) == (digest, "")


@pytest.mark.parametrize("code", ["UnrecognizedClientException", "InvalidSignatureException"])
@pytest.mark.parametrize("ours", [True, False])
@pytest.mark.parametrize("reference", ["app:v1", f"app@sha256:{'9' * 64}"])
def test_a_region_that_is_not_enabled_has_no_registry(
    code: str, ours: bool, reference: str
) -> None:
    """Or one of another partition. Nobody pulls from there, the sensor neither."""
    for region in ("me-south-1", "us-gov-west-1", "cn-north-1"):
        suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        host = f"{ACCOUNT}.dkr.ecr.{region}.{suffix}"
        (found,) = identify(Refusing(client_error(code)), f"{host}/{reference}", ours=ours)
        assert found["unscannable"] == (
            f"the region {region} is not enabled for its account, or belongs to another partition"
        )
        assert found["key"].startswith(f"{ACCOUNT}/{region}/app")
        assert "unread" not in found


@pytest.mark.parametrize("code", ["UnrecognizedClientException", "InvalidSignatureException"])
def test_credentials_that_a_region_of_every_account_refuses_say_nothing_of_the_image(
    code: str,
) -> None:
    """Such as those of a role that was made again, or while a clock is wrong."""
    (found,) = identify(Refusing(client_error(code)), f"{HOST}/app:v1", ours=True)
    assert (found["unscannable"], found["key"]) == ("", f"{ACCOUNT}/{REGION}/app:v1")


@pytest.mark.parametrize("reference", ["app:v1", f"app@sha256:{'9' * 64}"])
def test_a_foreign_repository_that_lets_nobody_in_is_unscannable(reference: str) -> None:
    refusing = Refusing(client_error("AccessDeniedException"))
    (found,) = identify(refusing, f"{HOST}/{reference}", ours=False)
    assert found["unscannable"] == "its registry denies access to this installation"
    assert found["key"].startswith(f"{ACCOUNT}/{REGION}/app")


@pytest.mark.parametrize("ours", [True, False])
def test_whom_a_repository_lets_pull_and_not_list_knows_the_digest(
    ecr: FakeEcr, ours: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = ecr.push("app", "v1")

    def refuse(**_: Any) -> None:
        raise client_error("AccessDeniedException")

    monkeypatch.setattr(ecr, "describe_images", refuse)
    for uri in (f"{HOST}/app:v1", f"{HOST}/app:v1@{digest}"):
        (found,) = identify(ecr, uri, ours=ours)
        assert (found["key"], found["tag"], found["unscannable"]) == (digest, "v1", "")
    (found,) = identify(ecr, f"{HOST}/app@{digest}", ours=ours)
    assert found["unscannable"].startswith("its tag is unknown: ECR does not let")


def test_a_digest_that_ecr_does_not_confirm_is_no_key(ecr: FakeEcr) -> None:
    """Anybody may name the digest of anybody's image."""
    victims = ecr.push("victim", "v1")
    ecr.push("other", "v1", config="d" * 64)
    (found,) = identify(ecr, f"{HOST}/other:v1@{victims}")
    assert found["key"] == f"{ACCOUNT}/{REGION}/other:v1@{victims}"
    assert found["unscannable"] == "not found in its ECR repository"


def test_an_image_that_ecr_fails_at_for_another_reason_is_no_absent_one() -> None:
    failures = [{"imageId": {"imageTag": "v1"}, "failureCode": "UpstreamUnavailable"}]
    (found,) = identify(Scripted([], failures), f"{HOST}/app:v1")
    assert (found["digest"], found["unscannable"]) == ("", "")
    pinned = [{"imageId": {"imageDigest": f"sha256:{'9' * 64}"}, "failureCode": "KmsError"}]
    (found,) = identify(Scripted([], pinned), f"{HOST}/app@sha256:{'9' * 64}")
    assert found["unscannable"] == "its tag is unknown: ECR did not say"


@pytest.mark.parametrize(
    "text", ["", "not json", "[]", "null", "1", pytest.param("[" * 100_000, id="too deep")]
)
def test_a_manifest_that_is_no_object_says_nothing(text: str) -> None:
    digest = f"sha256:{'7' * 64}"
    row = {"imageId": {"imageTag": "v1", "imageDigest": digest}, "imageManifest": text}
    (found,) = identify(Scripted([row]), f"{HOST}/app:v1")
    assert (found["digest"], found["manifests"], found["configs"]) == (digest, [digest], [])
