"""Where sources disagree on partitions and external ids: rows 14 and 15."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.builders import ACCOUNT, HOST
from tests.support.pipeline import REPOSITORY, Pipeline, ended, verdict

GOV_ROLE = f"arn:aws-us-gov:iam::{ACCOUNT}:role/qualys-registry"
GOV_HOST = f"{ACCOUNT}.dkr.ecr.us-gov-west-1.amazonaws.com"


@pytest.mark.parametrize(
    ("role", "host", "kind"),
    [
        (f"arn:aws:iam::{ACCOUNT}:role/qualys-registry", HOST, "Global"),
        (GOV_ROLE, GOV_HOST, "US_Gov"),
    ],
)
def test_row_14_the_account_type_is_that_of_the_role(
    pipeline: Pipeline, role: str, host: str, kind: str
) -> None:
    pipeline.configure(QUALYS_ROLE_ARN=role)
    pipeline.ecr.partition = role.split(":")[1]
    pipeline.push(host=host)
    assert verdict(pipeline.scan(f"{host}/{REPOSITORY}:1.4.2")) == "CLEAN"
    (connector,) = pipeline.wire.bodies("POST", "/registry/aws/connector")
    (registry,) = pipeline.wire.bodies("POST", "/registry")
    assert (connector["accountType"], registry["aws"]["accountType"]) == (kind, kind)
    assert connector["arn"] == registry["aws"]["arn"] == role


def test_row_14_the_external_id_of_govcloud_is_the_configured_one(pipeline: Pipeline) -> None:
    """aws-base gives that of the commercial partition, as far as anybody knows."""
    pipeline.configure(QUALYS_ROLE_ARN=GOV_ROLE, QUALYS_EXTERNAL_ID="4711004711")
    pipeline.ecr.partition = "aws-us-gov"
    pipeline.push(host=GOV_HOST)
    pipeline.wire.rewrites["/registry/aws-base"] = lambda body: {**body, "externalId": 9}
    assert verdict(pipeline.scan(f"{GOV_HOST}/{REPOSITORY}:1.4.2")) == "CLEAN"
    (connector,) = pipeline.wire.bodies("POST", "/registry/aws/connector")
    assert connector["externalId"] == "4711004711"


def test_row_14_a_partition_that_qualys_does_not_reach_is_said_so(pipeline: Pipeline) -> None:
    host = f"{ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn"
    pipeline.configure(QUALYS_ROLE_ARN=f"arn:aws-cn:iam::{ACCOUNT}:role/qualys-registry")
    pipeline.ecr.partition = "aws-cn"
    pipeline.push(host=host)
    run = pipeline.scan(f"{host}/{REPOSITORY}:1.4.2")
    assert ended(run) == ("UNSCANNABLE", "ImageNotScannable")
    assert pipeline.wire.bodies("POST", ".*") == []


@pytest.mark.parametrize("sent", [4711004711, "4711004711"])
def test_row_15_the_external_id_is_text_whatever_it_comes_as(
    pipeline: Pipeline, sent: int | str
) -> None:
    pipeline.wire.rewrites["/registry/aws-base"] = lambda body: {**body, "externalId": sent}
    assert ended(pipeline.scan()) == ("CLEAN", "")
    (connector,) = pipeline.wire.bodies("POST", "/registry/aws/connector")
    assert connector["externalId"] == "4711004711"


@pytest.mark.parametrize("sent", [None, "", 0, [], {"id": 1}, True])
def test_row_15_no_connector_without_an_external_id(pipeline: Pipeline, sent: Any) -> None:
    pipeline.wire.rewrites["/registry/aws-base"] = lambda body: {**body, "externalId": sent}
    assert ended(pipeline.scan()) == ("ERROR", "QualysUnreadable")
    assert pipeline.wire.bodies("POST", ".*") == []


def test_row_15_a_connector_gets_the_external_id_that_the_role_trusts(
    pipeline: Pipeline,
) -> None:
    pipeline.configure(QUALYS_EXTERNAL_ID="4711004711")
    pipeline.wire.rewrites["/registry/aws-base"] = lambda body: {**body, "externalId": 1234}
    assert ended(pipeline.scan()) == ("CLEAN", "")
    (connector,) = pipeline.wire.bodies("POST", "/registry/aws/connector")
    assert connector["externalId"] == "4711004711"
