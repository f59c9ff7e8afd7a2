"""A credential that dies, and one that replaces it, while the pipeline runs."""

import json
from collections.abc import Iterator

import pytest

from sandbox.installation import Installation

from .conftest import Workload

ROTATED = "canary-token-rotated-51be"


@pytest.fixture
def rotate(installation: Installation) -> Iterator[None]:
    """The subscription's token is another one; the functions' environments know the first."""
    qualys = installation.qualys.control
    qualys.grant_token(ROTATED)
    qualys.revoke_token(installation.token)
    yield
    qualys.grant_token(installation.token)
    qualys.revoke_token(ROTATED)
    store(installation, installation.token)


def store(installation: Installation, token: str) -> None:
    installation.client("secretsmanager").put_secret_value(
        SecretId=installation.outputs["qualys_secret_arn"],
        SecretString=json.dumps({"token": token}),
    )


def test_a_dead_credential_is_notified_once_and_no_image_is_lost(
    installation: Installation, workload: Workload, rotate: None
) -> None:
    images = [workload.pushed, *(workload.push(f"another {n}", tag=f"n{n}") for n in range(4))]
    workload.deploy_once(*(image.by_tag for image in images))
    assert len(workload.scans()) == 5
    (sent,) = installation.notifications()
    assert sent["verdict"] == "ERROR"
    assert sent["reason"].startswith("QualysUnauthorized: ")
    queued = installation.failed_events()
    assert {each["error"] for each in queued} == {"QualysUnauthorized"}
    assert len(queued) == 5
    verdicts = installation.verdicts()
    assert {verdicts[image.digest]["status"] for image in images} == {"ERROR"}

    # Nothing is deployed again: the same environments find the rotated secret.
    store(installation, ROTATED)
    states = installation.client("stepfunctions")
    for each in queued:
        states.start_execution(
            stateMachineArn=installation.outputs["intake_state_machine_arn"],
            input=json.dumps(each["body"]),
        )
    installation.wait_until_idle()
    verdicts = installation.verdicts()
    assert {verdicts[image.digest]["status"] for image in images} == {"CLEAN"}
    assert installation.failed_events() == []
