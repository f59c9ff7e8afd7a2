"""Finds the account of the AWS credentials, and the region."""

import os
from dataclasses import dataclass

import boto3
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, NoCredentialsError
from botocore.exceptions import ConnectionError as NoConnection

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
        try:
            # Terraform reads AWS_REGION, which boto3 does not.
            region = region or os.environ.get("AWS_REGION", "")
            session = boto3.session.Session(region_name=region or None, profile_name=profile)
            if not session.region_name:
                raise OpsError("No region is given: set AWS_REGION.")
            identity = session.client("sts").get_caller_identity()
        except NoCredentialsError:
            raise OpsError("No AWS credentials are found: set AWS_PROFILE or log in.") from None
        except (NoConnection, HTTPClientError) as error:
            raise OpsError(
                f"AWS cannot be reached: {error}. Check the network, and HTTPS_PROXY."
            ) from None
        except (BotoCoreError, ClientError) as error:
            raise OpsError(f"AWS does not take your credentials: {error}") from None
        return cls(session, identity["Account"], identity["Arn"].split(":")[1], session.region_name)
