"""The identity of the Registry Sensor in the Qualys AWS account of an emulated AWS.

The emulator takes an account's number as the access key of that account's root. A real AWS does
not: this file is of use in the sandbox alone.
"""

import json
from typing import Any

import boto3

from sandbox import root_key
from sandbox.qualys.ecr import AwsCredentials

QUALYS_ACCOUNT = "900000000009"
_NAME = "qualys-registry-sensor"


def make_sensor_user(endpoint_url: str) -> AwsCredentials:
    """Creates the user, who may assume roles and nothing else, with a new key. Repeatable."""
    iam: Any = boto3.client(
        "iam",
        region_name="us-east-1",
        endpoint_url=endpoint_url,
        aws_access_key_id=QUALYS_ACCOUNT,
        aws_secret_access_key=root_key.SECRET,
    )
    try:
        iam.create_user(UserName=_NAME)
    except iam.exceptions.EntityAlreadyExistsException:
        for key in iam.list_access_keys(UserName=_NAME)["AccessKeyMetadata"]:
            iam.delete_access_key(UserName=_NAME, AccessKeyId=key["AccessKeyId"])
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
    iam.put_user_policy(
        UserName=_NAME,
        PolicyName="assume-connector-roles",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    key = iam.create_access_key(UserName=_NAME)["AccessKey"]
    return AwsCredentials(key["AccessKeyId"], key["SecretAccessKey"])
