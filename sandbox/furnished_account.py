"""What many an account has before an install: a trail, a key, and the functions' zip in a bucket.

They are inputs of the root module, and half of an apply is Terraform's waiting for the ones that it
makes itself.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from sandbox.aws import ACCOUNT, REGION, Aws

Json = dict[str, Any]
ARTIFACTS = "artifacts"
PACKAGE = "image_scan.zip"
# Who has to be let in by a key that is brought, as modules/encryption/README.md has it; no trail
# of the install uses this one.
_OWN = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
_GROUPS = {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:*"}
_USE = ["kms:Decrypt", "kms:GenerateDataKey*"]
_KEY_POLICY = [
    ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, ["kms:*"], {}),
    ({"Service": "cloudwatch.amazonaws.com"}, _USE, _OWN),
    ({"Service": "events.amazonaws.com"}, _USE, _OWN),
    (
        {"Service": f"logs.{REGION}.amazonaws.com"},
        [*_USE, "kms:DescribeKey", "kms:Encrypt", "kms:ReEncrypt*"],
        {"ArnLike": _GROUPS},
    ),
]


def furnish(aws: Aws, project: Path) -> Json:
    """Makes what there is not yet; returns the inputs that name them."""
    if not aws.client("cloudtrail").describe_trails()["trailList"]:
        make_trail(aws, ACCOUNT)
    return {
        "create_trail": False,
        "kms_key": {"arn": _make_key(aws)},
        "lambda_package": {"s3": _put_package(aws, project)},
    }


def make_trail(aws: Aws, account: str, **options: bool) -> None:
    """A trail of the account's own, which logs write management events."""
    cloudtrail, s3 = (aws.client(service, account) for service in ("cloudtrail", "s3"))
    s3.create_bucket(Bucket=f"trail-{account}")
    cloudtrail.create_trail(Name="management", S3BucketName=f"trail-{account}", **options)
    cloudtrail.start_logging(Name="management")


def _make_key(aws: Aws) -> str:
    statements = [
        {
            "Effect": "Allow",
            "Principal": principal,
            "Action": actions,
            "Resource": "*",
            "Condition": condition,
        }
        for principal, actions, condition in _KEY_POLICY
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    return str(aws.client("kms").create_key(Policy=policy)["KeyMetadata"]["Arn"])


def _put_package(aws: Aws, project: Path) -> Json:
    """What `make package` builds."""
    zip_file = project / "functions/dist" / PACKAGE
    build = [sys.executable, "package.py", "--output", str(zip_file)]
    subprocess.run(build, cwd=project / "functions", check=True, capture_output=True)
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=ARTIFACTS)
    s3.put_object(Bucket=ARTIFACTS, Key=PACKAGE, Body=zip_file.read_bytes())
    return {"bucket": ARTIFACTS, "key": PACKAGE}
