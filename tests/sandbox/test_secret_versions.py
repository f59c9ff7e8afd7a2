"""Staging labels of secrets, which decide what a rotation leaves of an older version."""

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.account import Account


@pytest.mark.parametrize("labels", [["AWSCURRENT"], ["AWSCURRENT", "mine"]])
def test_only_a_labelled_version_outlives_two_rotations(
    account: Account, labels: list[str]
) -> None:
    secrets = account.client("secretsmanager")
    arn = secrets.create_secret(Name="s")["ARN"]
    version = secrets.put_secret_value(SecretId=arn, SecretString="1", VersionStages=labels)
    assert set(version["VersionStages"]) == set(labels)
    for value in "23":
        secrets.put_secret_value(SecretId=arn, SecretString=value)
    assert secrets.get_secret_value(SecretId=arn)["SecretString"] == "3"
    if "mine" in labels:
        old = secrets.get_secret_value(SecretId=arn, VersionStage="mine")
        assert (old["SecretString"], old["VersionStages"]) == ("1", ["mine"])
    else:
        with pytest.raises(ClientError, match="ResourceNotFound"):
            secrets.get_secret_value(SecretId=arn, VersionId=version["VersionId"])
