"""A state that moves into S3."""

import shutil

from .conftest import INSTALL, Project

IN_S3 = ("STATE_BUCKET=states", "STATE_REGION=us-east-1", "AUTO_APPROVE=1")
# The embedded AWS has no host name per bucket.
PATH_STYLE = {"TF_CLI_ARGS_init": "-backend-config=use_path_style=true"}


def test_a_state_moves_into_s3_and_is_found_from_another_machine(project: Project) -> None:
    s3 = project.aws.client("s3")
    s3.create_bucket(Bucket="states")
    move = {"TF_CLI_ARGS_init": f"{PATH_STYLE['TF_CLI_ARGS_init']} -migrate-state -force-copy"}
    assert "Nothing to change." in project.make("deploy", *INSTALL, *IN_S3, **move)
    shutil.rmtree(project.left()[0])
    assert "Nothing to change." in project.make("deploy", *INSTALL, *IN_S3, **PATH_STYLE)
    said = project.make("plan-region", "REGION=ca-central-1", *IN_S3, **PATH_STYLE)
    assert "module.this.aws_cloudwatch_event_rule" in said
    assert "event-bus/qualys-image-scan-hub" in said, "which is the hub's, out of its state"
    assert project.aws.client("events", region="ca-central-1").list_rules()["Rules"] == []
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket="states")["Contents"]]
    assert keys == ["qualys-image-scan/install.tfstate"]  # and the locks are gone
    assert [file for folder in project.left() for file in folder.glob("*.tfstate")] == []
