"""Whose AWS credentials these are, and which region is meant."""

import os
from dataclasses import dataclass

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from ops.errors import OpsError


@dataclass(frozen=True)
class Caller:
    session: boto3.session.Session
    account_id: str
    partition: str
    region: str

    @classmethod
    def in_region(cls, region: str) -> "Caller":
        """Raises OpsError without credentials or a region."""
        try:
            # Terraform reads AWS_REGION, which boto3 does not.
            region = region or os.environ.get("AWS_REGION", "")
            session = boto3.session.Session(region_name=region or None)
            if not session.region_name:
                raise OpsError("No region is given: set AWS_REGION.")
            identity = session.client("sts").get_caller_identity()
        except (BotoCoreError, ClientError) as error:
            raise OpsError(f"AWS does not take your credentials: {error}") from None
        return cls(session, identity["Account"], identity["Arn"].split(":")[1], session.region_name)
