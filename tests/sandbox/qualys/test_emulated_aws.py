"""The sensor against the embedded AWS: roles, external ids and permissions are enforced there."""

import functools
import json
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.aws import Aws
from sandbox.images import ARM64, PushedImage, build, push
from sandbox.qualys import Clock, EcrImages, QualysProcess, QualysSimulator, make_sensor_user
from tests.sandbox.account import Account, Json, allow
from tests.sandbox.qualys.caller import REGISTRY, Caller
from tests.sandbox.qualys.conftest import CREDENTIALS

QUALYS = "900000000009"
PULL = allow("ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")


@pytest.fixture
def simulator(aws: Aws) -> Iterator[QualysSimulator]:
    source = EcrImages(aws.endpoint, functools.cache(lambda: make_sensor_user(aws.endpoint)))
    with QualysSimulator(CREDENTIALS, source, clock=Clock(frozen=True)) as running:
        yield running


def sensor_role(
    account: Account, policy: Json = PULL, trusted: str = QUALYS, external_id: str = "4711004711"
) -> str:
    """The role that a customer makes for the sensor, as the vendor's page on AWS describes it."""
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{trusted}:root"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
    }
    iam = account.client("iam")
    role = iam.create_role(
        RoleName="sensor",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )["Role"]
    iam.put_role_policy(RoleName="sensor", PolicyName="pull", PolicyDocument=json.dumps(policy))
    return str(role["Arn"])


def pushed(account: Account, *platforms: str) -> PushedImage:
    ecr = account.client("ecr")
    ecr.create_repository(repositoryName="team/app")
    image = build("app", platforms or ("linux/amd64",), attestation=bool(platforms))
    return push(ecr, "team/app", image, "1.0")


def registry(account: Account, role: str) -> Json:
    uri = f"https://{account.id}.dkr.ecr.{account.region}.amazonaws.com"
    aws = {"accountId": account.id, "arn": role, "region": account.region, "accountType": "Global"}
    return {**REGISTRY, "registryUri": uri, "aws": aws}


def scan(caller: Caller, account: Account, role: str) -> dict[str, Any]:
    assert caller.post("/registry", registry(account, role)).status_code == 201
    return caller.scan()


def test_an_image_of_many_platforms_has_the_ids_that_ecr_holds(
    caller: Caller, account: Account
) -> None:
    image = pushed(account, ARM64, "linux/amd64")
    job = scan(caller, account, sensor_role(account))
    assert (job["status"], job["errors"]) == ("Finished", [])
    row = caller.get("/images").json()["data"][0]
    assert row["sha"] == image.config_digests["linux/amd64"].removeprefix("sha256:")
    assert row["repoDigests"][0]["digest"] == str(image.index_digest).removeprefix("sha256:")
    assert row["repo"][0]["registry"] == image.registry


def test_another_region_and_a_single_platform(caller: Caller, account: Account) -> None:
    elsewhere = account.in_region("eu-west-1")
    image = pushed(elsewhere)
    assert scan(caller, elsewhere, sensor_role(account))["status"] == "Finished"
    row = caller.get("/images").json()["data"][0]
    assert row["sha"] == image.config_digest.removeprefix("sha256:")
    assert row["repoDigests"][0]["digest"] == image.digest.removeprefix("sha256:")


@pytest.mark.parametrize(
    "wrong", [{"external_id": "other"}, {"trusted": "900000000008"}, {"external_id": ""}]
)
def test_a_role_that_does_not_trust_the_sensor(
    caller: Caller, account: Account, wrong: dict[str, str]
) -> None:
    pushed(account)
    job = scan(caller, account, sensor_role(account, PULL, **wrong))
    assert (job["status"], job["errors"][0]["errorCode"]) == ("Error", "ASSUME_ROLE_FAILED")
    assert caller.get("/images").status_code == 204


@pytest.mark.parametrize(
    "missing", ["ecr:GetAuthorizationToken", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
)
def test_a_role_that_may_not_pull(caller: Caller, account: Account, missing: str) -> None:
    pushed(account)
    actions = [one for one in PULL["Statement"][0]["Action"] if one != missing]
    job = scan(caller, account, sensor_role(account, allow(*actions)))
    assert (job["status"], job["errors"][0]["errorCode"]) == ("Error", "IMAGE_PULL_FAILED")


def test_an_external_id_that_changes_locks_the_sensor_out(caller: Caller, account: Account) -> None:
    pushed(account)
    assert scan(caller, account, sensor_role(account))["status"] == "Finished"
    caller.control.scenario(external_id=1)
    assert caller.scan()["errors"][0]["errorCode"] == "ASSUME_ROLE_FAILED"


def test_tags_by_pattern_need_the_right_to_list(caller: Caller, account: Account) -> None:
    pushed(account)
    caller.control.scenario(tag_matching="regex")
    role = sensor_role(account)
    job = scan(caller, account, role)
    assert job["errors"][0]["errorCode"] == "LISTING_FAILED"
    actions = [*PULL["Statement"][0]["Action"], "ecr:ListImages"]
    account.client("iam").put_role_policy(
        RoleName="sensor", PolicyName="pull", PolicyDocument=json.dumps(allow(*actions))
    )
    assert caller.scan(r"1\..*")["status"] == "Finished"


def test_a_process_of_its_own_pulls_too(aws: Aws, account: Account) -> None:
    image = pushed(account)
    stated = {"scan_seconds": 0.0, "queue_seconds": 0.0, "listing_seconds": 0.0}
    with QualysProcess(CREDENTIALS, aws.endpoint, scenario=stated) as running:
        caller = Caller(running)
        caller.post("/registry", registry(account, sensor_role(account)))
        assert caller.scan()["status"] == "Finished"
        row = caller.get("/images").json()["data"][0]
        assert row["sha"] == image.config_digest.removeprefix("sha256:")
