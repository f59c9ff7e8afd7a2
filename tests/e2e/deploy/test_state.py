"""A shared state: found from every machine, moved to where it belongs, and of one installation
alone."""

import json
from pathlib import Path
from typing import Any

from sandbox.aws import ACCOUNT, Aws

from .conftest import DEPLOY, Project

BUCKET = "STATE_BUCKET=states"
# The embedded AWS has no host name per bucket.
PATH_STYLE: dict[str, Any] = {"TF_CLI_ARGS_init": "-backend-config=use_path_style=true"}
OLD_KEY = "qualys-image-scan/install.tfstate"
KEY = "qualys-image-scan/111111111111/us-east-1/installation.tfstate"
SPOKE_KEY = "qualys-image-scan/111111111111/ca-central-1/regional-spoke.tfstate"


def put_as_before(aws: Aws, file: Path) -> None:
    """Puts the state into the bucket as earlier versions left it: key and outputs were others."""
    state = json.loads(file.read_text())
    hub = state["outputs"]["hub"]
    this = {"value": {"hub": hub["value"]}, "type": ["object", {"hub": hub["type"]}]}
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="states")
    body = json.dumps(state | {"outputs": {"this": this}}).encode()
    s3.put_object(Bucket="states", Key=OLD_KEY, Body=body)


def keys(aws: Aws) -> list[str]:
    found = aws.client("s3").list_objects_v2(Bucket="states")["Contents"]
    return sorted(each["Key"] for each in found)


def test_an_old_state_moves_after_asking(project: Project, tmp_path: Path) -> None:
    aws = project.aws
    (folder,) = project.left()
    put_as_before(aws, folder / "terraform.tfstate")
    clone = project.clone(tmp_path / "clone")
    said = clone.make("plan", *DEPLOY, BUCKET, code=2, **PATH_STYLE)
    assert f"from s3://states/{OLD_KEY} to s3://states/{KEY}? Nobody can be asked here" in said
    assert keys(aws) == [OLD_KEY]
    said = clone.make("deploy", *DEPLOY, BUCKET, "AUTO_APPROVE=1", **PATH_STYLE)
    assert "Nothing to change." in said
    assert keys(aws) == [KEY]  # and the locks are gone


def test_a_bucket_is_all_that_another_machine_needs(project: Project, tmp_path: Path) -> None:
    aws = project.aws
    aws.client("s3").create_bucket(Bucket="states")
    said = project.make("deploy", BUCKET, "AUTO_APPROVE=1", **PATH_STYLE)
    assert "Nothing to change." in said
    clone = project.clone(tmp_path / "clone")
    said = clone.make("plan", BUCKET, **PATH_STYLE)
    assert "No changes." in said
    assert "from the last deployment: CREATE_ROLE=true QUALYS_POD=US2" in said
    region = ("REGION=ca-central-1", "AUTO_APPROVE=1")
    clone.make("deploy-region", *region, BUCKET, **PATH_STYLE)
    assert keys(aws) == [SPOKE_KEY, KEY]
    said = project.make("plan-region", region[0], **PATH_STYLE)
    assert "No changes." in said
    assert "from the last deployment: HUB_REGION=us-east-1" in said
    # Where it was deployed from, the bucket is known.
    project.make("destroy-region", *region, **PATH_STYLE)
    assert aws.client("events", ACCOUNT, "ca-central-1").list_rules()["Rules"] == []
    left = [*project.left(), *clone.left()]
    assert [file for folder in left for file in folder.glob("*.tfstate")] == []


def test_a_state_of_another_account_is_refused_by_name(empty: Project) -> None:
    """As it is in a bucket that was copied for another account."""
    of = {"account_id": "222222222222", "region": "us-east-1", "name_prefix": "qualys-image-scan"}
    outputs = {"deployment": {"value": of, "type": ["map", "string"]}}
    state = {"version": 4, "outputs": outputs, "resources": []}
    s3 = empty.aws.client("s3")
    s3.create_bucket(Bucket="copied")
    s3.put_object(Bucket="copied", Key=KEY, Body=json.dumps(state).encode())
    said = empty.make("plan", "STATE_BUCKET=copied", code=2, **PATH_STYLE)
    assert f"The state in s3://copied/{KEY} is of account 222222222222, region us-east-1" in said
