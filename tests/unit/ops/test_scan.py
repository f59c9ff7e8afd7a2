"""make scan: what it sends, and what it refuses before anything is sent."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from rich.console import Console

from image_scan.aws.dynamodb import marshal
from image_scan.events import by_hand
from ops import scan
from ops.__main__ import main
from ops.cache_items import CacheItems
from ops.errors import OpsError
from ops.installation import Installation
from ops.intake import Outcome
from ops.where import described
from tests.support import builders, tables
from tests.support.builders import ACCOUNT, DIGEST, HOST, NOW, REGION, WEEK
from tests.support.json_pages import require_documented

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient

OTHER = f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com"
MEMBER = "222222222222.dkr.ecr.us-east-1.amazonaws.com"
RUNS = {**builders.deployment(), "containers": ["app"]}
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OPERATOR = f"arn:aws:iam::{ACCOUNT}:user/operator"
ASKED = {**RUNS, "event_name": by_hand.EVENT_NAME, "service": "", "principal": OPERATOR}


class Sent:
    """The intake: takes what is sent, and says that a scan is not needed."""

    def __init__(self) -> None:
        self.images: list[str] = []
        self.platforms: list[str] = []
        self.reason = ""

    def run(self, event: Any, name: str) -> Outcome:
        self.images.append(event["detail"]["image"])
        self.platforms.append(event["detail"]["platform"])
        return Outcome(name, succeeded=True, output=[{"result": "skipped", "reason": self.reason}])


@pytest.fixture
def installation(dynamodb: DynamoDBClient) -> Installation:
    """One whose account holds shop/web:2.0.0 in this region, and shop/far:1 in another."""
    dynamodb.create_table(
        TableName="unit-cache",
        KeySchema=[{"AttributeName": "imageDigest", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "imageDigest", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    tables.create(dynamodb, "unused", "unit-inventory", "unit-state")
    for region, repository, tag in ((REGION, "shop/web", "2.0.0"), ("eu-west-1", "shop/far", "1")):
        ecr = boto3.client("ecr", region_name=region)
        ecr.create_repository(repositoryName=repository)
        config = {"digest": "sha256:" + "c" * 64}
        manifest = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "config": config})
        ecr.put_image(repositoryName=repository, imageManifest=manifest, imageTag=tag)
    return Installation(boto3.Session(region_name=REGION), ACCOUNT, "aws", REGION, "unit", OPERATOR)


@pytest.fixture
def know(installation: Installation) -> Callable[..., None]:
    """Records an image in the cache."""

    def know(key: str, uri: str, repository: str, tag: str, account: str = ACCOUNT) -> None:
        item: dict[str, Any] = {"imageDigest": key, "uri": uri}
        item |= {"repository": repository, "tag": tag}
        item |= {"status": "CLEAN", "ttl": NOW + WEEK, "account_id": account}
        item |= {"digest": key, "requests": {"p": RUNS, "q": ASKED}}
        boto3.client("dynamodb", region_name=REGION).put_item(
            TableName="unit-cache", Item=marshal(item)
        )

    return know


@pytest.fixture
def sent(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> Sent:
    sent = Sent()
    monkeypatch.setattr(scan, "Intake", lambda _: sent)
    monkeypatch.setattr(Installation, "of", classmethod(lambda *_: installation))
    return sent


def run(image: str, *options: str) -> tuple[int, str]:
    parser = argparse.ArgumentParser()
    scan.configure(parser)
    console = Console(width=200)
    with console.capture() as shown:
        status = scan.run(parser.parse_args(["--image", image, *options]), console)
    return status, shown.get()


@pytest.mark.parametrize(
    ("image", "why"),
    [
        ("docker.io/library/nginx:1", "not in a private Amazon ECR registry"),
        ("public.ecr.aws/nginx/nginx:1", "not in a private Amazon ECR registry"),
        ("localhost/shop/web:2.0.0", "not in a private Amazon ECR registry"),
        ("localhost:5000/shop/web:2.0.0", "not in a private Amazon ECR registry"),
        ("redis", "no image redis"),
        ("shop/web", "no image shop/web:latest"),
        ("shop/web:2.0.1", "no image shop/web:2.0.1"),
        (f"{HOST}/shop/web:2.0.1", "no image shop/web:2.0.1"),
        (f"{HOST}/shop/none:1", "no image shop/none:1"),
        ("@@@", "not a valid image reference"),
        ("Shop/Web:1", "not a valid image reference"),
        (DIGEST, "No image is known by"),
    ],
)
def test_what_is_no_image_of_ecr_is_refused_before_anything_is_sent(
    sent: Sent, image: str, why: str
) -> None:
    with pytest.raises(OpsError, match=why) as refused:
        run(image)
    assert "\n" not in str(refused.value)
    assert sent.images == []


@pytest.mark.parametrize("image", ["shop/web:2.0.0", f"{HOST}/shop/web:2.0.0"])
def test_repository_and_tag_are_those_of_this_registry(sent: Sent, image: str) -> None:
    assert run(image)[0] == 0
    assert sent.images == [f"{HOST}/shop/web:2.0.0"]


def test_an_image_that_is_known_elsewhere_is_found_there_as_where_finds_it(
    sent: Sent, know: Callable[..., None]
) -> None:
    know(DIGEST, f"{OTHER}/shop/far:1", "shop/far", "1")
    run("shop/far:1")
    run(DIGEST)
    assert sent.images == [f"{OTHER}/shop/far:1", f"{OTHER}/shop/far@{DIGEST}"]


def test_a_name_that_several_registries_hold_is_refused(
    sent: Sent, know: Callable[..., None]
) -> None:
    know(DIGEST, f"{OTHER}/shop/far:1", "shop/far", "1")
    know("sha256:" + "e" * 64, f"{MEMBER}/shop/far:1", "shop/far", "1", "222222222222")
    with pytest.raises(OpsError, match=f"{MEMBER}/shop/far:1"):
        run("shop/far:1")
    assert sent.images == []


def test_an_image_of_another_account_is_for_the_intake_to_judge(sent: Sent) -> None:
    run(f"{MEMBER}/shop/app:1")
    assert sent.images == [f"{MEMBER}/shop/app:1"]


def test_why_the_intake_cannot_have_it_scanned_is_shown(sent: Sent) -> None:
    sent.reason = "its tag moved on"
    status, shown = run(f"{MEMBER}/shop/app:1")
    assert status == 3
    assert "It cannot be scanned." in shown
    assert "UNSCANNABLE: its tag moved on" in shown


def test_a_bare_name_of_another_registry_does_not_hide_the_image_of_ecr(
    installation: Installation, know: Callable[..., None]
) -> None:
    know("shop/web", "shop/web:2.0.0", "shop/web", "", "")
    know(DIGEST, f"{HOST}/shop/web:2.0.0", "shop/web", "2.0.0")
    for asked in ("shop/web", "shop/web:2.0.0"):
        found = {item["imageDigest"] for item in CacheItems(installation).find(asked)}
        assert DIGEST in found, asked


def test_a_repository_is_all_its_images_and_what_runs_of_it_without_a_verdict(
    installation: Installation,
    know: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    know(DIGEST, f"{HOST}/shop/web:2.0.0", "shop/web", "2.0.0")
    know("sha256:" + "e" * 64, f"{HOST}/shop/other:1", "shop/other", "1")
    row: dict[str, Any] = {"digest": "sha256:" + "f" * 64, "workload": "w", "account_region": "a#r"}
    row |= {"repository": "shop/web", "tag": "3", "uri": f"{HOST}/shop/web:3", "state": "running"}
    row |= {"first_seen": NOW, "last_seen": NOW, "containers": ["app"], **RUNS}
    boto3.client("dynamodb", region_name=REGION).put_item(
        TableName="unit-inventory", Item=marshal(row)
    )
    monkeypatch.setattr(Installation, "of", classmethod(lambda *_: installation))
    for asked in ("shop/web", f"{HOST}/shop/web"):
        assert main(["where", "--repository", asked, "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        require_documented("where", found)
        assert found["asked"] == {"repository": asked}
        assert [(each["uri"], each["verdict"]) for each in found["known"]] == [
            (f"{HOST}/shop/web:2.0.0", "CLEAN"),
            (f"{HOST}/shop/web:3", "NONE"),
        ]
    assert main(["where", "--image", "shop/web:3", "--json"]) == 0
    (known,) = json.loads(capsys.readouterr().out)["known"]
    assert (known["uri"], known["verdict"]) == (f"{HOST}/shop/web:3", "NONE")
    elsewhere = HOST.replace(ACCOUNT, "999988887777")
    assert main(["where", "--repository", f"{elsewhere}/shop/web"]) == 3
    capsys.readouterr()
    assert main(["where", "--repository", "shop/none"]) == 3
    assert capsys.readouterr().out.startswith("Nothing is known of shop/none: ")
    assert main(["where", "--cve", "CVE-2022-3602"]) == 3
    assert capsys.readouterr().out == "No image with CVE CVE-2022-3602 is known.\n"


def test_who_asked_by_hand_is_no_workload(
    installation: Installation, know: Callable[..., None]
) -> None:
    know(DIGEST, f"{HOST}/shop/web:2.0.0", "shop/web", "2.0.0")
    (item,) = CacheItems(installation).find(DIGEST)
    shown = described(item)
    assert (shown["registered"], shown["runs"]) == ([], [])
    assert shown["requested_by"] == [OPERATOR]


def test_a_scan_is_of_the_platform_that_is_asked_for(sent: Sent, know: Callable[..., None]) -> None:
    uri, digest = f"{MEMBER}/shop/app@{DIGEST}", f"{DIGEST}#linux/arm64"
    know(digest, uri, "shop/app", "1", "222222222222")
    assert run(uri)[1].count("CLEAN") == 0
    assert run(uri, "--platform", "linux/arm64")[1].count("CLEAN") == 1
    assert sent.platforms == ["linux/amd64", "linux/arm64"]


def test_a_platform_that_no_image_has_is_refused(
    sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLATFORM", "arm64")
    with pytest.raises(OpsError, match=r"PLATFORM=arm64 is not known: linux/amd64, linux/arm64"):
        run("shop/web:2.0.0", "--wait")
    assert sent.images == []


@pytest.mark.parametrize(
    ("image", "why"), [("", "No image is given"), ("a:1 b:2", "IMAGE has a space in it")]
)
def test_what_names_no_image_is_refused(sent: Sent, image: str, why: str) -> None:
    with pytest.raises(OpsError, match=why):
        run(image)


def test_every_platform_of_an_image_is_known(
    installation: Installation, know: Callable[..., None]
) -> None:
    keys = [f"{DIGEST}{suffix}" for suffix in ("", "#linux/arm64", "#windows/amd64", "#any")]
    for key in reversed(keys):
        know(key, f"{HOST}/shop/web:2.0.0", "shop/web", "2.0.0")
    found = CacheItems(installation).find(DIGEST)
    assert [item["imageDigest"] for item in found] == keys
    platforms = [described(item)["platform"] for item in found]
    assert platforms == ["linux/amd64", "linux/arm64", "windows/amd64", ""]
