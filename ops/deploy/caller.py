"""Finds the account of the AWS credentials, and the region."""

import os
from dataclasses import dataclass

import boto3

from ops.answers import answers
from ops.errors import OpsError


@dataclass(frozen=True)
class Caller:
    session: boto3.session.Session
    account_id: str
    partition: str
    region: str

    @classmethod
    def in_region(cls, region: str, profile: str | None = None) -> "Caller":
        """Reads the credentials of the environment or of a profile. Raises OpsError without
        credentials, region or network."""
        # Terraform reads AWS_REGION, which boto3 does not.
        region = region or os.environ.get("AWS_REGION", "")
        with answers():
            session = boto3.session.Session(region_name=region or None, profile_name=profile)
            if not session.region_name:
                raise OpsError("No region is given: set AWS_REGION.")
            identity = session.client("sts").get_caller_identity()
        return cls(session, identity["Account"], identity["Arn"].split(":")[1], session.region_name)
